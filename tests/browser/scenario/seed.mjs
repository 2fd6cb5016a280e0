// G4: two pages open an empty record at once; what the page shows is taken once, never doubled.
import { anna, becomes, equal, luca, synced } from '../browser.mjs'

const values = (page) =>
  page.evaluate(() => CollabSDK.instances[0].fields.map(({ id, elements: [field] }) => [id, field.type === 'checkbox' ? field.checked : (field.value ?? field.textContent)]))

export default async function (stage) {
  const pages = await Promise.all([stage.open(anna), stage.open(luca), stage.open({ user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' })])
  await Promise.all(pages.map((page) => synced(page)))
  const page = await stage.blank()
  await page.route('**/*.js', (route) => route.abort())
  stage.errors.length = 0
  const html = await pages[0].evaluate(async () => (await fetch(location.href)).text())
  const raw = await page.evaluate((text) => {
    const page = new DOMParser().parseFromString(text, 'text/html')
    return ['#nursing-notes', '#discharge-plan', '#obs-temperature'].map((field) => page.querySelector(field).getAttribute('value') ?? page.querySelector(field).textContent)
  }, html)
  for (const one of pages) {
    const shown = await one.evaluate(() => ['#nursing-notes', '#discharge-plan', '#obs-temperature'].map((field) => document.querySelector(field).value ?? document.querySelector(field).textContent))
    equal(shown, raw, 'what is shown')
    equal(await values(one), await values(pages[0]), 'every field')
  }
  await pages[1].locator('#obs-temperature').fill('38.0')
  await synced(pages[1])
  await becomes(() => pages[0].locator('#obs-temperature').inputValue(), '38.0', 'what the other typed')
}

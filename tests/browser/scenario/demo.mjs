// The demo: what a buyer sees in the split view, in both languages, wide and narrow, under the gateway's own policy and
// without a word in the console.
import { anna, becomes, equal, luca, picture } from '../browser.mjs'

const pane = (page, index) => page.frameLocator(`iframe >> nth=${index}`)
const state = (page, index) => page.locator('.state span').nth(index).innerText()
const newest = (page) => page.locator('#rows tr').first().innerText()

export const strict = true

export default async function (stage) {
  const page = await stage.blank()
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && stage.errors.push(message.text()))
  await page.goto(new URL('/demo/split', (await stage.open(anna)).url()).href)
  const [left, right] = [pane(page, 0), pane(page, 1)]
  const settled = async () => {
    for (const index of [0, 1]) await becomes(() => state(page, index), 'Synced — saved on the server', 'the state', 30_000)
  }
  await settled()
  await left.locator('#nursing-notes').click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(' Seen by two.', { delay: 20 })
  await becomes(async () => (await right.locator('#nursing-notes').inputValue()).endsWith(' Seen by two.'), true, 'the other pane')
  await becomes(async () => /typed in Nursing notes[\s\S]*ms then shown at \d+/.test(await newest(page)), true, 'the row of an edit')

  await page.locator('.lock').first().click()
  await becomes(() => right.locator('#nursing-notes').evaluate((field) => field.readOnly), true, 'the lock on the other side')
  await becomes(async () => /locked Nursing notes[\s\S]*fence \d+/.test(await newest(page)), true, 'the row of a lock')
  await right.locator('#discharge-plan').click()
  await picture(page, 'split')

  await page.locator('.away').last().click()
  await becomes(() => state(page, 1), 'Offline', 'the state')
  await right.locator('#obs-temperature').fill('37.9')
  await left.locator('#obs-temperature').fill('37.3')
  await becomes(async () => /^Offline, 1 change/.test(await state(page, 1)), true, 'the state with text that waits')
  await picture(page, 'split-offline')
  await page.locator('.away').last().click()
  // Two measured values are not merged: who was away chooses.
  await right.locator('corsia-fields .cv .op').first().waitFor()
  equal(await right.locator('corsia-fields .cv .v').allInnerTexts(), ['37.9', '37.3'], 'the two values')
  equal(await left.locator('#obs-temperature').inputValue(), '37.3', 'the value of who was there')
  await picture(page, 'split-two-values')
  await right.locator('corsia-fields .cv .op button').first().click()
  await settled()
  await becomes(() => left.locator('#obs-temperature').inputValue(), '37.9', 'the value that was chosen')

  await page.locator('#change-button').click()
  await settled()
  equal(await left.locator('[name=levofloxacin-dose]').inputValue(), '500 mg', 'a change in the EMR overwrites nothing')
  await page.goto(`${page.url()}?lang=it`)
  await becomes(() => state(page, 0), 'Sincronizzato — salvato sul server', 'the state in Italian', 30_000)
  await becomes(() => state(page, 1), 'Sincronizzato — salvato sul server', 'the state in Italian', 30_000)
  await picture(page, 'split-italian')
  await page.setViewportSize({ width: 390, height: 844 })
  equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, 'the width of a small screen')
  await picture(page, 'split-small')
  const ward = await stage.open(luca, { size: { width: 390, height: 844 } })
  await picture(ward, 'small')
}

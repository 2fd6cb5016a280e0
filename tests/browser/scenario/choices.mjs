// Selects, boxes and radio buttons are entries of the map `values`; the last choice wins on every page.
import { anna, becomes, luca, synced } from '../browser.mjs'

export default async function (stage) {
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  await a.locator('#problem-main').selectOption({ index: 2 })
  await becomes(() => b.locator('#problem-main').inputValue(), 'I50.0 Congestive heart failure', 'a select')
  await b.locator('[name=ramipril-given-0800]').uncheck()
  await becomes(() => a.locator('[name=ramipril-given-0800]').isChecked(), false, 'a box unticked')
  await b.locator('[name=enoxaparin-as-needed]').check()
  await becomes(() => a.locator('[name=enoxaparin-as-needed]').isChecked(), true, 'a box ticked')
  for (const page of [a, b]) {
    await page.evaluate(() => {
      const group = document.createElement('fieldset')
      group.innerHTML = '<legend>Diet</legend>' + ['normal', 'soft', 'none'].map((diet) => `<input type="radio" name="diet" value="${diet}">`).join('') +
        '<select name="risks" multiple><option>falls<option>pressure<option>delirium</select>'
      document.querySelector('main').append(group)
    })
  }
  await a.locator('[name=diet][value=soft]').check()
  await becomes(() => b.locator('[name=diet]:checked').getAttribute('value').catch(() => ''), 'soft', 'a radio button')
  await b.locator('[name=diet][value=none]').check()
  await becomes(() => a.locator('[name=diet]:checked').getAttribute('value'), 'none', 'another radio button')
  await a.locator('[name=risks]').selectOption(['falls', 'delirium'])
  await becomes(() => b.locator('[name=risks]').evaluate((list) => [...list.selectedOptions].map((option) => option.value).join()), 'falls,delirium', 'a list of several')

  // A frame of the same origin belongs to the page.
  for (const page of [a, b]) {
    await page.evaluate(() => document.querySelector('main').append(Object.assign(document.createElement('iframe'), { srcdoc: '<input id="inside">' })))
  }
  await becomes(() => b.evaluate(() => CollabSDK.instances[0].fields.some(({ id }) => id.startsWith('id-inside'))), true, 'a field in a frame')
  await becomes(() => a.evaluate(() => CollabSDK.instances[0].fields.some(({ id }) => id.startsWith('id-inside'))), true, 'a field in a frame')
  await a.frameLocator('iframe').locator('#inside').fill('framed')
  await becomes(() => b.frameLocator('iframe').locator('#inside').inputValue(), 'framed', 'text in a frame')
  await becomes(() => b.frameLocator('iframe').locator('corsia-fields .ring').count(), 1, 'the ring in a frame')
  await Promise.all([synced(a), synced(b)])
}

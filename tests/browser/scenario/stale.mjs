// G4: pages that are older or newer than the record. Old ones take the document; a changed one lets the user choose.
import { anna, becomes, equal, luca, origin, synced, typeAtEnd } from '../browser.mjs'

const value = (page, field) => page.locator(field).inputValue()
const conflicts = (page) => page.evaluate(() => CollabSDK.instances[0].fields.flatMap(({ id, conflict }) => conflict ? [[id, conflict.mine, conflict.theirs]] : []))
const choose = (page, id, which) => page.evaluate(([id, which]) => CollabSDK.instances[0].choose(id, which), [id, which])

/** Opens the ward page as an EMR would give it that had other values meanwhile, or gives some a little late. */
async function openChanged(stage, person, change, late = '') {
  const page = await stage.blank()
  await page.route(`${origin}/demo/**`, async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: change(await response.text()).replace('</body>', `<script>setTimeout(() => { ${late} }, 400)</script></body>`) })
  })
  await page.goto(`${origin}/demo/?${new URLSearchParams({ ...person, locking: 'off' })}`)
  await synced(page)
  return page
}

export default async function (stage) {
  const a = await stage.open(anna)
  equal(await value(a, '#obs-temperature'), '37.4', 'the temperature')
  await a.locator('#obs-temperature').fill('38.0')
  await typeAtEnd(a, '#nursing-notes', ' Slept well.')
  await synced(a)
  const notes = await value(a, '#nursing-notes')

  const b = await openChanged(stage, luca, (html) => html.replace('id="obs-pulse" aria-label="Pulse" value="88"', 'id="obs-pulse" aria-label="Pulse" value="120"'))
  await becomes(() => value(b, '#obs-temperature'), '38.0', 'what is only old takes the document')
  await becomes(() => value(b, '#nursing-notes'), notes, 'the notes')
  await becomes(async () => JSON.stringify(await conflicts(b)), JSON.stringify([['id-obs-pulse', '120', '88']]), 'the conflict')
  await a.locator('#obs-pulse').fill('90')
  await b.locator('#obs-pulse').fill('121')
  await becomes(async () => JSON.stringify(await conflicts(b)), JSON.stringify([['id-obs-pulse', '121', '90']]), 'both values, as they are now')
  await b.waitForTimeout(300)
  equal([await value(a, '#obs-pulse'), await value(b, '#obs-pulse')], ['90', '121'], 'nothing is overwritten by itself')
  await b.locator('#obs-pulse').evaluate((field) => field.blur())
  await choose(b, 'id-obs-pulse', 'mine')
  await becomes(() => value(a, '#obs-pulse'), '121', 'the value that was chosen')
  await a.locator('#obs-pulse').fill('122')
  await becomes(() => value(b, '#obs-pulse'), '122', 'the field is bound')

  // A framework that fetches its values renders them late: the same rules hold.
  const empty = (html) => html.replaceAll(/(id="obs-[a-z]+"[^>]*?) value="[^"]*"/g, '$1')
  const c = await openChanged(stage, { user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' }, empty,
    `document.querySelector('#obs-temperature').value = '37.4'; document.querySelector('#obs-pulse').value = '99'`)
  await c.waitForTimeout(1000)
  await a.locator('#obs-temperature').fill('38.2')
  await becomes(() => value(c, '#obs-temperature'), '38.2', 'what is rendered late and only old')
  await c.locator('#obs-pulse').focus()
  await becomes(async () => JSON.stringify((await conflicts(c)).find(([id]) => id === 'id-obs-pulse')), JSON.stringify(['id-obs-pulse', '99', '122']), 'what is rendered late and new')
  await choose(c, 'id-obs-pulse', 'theirs')
  await becomes(() => value(c, '#obs-pulse'), '122', 'the record')
  equal(await value(a, '#obs-pulse'), '122', 'the record on the other page')

  // What was judged once, either way, nobody is asked about again.
  const sara = { user: 'usr_004', name: 'Sara Neri', role: 'nurse' }
  for (const judged of ['99', '120']) {
    const d = await openChanged(stage, sara, (html) => html.replace('value="88"', `value="${judged}"`))
    await becomes(() => value(d, '#obs-pulse'), '122', `what was judged: ${judged}`)
    equal(await conflicts(d), [], 'nobody is asked')
    await d.close()
  }

  // A page that saves what it shows into its own system, and comes back with it, is only old.
  const withForm = (html) => html.replace('id="obs-pulse"', 'form="emr" id="obs-pulse"').replace('</body>', '<form id="emr" method="post" action="/demo/saved"></form></body>')
  const e = await openChanged(stage, sara, withForm)
  await becomes(() => value(e, '#obs-pulse'), '122', 'the record in the form')
  await e.route(`${origin}/demo/saved`, (route) => route.fulfill({ status: 204 })) // the page stays
  await Promise.all([e.waitForRequest(`${origin}/demo/saved`), e.locator('#emr').evaluate((form) => form.requestSubmit())])
  await a.locator('#obs-pulse').fill('130')
  await becomes(() => value(e, '#obs-pulse'), '130', 'the record after the page was saved')
  await e.close()
  const f = await openChanged(stage, sara, (html) => html.replace('value="88"', 'value="122"'))
  await becomes(() => value(f, '#obs-pulse'), '130', 'what the page had saved')
  equal(await conflicts(f), [], 'nobody is asked about what was saved')
}

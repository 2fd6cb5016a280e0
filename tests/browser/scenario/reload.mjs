// G3, G4: after a reload the text is there, and every field has the same id.
import { anna, becomes, equal, luca, synced, typeAtEnd } from '../browser.mjs'

const ids = (page) => page.evaluate(() => CollabSDK.instances[0].fields.map((field) => field.id).sort())

export default async function (stage) {
  const a = await stage.open(anna)
  await typeAtEnd(a, '#nursing-notes', ' Kept.')
  await a.locator('#isolation').selectOption('Contact')
  await synced(a)
  const before = await ids(a)
  equal(before.length, 39, 'fields')
  await a.reload()
  await synced(a)
  equal(await ids(a), before, 'the ids')
  equal((await a.locator('#nursing-notes').inputValue()).endsWith(' Kept.'), true, 'the text')
  equal(await a.locator('#isolation').inputValue(), 'Contact', 'the choice')
  const b = await stage.open(luca)
  await becomes(() => b.locator('#isolation').inputValue(), 'Contact', 'the choice on a new page')
}

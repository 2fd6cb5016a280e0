// D2c, L6: text that the server refuses is kept as a draft, the field shows the server's, everything else goes on.
import { anna, becomes, equal, luca, picture, synced, typeAtEnd } from '../browser.mjs'

export default async function (stage) {
  const notes = '#nursing-notes'
  const a = await stage.open(anna, { locking: 'manual' })
  const b = await stage.open(luca, { locking: 'manual' })
  const before = await a.locator(notes).inputValue()
  await b.evaluate(() => dispatchEvent(new Event('offline')))
  await typeAtEnd(b, notes, ' written offline')
  await b.locator('#obs-pulse').fill('77')
  equal((await a.evaluate(() => CollabSDK.instances[0].lock('id-nursing-notes'))).ok, true, 'the lock')
  await b.evaluate(() => dispatchEvent(new Event('online')))
  await becomes(() => b.locator('corsia-fields .strip:visible').count(), 1, 'the draft')
  await becomes(() => b.locator(notes).inputValue(), before, 'the field of the refused')
  await becomes(() => a.locator('#obs-pulse').inputValue(), '77', 'what was not locked')
  equal(await a.locator(notes).inputValue(), before, 'the field of the holder')
  await picture(b, 'draft')
  await b.locator('corsia-fields .strip button').first().click()
  equal(await b.evaluate(() => navigator.clipboard.readText()), `${before} written offline`, 'the copied draft')
  await b.locator('corsia-fields .strip button').last().click()
  equal(await b.locator('corsia-fields .strip:visible').count(), 1, 'the draft after one press: it is the only copy')
  await b.locator('corsia-fields .strip button').last().click()
  await becomes(() => b.locator('corsia-fields .strip:visible').count(), 0, 'the draft after it was dismissed')
  await a.evaluate(() => CollabSDK.instances[0].unlock('id-nursing-notes'))
  await becomes(() => b.locator(notes).evaluate((field) => field.readOnly), false, 'the field after the lock')
  await typeAtEnd(b, notes, ' again')
  await becomes(() => a.locator(notes).inputValue(), `${before} again`, 'typing after the rebuilding')
  await Promise.all([synced(a), synced(b)])
}

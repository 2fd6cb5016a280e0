// G7: unsent text is given back before anything is removed; another user neither sees nor sends it.
import { anna, becomes, equal, gateway, luca, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const logout = (page, options) => page.evaluate((options) => CollabSDK.instances[0].logout(options), options)
const records = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('corsia')
  opening.onerror = () => reject(opening.error)
  opening.onsuccess = () => {
    const reading = opening.result.transaction('records').objectStore('records').getAllKeys()
    reading.onsuccess = () => {
      opening.result.close()
      resolve(reading.result.map(([, , user, , , kind]) => `${user} ${kind}`).sort().join())
    }
  }
}))

export default async function (stage) {
  for (const person of [anna, luca]) await stage.keep(person)
  const a = await stage.open(anna)
  const before = await a.locator(notes).inputValue()
  await a.waitForTimeout(2500)
  await gateway('kill')
  await typeAtEnd(a, notes, ' not sent')
  await becomes(async () => (await status(a)).save, 'here', 'the save state')
  const answer = await logout(a)
  equal([answer.sent, answer.unsent.map(({ resourceId, field, text }) => [resourceId, field, text])], [false, [['page:/patient/12345', 'id-nursing-notes', `${before} not sent`]]], 'what is given back')
  equal(await records(a), 'usr_001 known,usr_001 own', 'what is kept after a logout that was not confirmed')
  await a.close()

  const b = await stage.open(luca, { wait: false })
  await becomes(async () => (await status(b)).connection, 'offline', 'the connection of the other user')
  equal([await b.locator(notes).inputValue(), (await status(b)).waiting], [before, 0], 'what the other user sees')
  await gateway('start')
  await synced(b, 60_000)
  equal(await b.locator(notes).inputValue(), before, 'what the other user sees online')
  await b.waitForTimeout(2500)
  equal(await logout(b), { sent: true }, 'the logout of a user who has sent everything')
  await becomes(() => records(b), 'usr_001 known,usr_001 own', 'what is kept after it')
  equal(await b.evaluate(() => CollabSDK.instances.length), 0, 'widgets after the logout')

  const again = await stage.open(anna)
  await becomes(() => again.locator(notes).inputValue(), `${before} not sent`, 'the text of the first user, sent now')
  await gateway('kill')
  await typeAtEnd(again, notes, ' thrown away')
  await becomes(async () => (await status(again)).save, 'here', 'the save state')
  equal((await logout(again, { discard: true })).unsent[0].text, `${before} not sent thrown away`, 'what is given back at the end')
  await becomes(() => records(again), '', 'what is kept at the end')
  equal(stage.onDisk('thrown away'), [], 'files that have the text')
}

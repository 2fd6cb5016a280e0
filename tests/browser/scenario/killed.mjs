// G7, D7: the browser is killed with unsent text, twice; what was "here" is sent by the next, once.
import { anna, becomes, equal, gateway, luca, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'

export default async function (stage) {
  await stage.keep(anna)
  const first = await stage.open(anna)
  const before = await first.locator(notes).inputValue()
  await gateway('kill')
  await typeAtEnd(first, notes, ' typed before the kill')
  await becomes(async () => (await status(first)).save, 'here', 'the save state')
  await stage.kill()

  const second = await stage.open(anna, { wait: false })
  await becomes(() => second.locator(notes).inputValue(), `${before} typed before the kill`, 'the text after the kill')
  await gateway('start')
  await synced(second, 60_000)
  await typeAtEnd(second, notes, ', and after')
  await synced(second)
  await stage.kill()

  const [third, other] = [await stage.open(anna), await stage.open(luca)]
  for (const page of [third, other]) {
    await becomes(() => page.locator(notes).inputValue(), `${before} typed before the kill, and after`, 'the text, once')
  }
  equal((await status(third)).waiting, 0, 'what waits')
}

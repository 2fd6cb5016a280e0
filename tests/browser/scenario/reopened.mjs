// G6, G7: the gateway is away, the tab is closed and opened again, twice; the text is there, and nowhere readable on the disk.
import { anna, becomes, equal, gateway, luca, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const marker = ' Zanzibar-4711'

export default async function (stage) {
  await stage.keep(anna)
  const first = await stage.open(anna)
  await typeAtEnd(first, notes, ' saved')
  await synced(first)
  const saved = await first.locator(notes).inputValue()
  await first.waitForTimeout(2500) // what the server has is written with delay
  await gateway('kill')
  await typeAtEnd(first, notes, marker)
  await becomes(async () => (await status(first)).save, 'here', 'the save state offline')
  let asked = false
  first.on('dialog', (dialog) => { asked = true; void dialog.accept() })
  await first.close({ runBeforeUnload: true })
  await becomes(() => first.isClosed(), true, 'the page closes')
  equal(asked, false, 'text that is here needs no warning')

  const second = await stage.open(anna, { wait: false })
  await becomes(() => second.locator(notes).inputValue(), saved + marker, 'the text in the page that was opened again')
  await becomes(async () => (await status(second)).connection, 'offline', 'the connection')
  await becomes(async () => (await status(second)).save, 'here', 'the save state')
  await typeAtEnd(second, notes, ' and on')
  await becomes(async () => (await status(second)).save, 'here', 'the save state after typing on')
  await second.close()
  equal(stage.onDisk('Zanzibar'), [], 'files that have the text')

  await gateway('start')
  const third = await stage.open(anna)
  await becomes(() => third.locator(notes).inputValue(), `${saved}${marker} and on`, 'the text after the gateway is back')
  await synced(third)
  const other = await stage.open(luca)
  await becomes(() => other.locator(notes).inputValue(), `${saved}${marker} and on`, 'the text for the others')
  equal(stage.onDisk('Zanzibar'), [], 'files that have the text')
}

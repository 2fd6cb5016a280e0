// G6: the browser has no room. That is told, the text stays "unsaved", leaving asks first, and the text gets there in the end.
import { anna, becomes, equal, gateway, origin, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'

export default async function (stage) {
  const tools = await stage.devTools(await stage.blank())
  await tools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 })
  const page = await stage.open(anna)
  await gateway('kill')
  await typeAtEnd(page, notes, ' no room for this')
  await becomes(async () => (await status(page)).store, 'STORE_FULL', 'what the page is told')
  const full = await status(page)
  equal([full.save, full.waiting > 0, full.connection], ['unsaved', true, 'offline'], 'the status without room')
  let asked = 0
  page.on('dialog', (dialog) => { asked++; void dialog.dismiss() })
  await page.close({ runBeforeUnload: true })
  await becomes(() => asked, 1, 'leaving asks first')
  equal(page.isClosed(), false, 'the page is still there')

  await tools.send('Storage.overrideQuotaForOrigin', { origin })
  await becomes(async () => (await status(page)).save, 'here', 'the save state with room again', 60_000)
  equal((await status(page)).store, undefined, 'what is wrong with the store then')
  await gateway('start')
  await synced(page, 60_000)
  equal((await page.locator(notes).inputValue()).endsWith(' no room for this'), true, 'the text')
}

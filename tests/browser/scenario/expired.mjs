// A5, G7: the token ends while the gateway cannot be reached. With getToken the page goes on; without, it says so and keeps
// the text for the next page.
import { anna, becomes, equal, gateway, status, synced, token, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'

export default async function (stage) {
  const [short, long] = [await token(anna.user, '12s'), await token(anna.user, '1h')]
  const path = '/demo/'
  await stage.keep(anna, { path, token: `getToken: () => (globalThis.calls = (globalThis.calls ?? 0) + 1) > 1 ? "${long}" : "${short}"` })
  const renewed = await stage.open(anna)
  const before = await renewed.locator(notes).inputValue()
  await gateway('kill')
  await typeAtEnd(renewed, notes, ' with a new token')
  await becomes(async () => (await status(renewed)).save, 'here', 'the save state')
  await renewed.waitForTimeout(12_000)
  await gateway('start')
  await synced(renewed, 60_000)
  equal(await renewed.locator(notes).inputValue(), `${before} with a new token`, 'the text')
  await renewed.close()

  await stage.keep(anna, { path, token: `token: "${await token(anna.user, '12s')}"` })
  const fixed = await stage.open(anna)
  await gateway('kill')
  await typeAtEnd(fixed, notes, ', with an old one')
  await becomes(async () => (await status(fixed)).save, 'here', 'the save state')
  await fixed.waitForTimeout(12_000)
  await gateway('start')
  await becomes(async () => (await status(fixed)).connection, 'refused', 'the connection', 60_000)
  const { save, reason, waiting } = await status(fixed)
  equal([save, reason, waiting > 0], ['here', 'expired', true], 'the status with a token that has ended')
  await fixed.close()

  await stage.keep(anna, { path, token: `token: "${long}"` })
  const next = await stage.open(anna)
  await becomes(() => next.locator(notes).inputValue(), `${before} with a new token, with an old one`, 'the text, sent by the next page')
  await synced(next)
}

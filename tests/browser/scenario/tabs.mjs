// G7, D7: two tabs of one user write offline; one dies, and the other sends what it left; a duplicate steals no session.
import { anna, becomes, equal, luca, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'

export default async function (stage) {
  const [one, two] = [await stage.open(anna), await stage.open(anna)]
  const before = await one.locator(notes).inputValue()
  for (const page of [one, two]) await page.evaluate(() => dispatchEvent(new Event('offline')))
  await typeAtEnd(one, notes, ' by the first tab')
  await two.locator('#obs-pulse').fill('73')
  for (const page of [one, two]) await becomes(async () => (await status(page)).save, 'here', 'the save state')
  await two.evaluate(() => dispatchEvent(new Event('online')))
  await synced(two)
  equal(await two.locator(notes).inputValue(), before, 'a tab that lives keeps its own')
  const crash = await stage.devTools(one)
  void crash.send('Page.crash').catch(() => undefined) // nobody is left to answer
  await two.waitForTimeout(500)
  await two.evaluate(() => dispatchEvent(new Event('offline')))
  await two.evaluate(() => dispatchEvent(new Event('online')))
  await becomes(() => two.locator(notes).inputValue(), `${before} by the first tab`, 'what the dead tab left')
  await synced(two)
  const other = await stage.open(luca)
  equal([await other.locator(notes).inputValue(), await other.locator('#obs-pulse').inputValue()], [`${before} by the first tab`, '73'], 'what others see')
  const next = await stage.open(anna)
  equal(await next.locator(notes).inputValue(), `${before} by the first tab`, 'the next page of the user')
  equal((await status(next)).waiting, 0, 'what waits there')

  const sessions = await Promise.all([two, next].map((page) => page.evaluate(() => Object.values(sessionStorage).map((text) => JSON.parse(text).sessionId).join())))
  equal(sessions[0] !== '' && sessions[0] !== sessions[1], true, `each tab has a session of its own: ${sessions}`)
}

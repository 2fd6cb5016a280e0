// G6, G7: both sides write for a long time without hearing of each other; afterwards everybody has everything, once.
import { anna, becomes, equal, luca, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const words = (name, from, to) => Array.from({ length: to - from }, (_, index) => ` ${name}${from + index}`)

export default async function (stage) {
  const [a, b] = [await stage.open(anna), await stage.open(luca)]
  const before = await a.locator(notes).inputValue()
  for (const page of [a, b]) await page.evaluate(() => dispatchEvent(new Event('offline')))
  await becomes(async () => (await status(a)).connection, 'offline', 'the connection')
  await typeAtEnd(a, notes, words('anna', 0, 60).join(''), 0)
  await typeAtEnd(b, notes, words('luca', 0, 60).join(''), 0)
  await a.locator('#obs-pulse').fill('91')
  await b.locator('#obs-spo2').fill('97')
  for (const [page, what] of [[a, 'a'], [b, 'b']]) await becomes(async () => (await status(page)).save, 'here', `the save state of ${what}`)
  equal((await status(a)).waiting > 0, true, 'what waits')
  for (const page of [a, b]) await page.evaluate(() => dispatchEvent(new Event('online')))
  await Promise.all([synced(a), synced(b)])
  await becomes(async () => (await a.locator(notes).inputValue()) === (await b.locator(notes).inputValue()), true, 'both have the same')
  const text = await a.locator(notes).inputValue()
  equal(text.length, before.length + [...words('anna', 0, 60), ...words('luca', 0, 60)].join('').length, 'nothing is lost or doubled')
  for (const name of ['anna', 'luca']) equal(text.includes(words(name, 0, 60).join('')), true, `the words of ${name} are one piece`)
  equal([await b.locator('#obs-pulse').inputValue(), await a.locator('#obs-spo2').inputValue()], ['91', '97'], 'other fields')
}

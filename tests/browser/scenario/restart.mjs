// F5, G6, G7: the gateway is killed while both type; nothing is lost, and the status never says more than is true.
import { anna, becomes, equal, gateway, luca, picture, status, synced, typeAtEnd } from '../browser.mjs'

export default async function (stage) {
  const notes = '#nursing-notes'
  const plan = '#discharge-plan'
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  const typing = Promise.all([typeAtEnd(a, notes, ' one two three four five six seven eight nine ten', 40), typeAtEnd(b, plan, ' uno due tre quattro cinque sei sette otto nove dieci', 40)])
  await a.waitForTimeout(500)
  await gateway('kill')
  await typing
  await becomes(async () => (await status(a)).connection, 'offline', 'the connection while the gateway is down')
  const down = await status(a)
  equal(down.waiting > 0 && down.save !== 'server', true, `the save state while the gateway is down: ${JSON.stringify(down)}`)
  equal(await a.locator('corsia-fields .offline').count() > 0, true, 'dashed rings')
  await picture(a, 'restart-down')
  await gateway('start')
  await Promise.all([synced(a, 60_000), synced(b, 60_000)])
  const [text, words] = [await a.locator(notes).inputValue(), await b.locator(plan).innerText()]
  equal(text.endsWith(' one two three four five six seven eight nine ten'), true, `the notes: ${text}`)
  equal(words.endsWith(' uno due tre quattro cinque sei sette otto nove dieci'), true, `the plan: ${words}`)
  await becomes(() => b.locator(notes).inputValue(), text, 'the notes on the other page')
  await becomes(() => a.locator(plan).innerText(), words, 'the plan on the other page')
  const third = await stage.open({ user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' })
  equal([await third.locator(notes).inputValue(), await third.locator(plan).innerText()], [text, words], 'somebody who comes later')
  await typeAtEnd(a, notes, ' and on')
  await becomes(async () => (await b.locator(notes).inputValue()).endsWith(' and on'), true, 'typing goes on')
  await picture(a, 'restart-up')
}

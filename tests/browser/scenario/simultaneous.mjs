// D7, G4: two people write at the same place at the same time; nothing is lost and both see the same.
import { anna, becomes, equal, luca, synced, typeAtEnd } from '../browser.mjs'

export default async function (stage) {
  const notes = '#nursing-notes'
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  const before = await a.locator(notes).inputValue()
  const mine = 'a'.repeat(60)
  const theirs = 'b'.repeat(60)
  await Promise.all([typeAtEnd(a, notes, mine, 8), typeAtEnd(b, notes, theirs, 8)])
  await Promise.all([synced(a), synced(b)])
  const text = await a.locator(notes).inputValue()
  await becomes(() => b.locator(notes).inputValue(), text, 'both pages')
  equal(text.slice(0, before.length), before, 'what was there')
  const added = text.slice(before.length)
  equal([...added].filter((letter) => letter === 'a').length, 60, 'letters of the one')
  equal([...added].filter((letter) => letter === 'b').length, 60, 'letters of the other')
  const third = await stage.open({ user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' })
  equal(await third.locator(notes).inputValue(), text, 'somebody who comes later')
}

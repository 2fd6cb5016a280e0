// L1 to L4, G5: the focus takes the lock; the other side sees the holder's name and can't write.
import { anna, becomes, equal, luca, picture } from '../browser.mjs'

export default async function (stage) {
  const notes = '#nursing-notes'
  const a = await stage.open(anna, { locking: 'focus' })
  const b = await stage.open(luca, { locking: 'focus' })
  await a.locator(notes).focus()
  const tag = b.locator('corsia-fields .tg.other')
  await becomes(() => tag.count(), 1, 'the badge of the other')
  equal(await tag.innerText(), '🔒\nGiulia Conti', 'the holder')
  equal(await b.locator(notes).evaluate((field) => [field.readOnly, field.disabled, field.getAttribute('aria-readonly')]), [true, false, 'true'], 'the field of the other')
  equal(await b.locator(notes).evaluate((field) => getComputedStyle(field).cursor), 'not-allowed', 'the cursor')
  const described = await b.locator(notes).evaluate((field) => document.getElementById(field.getAttribute('aria-describedby'))?.textContent ?? '')
  equal(described.startsWith('Locked by Giulia Conti'), true, 'the description')
  const before = await b.locator(notes).inputValue()
  await b.locator(notes).focus()
  await b.keyboard.type('never')
  equal(await b.locator(notes).inputValue(), before, 'the text after typing against a lock')
  await becomes(() => a.locator('corsia-fields .tg.own').count(), 1, 'the own badge')
  await a.keyboard.type('x')
  await becomes(async () => (await b.locator(notes).inputValue()).includes('x'), true, 'typing under the own lock')

  await b.locator('[name=metformin-as-needed]').focus()
  await becomes(() => a.locator('[name=metformin-as-needed]').getAttribute('aria-readonly'), 'true', 'a locked box')
  await a.locator('[name=metformin-as-needed]').click({ force: true })
  equal(await a.locator('[name=metformin-as-needed]').isChecked(), false, 'a click on a locked box')
  await a.locator(notes).focus()
  await becomes(() => b.locator(notes).evaluate((field) => field.readOnly), true, 'the lock again')
  await picture(b, 'lock-other')
  await picture(a, 'lock-own')
  await a.locator('#obs-pulse').focus()
  await becomes(() => b.locator(notes).evaluate((field) => field.readOnly), false, 'the field after the lock')
  equal(await b.locator(notes).getAttribute('aria-readonly'), null, 'no trace on the page')
}

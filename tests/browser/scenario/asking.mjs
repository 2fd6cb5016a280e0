// L7, G5: asking for a field, handing it over, keeping it, breaking its lock. Nobody's typing ends up in a dialog.
import { anna, becomes, equal, luca, picture, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const surgeon = { ...luca, permissions: '[{"resource":"*","mode":"editor"},"break_glass"]' }
const inPanel = (page, selector) => page.locator(`corsia-panel ${selector}`)
const focus = (page) => page.evaluate(() => {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return at?.id || at?.textContent
})
const readOnly = (page) => page.locator(notes).evaluate((field) => field.readOnly)

/** Asks from the lock's tag, with a message. */
async function ask(page, message) {
  await page.locator('corsia-fields button.tg.other').first().click()
  await becomes(() => inPanel(page, 'dialog').count(), 1, 'the dialog that asks')
  await page.keyboard.type(message)
}

export default async function (stage) {
  const a = await stage.open(anna, { locking: 'focus' })
  const b = await stage.open(surgeon, { locking: 'focus' })
  await a.locator(notes).focus()
  await becomes(() => readOnly(b), true, 'the field of the other')

  // Asked while she types: a notice, and the focus stays in her text.
  await b.locator(notes).focus()
  await ask(b, 'I need to add the family meeting.')
  await picture(b, 'ask')
  await a.bringToFront()
  await typeAtEnd(a, notes, ' Typing')
  await b.keyboard.press('Enter')
  await becomes(() => inPanel(a, '.nt').count(), 1, 'the notice at the holder')
  equal(await focus(a), 'nursing-notes', 'the focus of who types')
  await a.keyboard.type(' on')
  equal((await a.locator(notes).inputValue()).endsWith(' Typing on'), true, 'the text of who types')
  await picture(a, 'request-notice')
  equal(await inPanel(a, '.nt p').first().innerText(), 'Nursing notes: “I need to add the family meeting.”', 'the message')
  await becomes(() => b.locator('corsia-fields .tg.other').innerText(), '🔒\nGiulia Conti, asked', 'the tag of who asked')
  await inPanel(a, '.nt button').first().click()
  await becomes(() => inPanel(b, '.nt b').innerText(), 'Giulia Conti keeps Nursing notes', 'the answer')
  equal(await readOnly(b), true, 'the field that was kept')
  await picture(b, 'declined')
  await inPanel(b, '.nt button').last().click()

  // Asked while she rests: a dialog with the focus on the harmless button, and her lock stays.
  await b.waitForTimeout(5_200) // the gateway takes one request in 5 s
  await ask(b, 'Now, please')
  await b.keyboard.press('Enter')
  await becomes(() => inPanel(a, 'dialog').count(), 1, 'the dialog at the holder')
  await a.bringToFront()
  equal(await focus(a), 'Keep editing', 'the focus in the dialog')
  equal(await readOnly(b), true, 'the lock during the dialog')
  await picture(a, 'request-dialog')
  await a.keyboard.press('Tab')
  equal(await focus(a), 'Hand over', 'the next button')
  await a.keyboard.press('Tab')
  await a.keyboard.press('Escape')
  await becomes(() => inPanel(a, 'dialog').count(), 0, 'the dialog after Escape')
  equal(await focus(a), 'nursing-notes', 'the focus afterwards')
  await a.keyboard.type('!')
  equal((await a.locator(notes).inputValue()).endsWith(' Typing on!'), true, 'the caret afterwards')
  await a.waitForTimeout(4_500)
  await becomes(() => inPanel(b, '.nt b').innerText(), 'Giulia Conti keeps Nursing notes', 'the answer to Escape')
  await inPanel(b, '.nt button').last().click()

  // Handed over: the asker has the field and the focus.
  await b.waitForTimeout(1_000)
  await b.locator('corsia-panel .pn li button').first().click()
  await inPanel(b, 'dialog .b.p').click()
  await becomes(() => inPanel(a, 'dialog').count(), 1, 'the dialog at the holder again')
  await inPanel(a, 'dialog .b.p').click()
  await becomes(() => inPanel(b, '.nt b').innerText(), 'Nursing notes is yours', 'the grant')
  equal([await readOnly(b), await focus(b)], [false, 'nursing-notes'], 'the field that was handed over')
  await becomes(() => readOnly(a), true, 'the field of who handed over')
  await b.keyboard.press('Control+End')
  await b.keyboard.type(' Family met.')
  await becomes(async () => (await a.locator(notes).inputValue()).slice(-12), ' Family met.', 'watching the new holder type')
  await picture(b, 'granted')

  // Broken: for who may, with a reason. The holder is told by whom.
  await b.locator('#obs-pulse').focus()
  await becomes(() => readOnly(a), false, 'the field after the lock')
  await a.locator(notes).focus()
  await becomes(() => readOnly(b), true, 'the lock again')
  await ask(b, '')
  await inPanel(b, 'dialog .b.q').click()
  await b.keyboard.type('urgent')
  await inPanel(b, 'dialog .b.d').click()
  equal(await inPanel(b, 'dialog .er').innerText(), 'Give at least 10 characters.', 'a reason that is too short')
  await picture(b, 'break')
  await b.keyboard.type(': allergic reaction')
  await inPanel(b, 'dialog .b.d').click()
  await becomes(() => inPanel(b, 'dialog').count(), 0, 'the dialog after the lock was broken')
  await becomes(() => readOnly(b), false, 'the broken field')
  await becomes(() => inPanel(a, '.nt.warn b').innerText(), 'Dr Luca Rossi broke your lock on Nursing notes', 'what the holder is told')
  await picture(a, 'broken')
  await Promise.all([synced(a), synced(b)])

  // Who may not break locks is not offered it.
  await a.locator('#obs-pulse').focus()
  await b.locator('#obs-spo2').focus()
  await becomes(() => readOnly(a), false, 'the field of the first again')
  await b.locator(notes).focus()
  await becomes(() => readOnly(a), true, 'the lock of the other')
  await ask(a, '')
  equal(await inPanel(a, 'dialog .b.q').count(), 0, 'breaking without the permission')
  await a.keyboard.press('Escape')
}

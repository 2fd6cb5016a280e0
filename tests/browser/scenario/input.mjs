// G4: what an engine without a browser can't do: input methods, the clipboard, dragging, undo, masks and odd controls.
import { anna, becomes, equal, luca, synced } from '../browser.mjs'

const markup = `<form id="form"><textarea id="ime">one two</textarea><textarea id="other">left right</textarea>
<div id="rich" contenteditable="true" data-collab style="white-space: normal">plain <b>bold</b> text</div>
<input id="short" maxlength="5" value="abc"><input id="mask" value=""><input id="number" type="number" step="any"><input id="date" type="date">
<input id="search" value="find"><input type="radio" name="r" value="1"><input type="radio" name="r" value="2"></form>
<form id="second"><input type="radio" name="r" value="1"><input type="radio" name="r" value="2"></form>
<textarea id="long" style="height: 60px; overflow: auto"></textarea>`

const fields = ['ime', 'other', 'rich', 'short', 'mask', 'number', 'date', 'search', 'long']

/** Adds the controls to the ward page, with a script that reformats what is typed as it is typed. */
const build = (page) => page.evaluate((markup) => {
  document.querySelector('main').insertAdjacentHTML('beforeend', markup)
  const mask = document.querySelector('#mask')
  mask.addEventListener('input', () => {
    const digits = mask.value.replace(/\D/g, '').slice(0, 8)
    const shown = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].filter(Boolean).join('/')
    if (mask.value !== shown) mask.value = shown
  })
}, markup)

const value = (page, id) => page.locator(`#${id}`).evaluate((field) => field.value ?? field.innerText)
const caret = (page, id) => page.locator(`#${id}`).evaluate((field) => [field.selectionStart, field.selectionEnd, field.selectionDirection])
const select = (page, id, from, to = from, direction = 'forward') => page.locator(`#${id}`).evaluate((field, at) => { field.focus(); field.setSelectionRange(...at) }, [from, to, direction])
/** Writes at a place as the other person, without a browser's help. */
const insert = (page, id, at, text) => page.locator(`#${id}`).evaluate((field, [at, text]) => { field.focus(); field.setRangeText(text, at, at, 'end'); field.dispatchEvent(new InputEvent('input', { bubbles: true })) }, [at, text])

async function both(a, b, id, want, what) {
  await becomes(() => value(a, id), want, `${what}, here`)
  await becomes(() => value(b, id), want, `${what}, there`)
}

export default async function (stage) {
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  for (const page of [a, b]) await build(page)
  for (const page of [a, b]) await becomes(() => page.evaluate((ids) => ids.filter((id) => CollabSDK.instances[0].fields.some((field) => field.id === `id-${id}`)).length, fields), fields.length, 'the fields')
  await Promise.all([synced(a), synced(b)])
  const keys = await a.context().newCDPSession(a)
  const compose = (text) => keys.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  await a.bringToFront()

  await ime(a, b, keys, compose)
  await clipboard(a, b, keys)
  await undo(a, b)
  await controls(a, b)
}

async function ime(a, b, keys, compose) {
  await select(a, 'ime', 3)
  await compose('か')
  await compose('かん')
  await insert(b, 'ime', 0, '>>')
  await insert(b, 'ime', 5, 'AT')
  await insert(b, 'ime', 11, '<<')
  await a.waitForTimeout(300)
  equal(await value(a, 'ime'), 'oneかん two', 'nothing is written into a word that is composed')
  await keys.send('Input.insertText', { text: '漢' })
  await both(a, b, 'ime', '>>one漢AT two<<', 'a composed word')
  equal((await caret(a, 'ime'))[0], (await value(a, 'ime')).indexOf('漢') + 1, 'the caret stands behind the word')

  // Leaving in the middle; and an end that never comes.
  await select(a, 'other', 4)
  await compose('に')
  await a.locator('#search').focus()
  await insert(b, 'other', 0, '*')
  await becomes(async () => (await value(a, 'other')) === (await value(b, 'other')) && (await value(a, 'other')).startsWith('*left'), true, 'a word that was left')

  await a.locator('#rich').click()
  await a.keyboard.press('Control+Home')
  await compose('ほ')
  await keys.send('Input.insertText', { text: '本' })
  await both(a, b, 'rich', '本plain bold text', 'a word in editable text')
  equal(await b.locator('#rich b').innerText(), 'bold', 'what the page made of the rest')
  await a.keyboard.press('Control+End')
  await a.keyboard.type('  x')
  await a.keyboard.press('Enter')
  await a.keyboard.type('👩‍⚕️ line')
  await becomes(() => value(b, 'rich').then((text) => text.replaceAll('\u00a0', ' ')), '本plain bold text  x\n👩‍⚕️ line', 'lines and spaces in editable text')
}

async function clipboard(a, b, keys) {
  await a.locator('#search').fill('')
  await a.evaluate(() => navigator.clipboard.writeText('pasted 👍🏽'))
  await a.locator('#search').focus()
  await a.keyboard.press('Control+V')
  await both(a, b, 'search', 'pasted 👍🏽', 'a paste')
  await select(a, 'search', 0, 6)
  await a.keyboard.press('Control+X')
  await both(a, b, 'search', ' 👍🏽', 'a cut')
  await a.locator('#search').evaluate((field) => { field.focus(); field.select(); document.execCommand('insertText', false, 'replaced') })
  await both(a, b, 'search', 'replaced', 'a replacement by the spell checker')

  // Dictation puts in whole phrases, without a key.
  await select(a, 'search', 8)
  await keys.send('Input.insertText', { text: ' by dictation' })
  await both(a, b, 'search', 'replaced by dictation', 'a phrase that was dictated')
  await insert(b, 'search', 0, '> ')
  await becomes(() => value(a, 'search'), '> replaced by dictation', 'a change between two phrases')
  await keys.send('Input.insertText', { text: ', twice' })
  await both(a, b, 'search', '> replaced by dictation, twice', 'a phrase behind the first')

  // A word is dragged from one field into another.
  await a.locator('#search').fill('')
  await a.locator('#other').fill('drag')
  await a.locator('#other').evaluate((field) => { field.focus(); field.select() })
  const [from, to] = [await a.locator('#other').boundingBox(), await a.locator('#search').boundingBox()]
  await a.mouse.move(from.x + 12, from.y + 12)
  await a.mouse.down()
  await a.mouse.move(to.x + 20, to.y + to.height / 2, { steps: 8 })
  await a.mouse.up()
  await both(a, b, 'search', 'drag', 'text that was dragged, where it came to')
  await both(a, b, 'other', '', 'text that was dragged, where it came from')
}

async function undo(a, b) {
  for (const id of ['other', 'search']) {
    await a.locator(`#${id}`).fill('')
    await select(a, id, 0)
    await a.keyboard.type('abc')
    await becomes(() => value(b, id), 'abc', 'typing')
    await insert(b, id, 0, 'REMOTE ')
    await becomes(() => value(a, id), 'REMOTE abc', 'a remote change')
    await a.waitForTimeout(1100) // a pause ends a step
    await a.keyboard.type('def')
    await a.keyboard.press('Control+Z')
    await both(a, b, id, 'REMOTE abc', 'one step undone')
    await a.keyboard.press('Control+Z')
    await both(a, b, id, 'REMOTE ', 'another step undone')
    await a.keyboard.press('Control+Shift+Z')
    await a.keyboard.press('Control+Y')
    await a.keyboard.press('Control+Y')
    await both(a, b, id, 'REMOTE abcdef', 'all of it done again')
    equal((await caret(a, id))[0], 13, 'the caret stands behind it')
  }
}

async function controls(a, b) {
  // Remote text beyond maxlength is shown whole; the browser bounds what is typed.
  await b.locator('#short').evaluate((field) => { field.removeAttribute('maxlength') })
  await b.locator('#short').fill('abc, long')
  await becomes(() => value(a, 'short'), 'abc, long', 'text beyond maxlength')
  await a.locator('#short').focus()
  await a.keyboard.press('End')
  await a.keyboard.type('x')
  await a.keyboard.press('Backspace')
  await both(a, b, 'short', 'abc, lon', 'a character deleted beyond maxlength')

  await a.locator('#mask').focus()
  await a.keyboard.type('24122026', { delay: 10 })
  await both(a, b, 'mask', '24/12/2026', 'an input mask')
  await a.keyboard.press('Backspace')
  await a.keyboard.type('7')
  await both(a, b, 'mask', '24/12/2027', 'an input mask, changed')

  await a.locator('#number').focus()
  await a.keyboard.type('1')
  await becomes(() => value(b, 'number'), '1', 'a number begun')
  await a.keyboard.type('e')
  await a.waitForTimeout(100)
  equal(await value(b, 'number'), '1', 'half a number is no number')
  await a.keyboard.type('3')
  await both(a, b, 'number', '1e3', 'a number')
  await b.locator('#date').fill('2026-12-24')
  await both(a, b, 'date', '2026-12-24', 'a date')
  await a.locator('#date').focus()
  await a.keyboard.press('Delete')
  await a.waitForTimeout(100)
  equal(await value(b, 'date'), '2026-12-24', 'half a date is no date')
  for (const key of ['ArrowRight', 'Delete', 'ArrowRight', 'Delete']) await a.keyboard.press(key)
  await a.locator('#mask').focus()
  await both(a, b, 'date', '', 'a date that was erased')

  await a.locator('#form [name=r][value="2"]').check()
  await becomes(() => b.locator('#form [name=r]:checked').getAttribute('value').catch(() => ''), '2', 'a radio button')

  // Selection, its direction and the scroll stay while text arrives before, at and behind them.
  await a.locator('#long').fill(Array.from({ length: 40 }, (_, line) => `line ${line}`).join('\n'))
  await becomes(() => value(b, 'long').then((text) => text.length), (await value(a, 'long')).length, 'long text')
  await select(a, 'long', 100, 110, 'backward')
  await a.locator('#long').evaluate((field) => { field.scrollTop = 90 })
  const chosen = (await value(a, 'long')).slice(100, 110)
  await insert(b, 'long', 300, 'behind')
  await insert(b, 'long', 110, 'after')
  await insert(b, 'long', 0, 'before')
  await becomes(() => value(a, 'long').then((text) => text.includes('before') && text.includes('behind') && text.includes('after')), true, 'remote text')
  equal(await caret(a, 'long'), [106, 116, 'backward'], 'the selection')
  equal((await value(a, 'long')).slice(106, 116), chosen, 'what is selected')
  equal(await a.locator('#long').evaluate((field) => field.scrollTop), 90, 'the scroll')

  await a.locator('#form').evaluate((form) => form.reset())
  await both(a, b, 'short', 'abc', 'a form that was reset')
  await both(a, b, 'mask', '', 'a form that was reset')
  await both(a, b, 'ime', 'one two', 'a form that was reset')
  await Promise.all([synced(a), synced(b)])
}

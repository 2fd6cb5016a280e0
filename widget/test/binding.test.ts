import './dom.ts'
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Doc } from 'yjs'
import { ChoiceBinding, checkboxControl, radioControl, selectControl } from '../src/binding/choice.ts'
import { EditableControl } from '../src/binding/editable.ts'
import { InputControl } from '../src/binding/input.ts'
import { setChecked, setNative } from '../src/binding/native.ts'
import { TextBinding } from '../src/binding/text.ts'
import { LocalEdit, RemoteEdit, put } from '../src/edit.ts'
import { choices } from '../src/field.ts'
import type { Value } from '../src/field.ts'
import { get, settled, show, type } from './dom.ts'

/** A document that bindings edit, and that others write to. */
function desk() {
  const doc = new Doc()
  let open = true
  return {
    doc,
    text: (field = 'f') => doc.getText(field).toString(),
    close: () => (open = false),
    edit(field: string, by: object | undefined, change: (doc: Doc) => void) {
      if (open) doc.transact(() => change(doc), new LocalEdit(field, by))
      return open
    },
    remote: (value: Value, field = 'f') => doc.transact(() => put(doc, field, value), new RemoteEdit('u', 's', 1)),
  }
}

function bindInput(markup = '<input id="a" value="base">') {
  show(markup)
  const field = get('a')
  const page = desk()
  const binding = new TextBinding(new InputControl(field), 'f', page)
  return { field, page, binding }
}

test('G4 typing goes into the document as one splice, and a remote change to the page with its events', () => {
  const { field, page, binding } = bindInput()
  page.remote('base')
  binding.attach(page.doc, 'base')
  const heard: string[] = []
  for (const name of ['input', 'change']) field.addEventListener(name, () => heard.push(name))
  type(field, 'base and more')
  assert.equal(page.text(), 'base and more')
  heard.length = 0
  page.remote('the base and more')
  assert.equal(field.value, 'the base and more')
  assert.deepEqual(heard, ['input', 'change'])
  binding.detach()
  page.remote('gone')
  assert.equal(field.value, 'the base and more')
})

test('G4 what was typed before the field was bound is merged with what the document has', () => {
  const { field, page, binding } = bindInput()
  field.value = 'base typed early'
  page.remote('new base')
  binding.attach(page.doc, 'base')
  assert.equal(page.text(), 'new base typed early')
  assert.equal(field.value, 'new base typed early')
  binding.detach()
})

test('G4 the document wins where nothing was typed', () => {
  const { field, page, binding } = bindInput()
  page.remote('of the document')
  binding.attach(page.doc, 'base')
  assert.equal(field.value, 'of the document')
  assert.equal(page.text(), 'of the document')
  binding.detach()
})

test('G4 caret and selection stay where they were in the text', () => {
  const { field, page, binding } = bindInput('<input id="a" value="one two three">')
  page.remote('one two three')
  binding.attach(page.doc, 'one two three')
  field.focus()
  field.setSelectionRange(4, 7)
  page.remote('>> one two three')
  assert.deepEqual([field.selectionStart, field.selectionEnd], [7, 10])
  page.remote('>> two three')
  assert.deepEqual([field.selectionStart, field.selectionEnd], [3, 6])
  binding.detach()
})

test('G4 while an input method composes nothing is read or written, and then both are merged', () => {
  const { field, page, binding } = bindInput()
  page.remote('base')
  binding.attach(page.doc, 'base')
  field.dispatchEvent(new Event('compositionstart'))
  type(field, 'basekan')
  page.remote('a base')
  assert.equal(field.value, 'basekan')
  assert.equal(page.text(), 'a base')
  field.value = 'base患'
  field.dispatchEvent(new Event('compositionend'))
  assert.equal(page.text(), 'a base患')
  assert.equal(field.value, 'a base患')
  binding.detach()
})

test('G4 the end of a composition that is lost is made up for: by time, by a key, by leaving', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const { field, page, binding } = bindInput()
  binding.attach(page.doc, '')
  const compose = (value: string): void => {
    field.dispatchEvent(new Event('compositionstart'))
    type(field, value)
  }
  compose('one')
  mock.timers.tick(4_000)
  assert.equal(page.text(), 'one')
  compose('one two')
  field.dispatchEvent(Object.assign(new Event('keydown'), { isComposing: true }))
  assert.equal(page.text(), 'one')
  field.dispatchEvent(Object.assign(new Event('keydown'), { isComposing: false }))
  assert.equal(page.text(), 'one two')
  compose('one two three')
  field.dispatchEvent(new Event('blur'))
  assert.equal(page.text(), 'one two three')
  binding.detach()
  mock.timers.reset()
})

test('G4 React: the value goes through the native setter, under what the framework put over it', () => {
  const { field, page, binding } = bindInput()
  binding.attach(page.doc, 'base')
  const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')
  let tracked = 0
  Object.defineProperty(field, 'value', {
    configurable: true,
    get: () => own?.get?.call(field) as string,
    set: () => tracked++,
  })
  page.remote('remote')
  assert.equal(tracked, 0)
  assert.equal(own?.get?.call(field), 'remote')
  setNative(Object.create(null, { constructor: { value: 0 } }) as Element, 'value', 'x')
  binding.detach()
})

test('what a page makes of a remote change is not sent back', async () => {
  const { field, page, binding } = bindInput()
  page.remote('base')
  binding.attach(page.doc, 'base')
  field.addEventListener('input', () => (field.value = field.value.toUpperCase()))
  page.remote('base x')
  await settled()
  assert.equal(field.value, 'BASE X')
  assert.equal(page.text(), 'base x')
  type(field, 'BASE XY')
  assert.equal(page.text(), 'BASE XY')
  binding.detach()
})

test('a framework that writes the value anew after its handlers is heard', async () => {
  const { field, page, binding } = bindInput('<input id="a" value="">')
  binding.attach(page.doc, '')
  field.addEventListener('input', () => queueMicrotask(() => (field.value = '12,5')))
  type(field, '12.5')
  await settled()
  assert.equal(page.text(), '12,5')
  binding.detach()
})

test('an edit that is refused is taken back', () => {
  const { field, page, binding } = bindInput()
  page.remote('base')
  binding.attach(page.doc, 'base')
  page.close()
  type(field, 'base!')
  assert.equal(field.value, 'base')
  binding.detach()
})

test('D2c a binding goes on with another document and keeps what is typed', () => {
  const { field, page, binding } = bindInput()
  page.remote('base')
  binding.attach(page.doc, 'base')
  const next = desk()
  next.remote('the base')
  binding.attach(next.doc, 'base')
  assert.equal(field.value, 'the base')
  page.remote('of the old document')
  assert.equal(field.value, 'the base')
  binding.detach()
})

test('G5 another one\'s lock makes a text read-only without disabling it, and leaves no trace', () => {
  const { field, binding } = bindInput('<input id="a" aria-readonly="false">')
  binding.setReadOnly(true)
  binding.setReadOnly(true)
  assert.deepEqual([field.readOnly, field.disabled, field.getAttribute('aria-readonly')], [true, false, 'true'])
  binding.setReadOnly(false)
  assert.deepEqual([field.readOnly, field.getAttribute('aria-readonly')], [false, 'false'])
  assert.equal(binding.remove(), false)
  binding.add()
})

const editables: [string, string, string?][] = [
  ['one', 'one'],
  ['one<br>two', 'one\ntwo'],
  ['one<br>', 'one'],
  ['one<div>two</div><div>three</div>', 'one\ntwo\nthree'],
  ['<div>one</div><div><br></div><div>three</div>', 'one\n\nthree'],
  ['<div>one<br></div><div>two</div>', 'one\ntwo'],
  ['one<div><br></div>', 'one\n'],
  ['one<div><div>two</div>three</div>four', 'one\ntwo\nthree\nfour'],
  ['\n  <p>one</p>\n  <p>two <b>bold</b> three</p>\n', 'one\ntwo bold three'],
  ['one\ntwo', 'one two'],
  ['a \u00a0b\u00a0', 'a  b '],
  ['one\ntwo  x', 'one\ntwo  x', 'pre-wrap'],
  ['one\u00a0two\n', 'one\u00a0two\n', 'pre'],
  [' one\n two  x ', 'one\ntwo x', 'pre-line'],
  ['👍🏽 <i>👩‍⚕️</i>', '👍🏽 👩‍⚕️'],
]
for (const [markup, want, style = 'normal'] of editables) {
  test(`G4 plain editable text, ${style}: ${JSON.stringify(markup)}`, () => {
    const control = new EditableControl(show(`<div contenteditable="true" style="white-space: ${style}">${markup}</div>`))
    assert.equal(control.read(), want, markup)
    for (const text of ['a', 'a\nb', 'a\n', '', '\n\nb', ' a  b \n', 'a  b', 'a  bc', '👍🏽', '👎🏽']) {
      control.write(text, undefined)
      assert.equal(control.read(), text, JSON.stringify(text))
    }
  })
}

test('G4 a change within a word of editable text leaves the rest as the page made it', () => {
  const element = show('<div contenteditable="true">one <b>two</b> three</div>')
  const control = new EditableControl(element)
  control.write('one too three', undefined)
  assert.equal(element.innerHTML, 'one <b>too</b> three')
  control.write('none too three', undefined)
  assert.equal(element.innerHTML, 'none <b>too</b> three')
  control.write('one too  three', undefined)
  assert.equal(control.read(), 'one too  three')
  const kept = new EditableControl(show('<div contenteditable="plaintext-only" style="white-space: pre-wrap">x</div>'))
  kept.write('a\nb\n', undefined)
  assert.equal(kept.element.firstChild?.textContent, 'a\nb\n')
  kept.write('a\nb\nc', undefined)
  assert.equal(kept.element.innerHTML, 'a\nb\nc')
})

test('G4 positions in editable text are those of the text, whatever nodes it stands in', () => {
  for (const markup of ['one<br>two three', '<div>one</div><div>two <b>th</b>ree</div>', '\n  one\n <p> two\n three</p> ']) {
    const element = show(`<div contenteditable="true" tabindex="0" style="white-space: normal">${markup}</div>`)
    const control = new EditableControl(element)
    element.focus()
    const text = control.read()
    assert.equal(text, 'one\ntwo three', markup)
    for (let start = 0; start <= text.length; start++) {
      control.write(text, { start, end: text.length, direction: start % 2 ? 'backward' : 'forward' })
      const { start: from, end, direction } = control.selection() ?? {}
      assert.deepEqual([from, end], [start, text.length], `${markup} at ${start}`)
      if (start < text.length) assert.equal(direction, start % 2 ? 'backward' : 'forward')
    }
  }
})

test('plain editable text keeps the selection, and is read-only on demand', () => {
  const element = show('<div contenteditable="true" tabindex="0">one<br>two</div>')
  const control = new EditableControl(element)
  assert.equal(control.selection(), undefined)
  element.focus()
  control.write('one\ntwo', { start: 5, end: 7 })
  assert.deepEqual(control.selection(), { start: 5, end: 7, direction: 'forward' })
  control.write('one\n\ntwo', { start: 4, end: 4 })
  assert.deepEqual(control.selection(), { start: 4, end: 4, direction: 'forward' })
  control.setReadOnly(true)
  const refused = new Event('beforeinput', { cancelable: true })
  element.dispatchEvent(refused)
  assert.equal(refused.defaultPrevented, true)
  control.setReadOnly(false)
  assert.equal(element.hasAttribute('aria-readonly'), false)
})

test('a box and a list follow the map, and the map follows them', () => {
  show('<input type="checkbox" id="c"><select id="s"><option>x<option>y</select>')
  const page = desk()
  const box = new ChoiceBinding(checkboxControl, get('c'), 'values/c', page)
  const list = new ChoiceBinding(selectControl, get('s'), 'values/s', page)
  for (const binding of [box, list]) binding.attach(page.doc, binding.read() ?? '')
  assert.deepEqual([box.read(), list.read()], [false, 'x'])
  page.remote(true, 'values/c')
  page.remote('y', 'values/s')
  assert.deepEqual([box.read(), list.read()], [true, 'y'])
  page.remote('not there', 'values/s')
  assert.equal(list.read(), 'y')
  get('c').checked = false
  get('c').dispatchEvent(new Event('change'))
  assert.equal(choices(page.doc).get('c'), false)
  box.setReadOnly(true)
  get('c').checked = true
  get('c').dispatchEvent(new Event('change'))
  assert.equal(get('c').checked, false)
  assert.equal(get('c').getAttribute('aria-readonly'), 'true')
  list.setReadOnly(true)
  const key = (name: string): boolean => {
    const event = Object.assign(new Event('keydown', { cancelable: true }), { key: name })
    get('s').dispatchEvent(event)
    return event.defaultPrevented
  }
  assert.deepEqual([key('ArrowDown'), key('Tab')], [true, false])
  for (const binding of [box, list]) binding.detach()
  assert.equal(get('s').hasAttribute('aria-readonly'), false)
})

test('what was chosen before a choice was bound goes into the map', () => {
  show('<input type="checkbox" id="c">')
  const page = desk()
  const binding = new ChoiceBinding(checkboxControl, get('c'), 'values/c', page)
  page.remote(false, 'values/c')
  get('c').checked = true
  binding.attach(page.doc, false)
  assert.equal(choices(page.doc).get('c'), true)
  const next = desk()
  next.remote(false, 'values/c')
  binding.attach(next.doc, false)
  assert.equal(get('c').checked, false)
  page.close()
  binding.detach()
})

test('radio buttons are one field', () => {
  show('<input type="radio" name="r" value="1" id="a"><input type="radio" name="r" value="2" id="b">')
  const page = desk()
  const binding = new ChoiceBinding(radioControl, get('a'), 'values/r', page)
  binding.attach(page.doc, '')
  binding.add(get('b'))
  page.remote('2', 'values/r')
  assert.equal(get('b').checked, true)
  get('a').checked = true
  get('a').dispatchEvent(new Event('change'))
  assert.equal(choices(page.doc).get('r'), '1')
  page.remote('9', 'values/r')
  assert.equal(binding.read(), '1')
  page.remote('', 'values/r')
  assert.equal(binding.read(), '')
  assert.equal(binding.remove(get('a')), true)
  assert.equal(binding.remove(get('b')), false)
})

test('React hears of a box by a click', () => {
  show('<input type="checkbox" id="c">')
  const box = Object.assign(get('c'), { _valueTracker: {} })
  let clicks = 0
  box.addEventListener('click', () => clicks++)
  setChecked(box, true)
  setChecked(box, true)
  assert.deepEqual([box.checked, clicks], [true, 1])
})

test('G4 what a framework makes of remote text a little later is no new value of the page', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const passes = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at++) {
      t.mock.timers.tick(1)
      await Promise.resolve()
    }
  }
  const { field, page, binding } = bindInput('<input id="a">')
  binding.attach(page.doc, '')
  let asked = 0
  binding.rendered = () => (asked++, 'undone')
  field.addEventListener('input', () => setTimeout(() => (field.value = field.value.toUpperCase()), 1))
  page.remote('a')
  await passes(5)
  page.remote('ab')
  await passes(150)
  assert.equal(field.value, 'AB')
  field.dispatchEvent(new Event('focus'))
  assert.deepEqual([asked, field.value, page.text()], [0, 'AB', 'ab'])
  page.remote('abc')
  await passes(5)
  assert.deepEqual([asked, field.value, page.text()], [0, 'ABC', 'abc'])
  binding.detach()
})

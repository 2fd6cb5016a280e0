import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Identity, baseId } from '../src/discovery/identity.ts'
import { Exclusions } from '../src/discovery/exclusions.ts'
import { Labels } from '../src/discovery/label.ts'
import { Scanner } from '../src/discovery/scanner.ts'
import type { Found, ScanOptions } from '../src/discovery/scanner.ts'
import { get, settled, show } from './dom.ts'

const all: ScanOptions = { include: [], exclude: [], optIn: false }

test('G3 an id comes from the id, else the name, else the placeholder, else the place', () => {
  show('<form><input id="a" name="b"><input name="b"><input placeholder="Dose"><div><input></div></form>')
  const ids = [...document.querySelectorAll('input')].map(baseId)
  assert.equal(ids[0], 'id-a')
  assert.equal(ids[1], 'name-b')
  assert.match(ids[2] ?? '', /^placeholder-[0-9a-z]{5,12}$/)
  assert.equal(ids[3], 'position-html1/body1/form1/div1/input1')
})

test('G3 ids are the same after a reload, and duplicates are numbered in the order of the page', () => {
  const markup = '<p><input name="x"></p><p><input name="x"><input id="q"></p><div id="box"><textarea></textarea></div>'
  const read = (): string[] => {
    show(markup)
    return [...new Identity().name([...document.querySelectorAll('input,textarea')]).values()]
  }
  const first = read()
  assert.deepEqual(first, ['name-x', 'name-x~2', 'id-q', 'position-#box/textarea1'])
  assert.deepEqual(read(), first)
})

test('G3 an element keeps its id, and one that takes its place gets it', () => {
  show('<input name="x"><input name="x">')
  const identity = new Identity()
  const [first, second] = [...document.querySelectorAll('input')] as [HTMLInputElement, HTMLInputElement]
  const ids = identity.name([second, first])
  assert.deepEqual([ids.get(first), ids.get(second)], ['name-x', 'name-x~2'])
  identity.release('name-x')
  first.outerHTML = '<input name="x"><input name="x">'
  const [third, fourth] = [...document.querySelectorAll('input')] as [HTMLInputElement, HTMLInputElement]
  assert.deepEqual([...identity.name([third]).values()], ['name-x'])
  assert.deepEqual([...identity.name([fourth]).values()], ['name-x~3'])
  identity.release('name-x~2')
  identity.release('name-x~2')
  identity.release('unknown')
  const last = document.createElement('input')
  last.name = 'x'
  fourth.before(last)
  assert.deepEqual([...identity.name([last]).values()], ['name-x~2'])
})

test('G3 an id fits in 256 bytes and can be printed', () => {
  const element = document.createElement('input')
  element.id = `${'ä'.repeat(300)}\u0007`
  const id = baseId(element)
  assert.ok(Buffer.byteLength(`values/${id}`) <= 256)
  element.id = 'a\u0007b'
  assert.equal(baseId(element), 'id-a_b')
})

const secrets: [string, string, boolean][] = [
  ['a text', '<input>', true],
  ['a date', '<input type="date">', true],
  ['a password', '<input type="password">', false],
  ['something hidden', '<input type="hidden">', false],
  ['a file', '<input type="file">', false],
  ['a button', '<input type="submit">', false],
  ['a new password', '<input autocomplete="section-x new-password">', false],
  ['a one-time code', '<input autocomplete="one-time-code">', false],
  ['a card number', '<input autocomplete="billing cc-number">', false],
  ['an address', '<input autocomplete="street-address">', true],
  ['what wants to be left alone', '<div data-collab-ignore><p><input></p></div>', false],
  ['plain editable text', '<div contenteditable="plaintext-only">x</div>', true],
  ['editable text with a line break', '<div contenteditable="true">x<br>y</div>', true],
  ['formatted text', '<div contenteditable="true">x<b>y</b></div>', false],
  ['formatted text that asks for it', '<div contenteditable="true" data-collab>x<b>y</b></div>', true],
  ['what is not editable', '<div contenteditable="false">x</div>', false],
  ['an editor of its own', '<div class="ProseMirror" contenteditable="true">x</div>', false],
]
for (const [name, markup, want] of secrets) {
  test(`G2 exclusions: ${name}`, () => {
    const first = show(markup)
    const field = first.querySelector('input') ?? first
    assert.equal(new Exclusions().allows(field), want)
  })
}

test('G2 what was a password stays one: the element, and what takes its id or name', () => {
  show('<input id="pin" name="secret" type="password">')
  const exclusions = new Exclusions()
  const field = get('pin')
  assert.equal(exclusions.allows(field), false)
  field.type = 'text'
  assert.equal(exclusions.allows(field), false)
  show('<input name="secret">')
  assert.equal(exclusions.allows(document.querySelector('input') as HTMLInputElement), false)
  show('<input id="was" type="text">')
  exclusions.note(get('was'), 'password')
  assert.equal(exclusions.allows(get('was')), false)
})

test('a label is what people call the field', () => {
  show(`<label for="a">  Blood
    pressure </label><input id="a"><input id="b" aria-label="Pulse"><span id="l">Pain</span><input id="c" aria-labelledby="l">
    <input id="d" placeholder="Dose"><input id="e" name="given"><fieldset><legend>Diet</legend><input id="f"></fieldset><input id="g" title="${'x'.repeat(90)}">`)
  const labels = new Labels()
  assert.deepEqual(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => labels.of(get(id))), ['Blood pressure', 'Pulse', 'Pain', 'Dose', 'given', 'Diet'])
  assert.equal(labels.of(get('g')).length, 60)
  show('<label><i>Around</i> <input id="around"></label>')
  assert.equal(labels.of(get('around')), 'Around')
  assert.equal(labels.of(document.createElement('textarea')), 'textarea')
})

function watch(options: ScanOptions): { come: Found[]; gone: HTMLElement[]; scanner: Scanner } {
  const come: Found[] = []
  const gone: HTMLElement[] = []
  const scanner = new Scanner(
    options,
    {
      found: (found, lost) => {
        come.push(...found)
        gone.push(...lost)
      },
      opened: () => undefined,
    },
    new Exclusions(),
  )
  scanner.start(document)
  return { come, gone, scanner }
}

test('G2 the scanner finds what is there, what comes and what goes', async () => {
  show('<input id="a"><select id="s"></select><input type="checkbox" id="c"><input type="password" id="p"><textarea id="t"></textarea><div id="e" contenteditable="plaintext-only"></div>')
  const { come, gone, scanner } = watch(all)
  assert.deepEqual(come.map(({ element, kind }) => [element.id, kind]), [
    ['a', 'text'], ['s', 'select'], ['c', 'checkbox'], ['t', 'text'], ['e', 'editable'],
  ])
  come.length = 0
  const late = document.createElement('p')
  late.innerHTML = '<input id="late">'
  document.body.append(late)
  get('a').remove()
  await settled()
  assert.deepEqual(come.map(({ element }) => element.id), ['late'])
  assert.deepEqual(gone.map(({ id }) => id), ['a'])
  gone.length = 0
  document.body.prepend(late) // moved, neither come nor gone
  get('late').setAttribute('type', 'password')
  get('p').setAttribute('type', 'text')
  await settled()
  assert.deepEqual(gone.map(({ id }) => id), ['late'])
  assert.equal(come.length, 1)
  scanner.end()
  document.body.append(document.createElement('input'))
  await settled()
  assert.equal(come.length, 1)
})

test('G2 the scanner looks into open shadow roots and respects what the page chose', async () => {
  show('<div id="host"></div><div data-collab><input id="in"></div><input id="out"><input id="no" class="mine">')
  const root = get<HTMLElement>('host').attachShadow({ mode: 'open' })
  root.innerHTML = '<input id="deep">'
  const ids = (options: Partial<ScanOptions>): string[] => {
    const { come, scanner } = watch({ ...all, ...options })
    scanner.end()
    return come.map(({ element }) => element.id)
  }
  assert.deepEqual(ids({}), ['deep', 'in', 'out', 'no'])
  assert.deepEqual(ids({ exclude: ['.mine', '#deep'] }), ['in', 'out'])
  assert.deepEqual(ids({ include: ['.mine'] }), ['no'])
  assert.deepEqual(ids({ optIn: true }), ['in'])
  assert.deepEqual(ids({ optIn: true, include: ['#out'] }), ['in', 'out'])
  const { come, scanner } = watch(all)
  come.length = 0
  root.append(document.createElement('textarea'))
  await settled()
  assert.equal(come.length, 1)
  scanner.end()
})

test('G2 what wants to be left alone later is let go, in shadow roots too, and nothing brings it back', async () => {
  show('<section><div id="host"></div><input id="plain" class="mine" data-collab></section><slot-box><input id="slotted"></slot-box>')
  const root = get<HTMLElement>('host').attachShadow({ mode: 'open' })
  root.innerHTML = '<input id="deep" class="mine"><div id="inner"></div>'
  const inner = (root.getElementById('inner') as HTMLElement).attachShadow({ mode: 'open' })
  inner.innerHTML = '<input id="deeper" class="mine">'
  const { come, gone, scanner } = watch({ include: ['.mine', '#slotted'], exclude: [], optIn: true })
  assert.deepEqual(come.map(({ element }) => element.id), ['deep', 'deeper', 'plain', 'slotted'])
  const section = document.querySelector('section') as HTMLElement
  section.setAttribute('data-collab-ignore', '')
  await settled()
  assert.deepEqual(gone.map(({ id }) => id), ['deep', 'deeper', 'plain'])
  come.length = 0
  get('plain').setAttribute('data-collab', 'again')
  await settled()
  assert.equal(come.length, 0)
  section.removeAttribute('data-collab-ignore')
  await settled()
  assert.deepEqual(come.map(({ element }) => element.id), ['deep', 'deeper', 'plain'])
  gone.length = 0
  section.remove()
  await settled()
  assert.equal(gone.length, 3)
  scanner.end()
})

test('G2 a password is remembered though it was there for a moment, and for its own shadow root alone', async () => {
  show('<div id="a"></div><div id="b"></div>')
  const [a, b] = ['a', 'b'].map((id) => get<HTMLElement>(id).attachShadow({ mode: 'open' })) as [ShadowRoot, ShadowRoot]
  const { come, scanner } = watch(all)
  const field = document.createElement('input')
  field.id = 'native'
  field.type = 'password'
  a.append(field)
  field.remove()
  await settled()
  a.innerHTML = '<input id="native">'
  b.innerHTML = '<input id="native">'
  await settled()
  assert.deepEqual(come.map(({ element }) => (element.getRootNode() as ShadowRoot).host.id), ['b'])
  scanner.end()
})

test('G2 a field whose row becomes another one is another field; a made-up id makes no difference', async () => {
  show('<input id="row-1"><input id=":r1:" name="n"><input id="plain">')
  const { come, gone, scanner } = watch(all)
  const [row, made, plain] = [...document.querySelectorAll('input')] as [HTMLInputElement, HTMLInputElement, HTMLInputElement]
  come.length = 0
  row.id = 'row-7'
  made.id = ':r2:'
  plain.setAttribute('type', 'email')
  await settled()
  assert.deepEqual([come.map(({ element }) => element.id), gone.map(({ id }) => id)], [['row-7'], ['row-7']])
  scanner.end()
})

test('G2 editable text stays a field when the browser makes blocks of its lines', async () => {
  show('<div contenteditable="true" id="text">one</div>')
  const { come, gone, scanner } = watch(all)
  get('text').innerHTML = 'one<div>two</div>'
  get('text').setAttribute('name', 'x')
  await settled()
  assert.deepEqual([come.length, gone.length], [1, 0])
  get('text').setAttribute('contenteditable', 'false')
  await settled()
  assert.equal(gone.length, 1)
  scanner.end()
})

test('G2 editors keep what is theirs', () => {
  show(`<div class="monaco-editor"><textarea id="keys"></textarea></div><div class="ProseMirror" contenteditable="true"><input id="task" type="checkbox">
    <b contenteditable="true" id="island">x</b></div><div contenteditable="true" id="outer"><p contenteditable="plaintext-only" id="nested">y</p></div><p contenteditable="inherit" id="none"></p>`)
  const exclusions = new Exclusions()
  for (const id of ['keys', 'task', 'island', 'outer', 'nested', 'none']) assert.equal(exclusions.allows(get(id)), false, id)
})

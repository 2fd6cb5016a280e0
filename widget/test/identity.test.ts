import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isGenerated } from '../src/discovery/generated.ts'
import { Identity, baseId, groupOf } from '../src/discovery/identity.ts'
import { inPageOrder } from '../src/discovery/place.ts'
import { show } from './dom.ts'

/** A field of a page that is made up: few names, so that many are the same, and some that look like an index. */
interface Made {
  readonly tag: 'input' | 'textarea'
  readonly id?: string
  readonly name?: string
  readonly placeholder?: string
  readonly depth: number
}
const word = fc.constantFrom('a', 'b', 'a~2', 'b@#a', ':r1:', 'x'.repeat(90))
const made: fc.Arbitrary<Made> = fc.record(
  { tag: fc.constantFrom('input' as const, 'textarea' as const), id: word, name: word, placeholder: word, depth: fc.nat(2) },
  { requiredKeys: ['tag', 'depth'] },
)
const page = fc.array(made, { maxLength: 12 })

function build(fields: readonly Made[]): HTMLElement[] {
  const body = show('')
  assert.equal(body, null)
  return fields.map(({ tag, depth, ...attributes }) => {
    const field = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value)
    let at: HTMLElement = document.body
    for (let level = 0; level < depth; level++) at = at.appendChild(document.createElement('div'))
    return at.appendChild(field)
  })
}

const idsOf = (fields: readonly HTMLElement[], ids: ReadonlyMap<Element, string>): (string | undefined)[] => fields.map((field) => ids.get(field))

test('G3 property: ids are unique, fit, and are the same after a reload', () => {
  fc.assert(fc.property(page, (fields) => {
    const elements = build(fields)
    const ids = idsOf(elements, new Identity().name(elements))
    assert.equal(new Set(ids).size, fields.length)
    for (const id of ids) assert.ok(id !== undefined && Buffer.byteLength(`values/${id}`) <= 256)
    const again = build(fields)
    assert.deepEqual(idsOf(again, new Identity().name(again)), ids)
  }))
})

test('G3 property: ids do not depend on the order in which fields of one batch are given', () => {
  fc.assert(fc.property(page, fc.infiniteStream(fc.nat()), (fields, random) => {
    const elements = build(fields)
    const shuffled = elements.map((element) => ({ element, key: random.next().value as number })).sort((a, b) => a.key - b.key)
    const ids = new Identity().name(shuffled.map(({ element }) => element))
    assert.deepEqual(idsOf(elements, ids), idsOf(elements, new Identity().name(elements)))
  }))
})

test('G3 property: fields that the page tells apart have the same ids in whatever order they come', () => {
  const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 10 })
  fc.assert(fc.property(distinct, fc.func(fc.nat()), (numbers, order) => {
    const elements = build(numbers.map((number) => ({ tag: 'input', depth: number % 3, [number % 2 ? 'id' : 'name']: `f${number}` })))
    const identity = new Identity()
    const ids = new Map<Element, string>()
    for (const element of [...elements].sort((a, b) => order(a.outerHTML) - order(b.outerHTML))) {
      for (const [one, id] of identity.name([element])) ids.set(one, id)
    }
    assert.deepEqual(idsOf(elements, ids), idsOf(elements, new Identity().name(elements)))
  }))
})

test('G3 property: what is rendered anew in its place has the id of what was there', () => {
  fc.assert(fc.property(page, fc.func(fc.boolean()), (fields, isRendered) => {
    const elements = build(fields)
    const identity = new Identity()
    const ids = identity.name(elements)
    const before = idsOf(elements, ids)
    const after = elements.map((element, index) => {
      if (!isRendered(index)) return element
      identity.release(ids.get(element) ?? '')
      const copy = element.cloneNode(true) as HTMLElement
      element.replaceWith(copy)
      return copy
    })
    const anew = identity.name(after.filter((element) => !elements.includes(element)))
    assert.deepEqual(after.map((element) => anew.get(element) ?? ids.get(element)), before)
  }))
})

test('G3 a name that a library made up gives way to the next one', () => {
  show('<input id=":r1:" name="dose"><input id="mat-input-3" formcontrolname="route"><input id="ember12" placeholder="Note"><div id=":r2:"><input id="«r3»" name="«r4»"></div>')
  const ids = [...document.querySelectorAll('input')].map(baseId)
  assert.deepEqual([ids[0], ids[1]], ['name-dose', 'name-route'])
  assert.match(ids[2] ?? '', /^placeholder-/)
  assert.equal(ids[3], 'position-html1/body1/div1/input1')
})

const madeUp = [
  ':r1:', ':R2H1:', 'radix-:r5:', ':r3:-form-item', '«r1»', '_r_1_', 'field-_r_2_-label', 'ember123', 'mat-input-3', 'mat-mdc-checkbox-12-input',
  'ext-gen1023', 'textfield-1013-inputEl', 'yui_3_18_1_1', 'gwt-uid-7', 'isc_4F', 'input-vaadin-text-field-6', 'pv_id_3', 'headlessui-input-4',
  'react-select-2-input', 'ui-id-3', 'el-id-1024-7', '550e8400-e29b-41d4-a716-446655440000', 'mantine-a1b2c3d4e', 'ion-input-2',
]
const people = [
  'dose', 'input-3', 'knee_r_1_pain', 'pt1:r1:0:it1::content', 'form:r1:name', 'ctl00_Main_txtDose', 'j_idt12:name', 'dose-550e8400-e29b-41d4-a716-446655440000',
  'member1', 'matrix-3', 'obs-20240101', 'ember', 'position-2', 'pain_r', 'r1', 'mui', 'extra-notes', '8302-2',
]
for (const name of madeUp) test(`G3 ${name} is made up by a library`, () => assert.equal(isGenerated(name), true))
for (const name of people) test(`G3 ${name} is not`, () => assert.equal(isGenerated(name), false))

test('G3 what is in a shadow root or frame is told apart by its host', () => {
  show('<div id="one"></div><div id="two"></div><my-box name="third"></my-box><section><b></b></section>')
  const hosts = ['#one', '#two', 'my-box', 'b'].map((selector) => document.querySelector(selector) as HTMLElement)
  const fields = hosts.map((host) => {
    const root = (host.localName === 'b' ? host.parentElement as HTMLElement : host).attachShadow({ mode: 'open' })
    root.innerHTML = '<input id="native"><p><input></p>'
    return [...root.querySelectorAll('input')]
  })
  assert.deepEqual(fields.flat().map(baseId), [
    'id-native@#one', 'position-p1/input1@#one', 'id-native@#two', 'position-p1/input1@#two', 'id-native@name-third', 'position-p1/input1@name-third',
    'id-native@html1/body1/section1', 'position-p1/input1@html1/body1/section1',
  ])
  const [a, b] = fields as [HTMLInputElement[], HTMLInputElement[]]
  assert.deepEqual([b[0], a[1], hosts[1], a[0]].sort((x, y) => inPageOrder(x as Element, y as Element)), [a[0], a[1], hosts[1], b[0]])
})

test('G3 radio buttons are one field in their form, or outside of any', () => {
  show('<form><input type="RADIO" name="r" id="x"></form><form><input type="radio" name="r"></form><input type="radio" name="r"><input type="radio">')
  const buttons = [...document.querySelectorAll('input')]
  assert.deepEqual(buttons.map((button) => groupOf(button)?.owner), [...document.forms, document, undefined])
  assert.equal(baseId(buttons[0] as Element), 'name-r')
})

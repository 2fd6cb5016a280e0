import './dom.ts'
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Emitter } from '../src/emitter.ts'
import { Handle } from '../src/handle.ts'
import { knownOf, encode } from '../src/offline/record.ts'
import { settingsOf } from '../src/options.ts'
import { Seeding } from '../src/seeding.ts'
import { FakeGateway } from './gateway.ts'
import { get, show, trusted, type } from './dom.ts'

let ending: (() => void)[] = []
afterEach(() => {
  for (const end of ending) end()
  ending = []
})

/** Opens a page on a gateway, and connects it. */
function open(html: string, gateway: FakeGateway) {
  show(html)
  const settings = settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', ui: false }, document)
  const handle = new Handle(settings, document, gateway.open, () => undefined)
  handle.start()
  const widget = handle.record
  if (widget === undefined) throw new Error('no record is shown')
  ending.push(() => handle.destroy())
  gateway.socket.greet()
  return {
    handle,
    widget,
    socket: gateway.socket,
    conflicts: () => handle.fields.flatMap(({ id, conflict }) => (conflict === undefined ? [] : [[id, conflict.mine, conflict.theirs]])),
  }
}

/** A gateway whose field was seeded once and written since. */
function seeded(seed: string, now: string) {
  const gateway = new FakeGateway()
  gateway.seeds.set('id-a', seed)
  gateway.write('id-a', now)
  return gateway
}

/** Sends a form, as a button in it does. */
function submit(id: string) {
  get(id).dispatchEvent(trusted(new Event('submit', { bubbles: true, cancelable: true })))
}

test('G4 once the record was chosen, nobody is asked about the same value of the page again', () => {
  const gateway = seeded('seed', 'of the document')
  const first = open('<input id="a" value="of the EMR">', gateway)
  assert.deepEqual(first.conflicts(), [['id-a', 'of the EMR', 'of the document']])
  first.handle.choose('id-a', 'theirs')
  assert.deepEqual(gateway.known.get('id-a'), ['of the EMR'])
  first.handle.destroy()
  const next = open('<input id="a" value="of the EMR">', gateway)
  assert.deepEqual(next.conflicts(), [])
  assert.deepEqual([get('a').value, gateway.text('id-a')], ['of the document', 'of the document'])
  next.handle.destroy()
  const another = open('<input id="a" value="newer in the EMR">', gateway)
  assert.deepEqual(another.conflicts(), [['id-a', 'newer in the EMR', 'of the document']])
})

test('G4 the page\'s value that was chosen is known as old only once the record has it', () => {
  const gateway = seeded('seed', 'of the document')
  const { handle } = open('<input id="a" value="of the EMR">', gateway)
  gateway.silent = true
  handle.choose('id-a', 'mine')
  assert.equal(gateway.heard.at(-1)?.event, 'Y_UPDATE')
  assert.equal(gateway.known.size, 0)
  gateway.silent = false
  gateway.socket.fail()
  gateway.socket.greet()
  assert.deepEqual(gateway.text('id-a'), 'of the EMR')
  assert.deepEqual(gateway.known.get('id-a'), ['of the EMR'])
  gateway.write('id-a', 'later')
  handle.destroy()
  assert.deepEqual(open('<input id="a" value="of the EMR">', gateway).conflicts(), [])
  assert.equal(get('a').value, 'later')
})

test('L6 a choice that was refused makes nothing known: the page may be all that has the value', () => {
  const gateway = seeded('seed', 'of the document')
  const { handle, widget } = open('<input id="a" value="of the EMR"><input id="b">', gateway)
  gateway.locks.set('id-a', { sessionId: 's_2', userId: 'usr_002' })
  gateway.silent = true
  handle.choose('id-a', 'mine')
  gateway.silent = false
  gateway.socket.fail()
  gateway.socket.greet()
  assert.equal(widget.drafts.get('id-a')?.mine, 'of the EMR')
  type(get('b'), 'saved')
  assert.equal(gateway.text('id-b'), 'saved')
  assert.deepEqual([gateway.known.size, gateway.text('id-a')], [0, 'of the document'])
})

test('G4 what a form hands to the page\'s own system is known as old when it comes back', () => {
  const gateway = seeded('seed', 'V1')
  gateway.write('values/id-c', true)
  const html = (a: string) => `<form id="f"><input id="a" value="${a}"><input id="c" type="checkbox"></form><input id="b" form="f"><input id="d">`
  const { handle } = open(html('seed'), gateway)
  type(get('b'), 'beside the form')
  type(get('d'), 'in no form')
  submit('f')
  assert.deepEqual(Object.fromEntries(gateway.known), { 'id-a': ['V1'], 'values/id-c': [true], 'id-b': ['beside the form'] })
  gateway.write('id-a', 'V2')
  handle.destroy()
  assert.deepEqual(open(html('V1'), gateway).conflicts(), [])
  assert.deepEqual([get('a').value, gateway.text('id-a')], ['V2', 'V2'])
})

test('G4 a form that a script submits or reads, of which no submission tells, is handed over too', () => {
  const gateway = seeded('seed', 'V1')
  const { handle } = open('<form id="f"><input id="a" value="seed"></form>', gateway)
  get('f').dispatchEvent(new Event('formdata', { bubbles: true }))
  gateway.write('id-a', 'V2')
  handle.destroy()
  assert.deepEqual(open('<form><input id="a" value="V1"></form>', gateway).conflicts(), [])
})

test('G4 a record that was left listens to its document only while there is something to be told of', () => {
  let listening = 0
  const heard = new Emitter<{ joined: undefined; saved: undefined; replaced: undefined }>()
  const on = (name: 'saved', listener: () => void): (() => void) => {
    listening++
    const end = heard.on(name, listener)
    return () => {
      listening--
      end()
    }
  }
  const told: object[] = []
  const document = { events: { on }, seeds: new Map(), ready: false, editable: true, outbox: { edits: 1 } }
  const channel = { request: (_event: string, fields: object) => told.push(fields) }
  new Seeding(channel as never, document as never).end()
  assert.equal(listening, 0)
  const seeding = new Seeding(channel as never, document as never)
  seeding.note([['id-a', 'V1']])
  seeding.end()
  assert.deepEqual([listening > 0, told], [true, []])
  Object.assign(document, { ready: true, outbox: { edits: 0 } })
  heard.emit('saved', undefined)
  assert.deepEqual([listening, told], [0, [{ known: { 'id-a': 'V1' } }]])
})

test('G4 a form that shows something else than the record, as one in conflict does, makes nothing known', () => {
  const gateway = seeded('seed', 'of the document')
  open('<form id="f"><input id="a" value="of the EMR"></form>', gateway)
  submit('f')
  assert.equal(gateway.known.size, 0)
})

test('R2 a viewer makes nothing known', () => {
  const gateway = seeded('seed', 'V1')
  gateway.mode = 'viewer'
  open('<form id="f"><input id="a" value="V1"></form>', gateway)
  submit('f')
  assert.equal(gateway.count('SEED'), 0)
})

test('G4 what is known here is asked for again after a join, before anybody is asked', () => {
  const gateway = seeded('seed', 'of the document')
  const { widget, conflicts, socket } = open('<input id="a" value="of the EMR">', gateway)
  assert.equal(conflicts().length, 1)
  gateway.known.set('id-a', ['of the EMR']) // somebody else has decided
  socket.fail()
  assert.equal(conflicts().length, 1)
  gateway.socket.greet()
  assert.deepEqual([conflicts(), get('a').value], [[], 'of the document'])
  assert.deepEqual(widget.document.seeds.get('id-a'), ['seed', 'of the EMR'])
})

test('G7 what is known to be old is kept for a page that is opened offline; records from before have seeds alone', () => {
  const gateway = seeded('seed', 'of the document')
  gateway.known.set('id-a', ['of the EMR'])
  const { widget } = open('<input id="a" value="seed">', gateway)
  const kept = knownOf(encode(widget.document.known))
  assert.deepEqual(kept.seeds, { 'id-a': ['seed', 'of the EMR'] })
  for (const [seeds, page] of [[kept.seeds, 'of the EMR'], [{ 'id-a': 'seed' }, 'seed']] as const) {
    show(`<input id="a" value="${page}">`)
    const settings = settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', ui: false }, document)
    const handle = new Handle(settings, document, gateway.open, () => undefined)
    ending.push(() => handle.destroy())
    handle.start()
    handle.record?.document.takeOver(undefined, { ...kept, seeds: seeds as typeof kept.seeds }, [])
    assert.equal(get('a').value, 'of the document')
  }
})

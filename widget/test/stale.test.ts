import './dom.ts'
import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import { Handle } from '../src/handle.ts'
import { settingsOf } from '../src/options.ts'
import { FakeGateway } from './gateway.ts'
import { get, settled, show, trusted, type } from './dom.ts'

let ending: (() => void)[] = []
afterEach(() => {
  mock.timers.reset()
  for (const end of ending) end()
  ending = []
})

function open(gateway = new FakeGateway()) {
  const settings = settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', ui: false }, document)
  const handle = new Handle(settings, document, gateway.open, () => undefined)
  handle.start()
  const widget = handle.record
  if (widget === undefined) throw new Error('no record is shown')
  ending.push(() => handle.destroy())
  const field = (id: string) => {
    const found = widget.fields.get(id)
    if (found === undefined) throw new Error(`no field ${id}`)
    return found
  }
  return { gateway, widget, handle, field, socket: gateway.socket }
}

/** Runs the check when microtasks have run. */
async function settledNow(check: () => void): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
  check()
}

/** A gateway whose field was seeded once and written since. */
function seeded(seed: string, now: string) {
  const gateway = new FakeGateway()
  gateway.seeds.set('id-a', seed)
  gateway.write('id-a', now)
  return gateway
}

test('G4 a page that shows what was seeded takes the document, also what is blank and was never seeded', () => {
  show('<input id="a" value="seed"><input id="b"><input type="checkbox" id="c" checked>')
  const gateway = seeded('seed', 'seed, and more')
  gateway.seeds.set('values/id-c', true)
  gateway.write('id-b', 'typed elsewhere')
  gateway.write('values/id-c', false)
  const { socket, field } = open(gateway)
  socket.greet()
  assert.deepEqual([get('a').value, get('b').value, get('c').checked], ['seed, and more', 'typed elsewhere', false])
  assert.equal(field('id-a').conflict, undefined)
  type(get('a'), 'seed, and more!')
  assert.equal(gateway.text('id-a'), 'seed, and more!')
})

test('G4 a page equal to the document is bound without asking', () => {
  show('<input id="a" value="same">')
  const { gateway, socket } = open(seeded('other', 'same'))
  socket.greet()
  assert.equal(gateway.count('SEED'), 0)
  type(get('a'), 'same!')
  assert.equal(gateway.text('id-a'), 'same!')
})

for (const which of ['mine', 'theirs'] as const) {
  test(`G4 a value that the EMR changed meanwhile waits for a choice: ${which}`, async () => {
    show('<input id="a" value="of the EMR">')
    const { gateway, handle, widget, socket, field } = open(seeded('seed', 'of the document'))
    let told = 0
    widget.fields.events.on('changed', () => told++)
    socket.greet()
    assert.deepEqual(field('id-a').conflict, { mine: 'of the EMR', theirs: 'of the document' })
    assert.deepEqual(handle.fields[0]?.conflict, { mine: 'of the EMR', theirs: 'of the document' })
    assert.ok(told > 0)
    assert.equal(handle.status.save, 'server')
    await settled()
    assert.deepEqual([get('a').value, gateway.text('id-a')], ['of the EMR', 'of the document'])
    type(get('a'), 'of the EMR, typed')
    const before = told
    gateway.write('id-a', 'of the document, more')
    assert.ok(told > before)
    assert.deepEqual(field('id-a').conflict, { mine: 'of the EMR, typed', theirs: 'of the document, more' })
    assert.deepEqual([get('a').value, gateway.text('id-a')], ['of the EMR, typed', 'of the document, more'])
    await settled()
    assert.equal(handle.status.save, 'unsaved')
    field('id-a').choose(which)
    const want = which === 'mine' ? 'of the EMR, typed' : 'of the document, more'
    assert.deepEqual([get('a').value, gateway.text('id-a')], [want, want])
    assert.equal(field('id-a').conflict, undefined)
    type(get('a'), 'after')
    assert.equal(gateway.text('id-a'), 'after')
    gateway.write('id-a', 'after all')
    assert.equal(get('a').value, 'after all')
    })
}

test('G4 a choice in conflict is not overwritten by itself either', () => {
  show('<select id="c"><option>x</option><option>y</option><option>z</option></select>')
  get('c').value = 'z'
  const gateway = new FakeGateway()
  gateway.seeds.set('values/id-c', 'x')
  gateway.write('values/id-c', 'y')
  const { socket, field } = open(gateway)
  socket.greet()
  assert.deepEqual(field('id-c').conflict, { mine: 'z', theirs: 'y' })
  gateway.write('values/id-c', 'x')
  assert.equal(get('c').value, 'z')
  field('id-c').choose('mine')
  assert.equal(gateway.doc.getMap('values').get('id-c'), 'z')
})

test('G4 a blank page conflicts only if the record had been seeded with something', () => {
  show('<input id="a" value="">')
  const { gateway, socket, field } = open(seeded('was in the EMR', 'in the document'))
  socket.greet()
  assert.deepEqual(field('id-a').conflict, { mine: '', theirs: 'in the document' })
  field('id-a').choose('theirs')
  assert.equal(get('a').value, 'in the document')
  assert.equal(gateway.text('id-a'), 'in the document')
})

test('G4 a conflict ends by itself when the document comes to show what the page does', () => {
  show('<input id="a" value="of the EMR">')
  const { gateway, socket, field } = open(seeded('seed', 'of the document'))
  socket.greet()
  gateway.write('id-a', 'of the EMR')
  assert.equal(field('id-a').conflict, undefined)
  gateway.write('id-a', 'of the EMR, more')
  assert.equal(get('a').value, 'of the EMR, more')
})

test('G4 what was typed before the document came is an edit over what the page had, and is kept', () => {
  show('<input id="a" value="seed">')
  const { gateway, socket } = open(seeded('seed', 'the seed'))
  type(get('a'), 'seed, typed early')
  socket.greet()
  assert.deepEqual([get('a').value, gateway.text('id-a')], ['the seed, typed early', 'the seed, typed early'])
})

test('G4 a field in conflict that goes keeps what was typed as a draft, and one that comes back is compared again', async () => {
  show('<input id="a" value="of the EMR">')
  const { widget, socket, field } = open(seeded('seed', 'of the document'))
  socket.greet()
  type(get('a'), 'typed in between')
  get('a').remove()
  await settled()
  assert.equal(widget.drafts.get('id-a')?.mine, 'typed in between')
  document.body.append(Object.assign(document.createElement('input'), { id: 'a', value: 'of the EMR' }))
  await settled()
  assert.deepEqual(field('id-a').conflict, { mine: 'of the EMR', theirs: 'of the document' })
})

test('G4 a field that is rendered again has no conflict, whatever the page puts into it', async () => {
  show('<input id="a" value="seed">')
  const { gateway, socket, field } = open(seeded('seed', 'of the document'))
  socket.greet()
  get('a').remove()
  await settled()
  document.body.append(Object.assign(document.createElement('input'), { id: 'a', value: 'rendered anew' }))
  await settled()
  assert.equal(field('id-a').conflict, undefined)
  assert.deepEqual([get('a').value, gateway.text('id-a')], ['of the document', 'of the document'])
})

test('G4 a framework that renders its value late is compared as if it had been there', async () => {
  show('<input id="a"><input id="b"><input id="c">')
  const gateway = seeded('seed', 'of the document')
  gateway.write('id-b', 'the same')
  const { socket, field } = open(gateway)
  get('a').value = 'seed' // before the document came
  socket.greet()
  assert.equal(get('a').value, 'of the document')
  get('a').value = 'of the EMR' // after
  get('b').value = 'the same'
  get('c').value = 'first'
  gateway.write('id-a', 'of the document, more')
  gateway.write('id-b', 'the same, more')
  assert.deepEqual(field('id-a').conflict, { mine: 'of the EMR', theirs: 'of the document, more' })
  assert.deepEqual([get('b').value, gateway.text('id-b')], ['the same, more', 'the same, more'])
  get('c').dispatchEvent(new Event('focus'))
  assert.equal(gateway.text('id-c'), 'first')
  assert.equal(gateway.seeds.get('id-c'), 'first')
  await settled()
})

test('G4 a field that two pages render late at once is not doubled', () => {
  show('<input id="a">')
  const { gateway, socket } = open()
  socket.greet()
  get('a').value = 'from the EMR'
  gateway.seeds.set('id-a', 'from the EMR')
  gateway.write('id-a', 'from the EMR')
  gateway.write('id-a', 'from the EMR!')
  assert.deepEqual([get('a').value, gateway.text('id-a')], ['from the EMR!', 'from the EMR!'])
})

test('G4 what the page writes by itself later does not destroy what others wrote', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  show('<input id="a" value="seed">')
  const { gateway, socket, field } = open(seeded('seed', 'seed, typed by a colleague'))
  socket.greet()
  mock.timers.tick(20_000)
  get('a').value = 'seed' // the EMR renders its form anew
  gateway.write('id-a', 'seed, typed by two colleagues')
  assert.equal(field('id-a').conflict, undefined)
  assert.deepEqual([get('a').value, gateway.text('id-a')], Array(2).fill('seed, typed by two colleagues'))
})

test('G4 what a button of the page writes later is an edit', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  show('<input id="a" value="seed"><button id="b"></button>')
  const { gateway, socket } = open(seeded('seed', 'seed, more'))
  socket.greet()
  mock.timers.tick(20_000)
  get('b').addEventListener('click', () => (get('a').value += ', of the template'))
  get('b').dispatchEvent(trusted(new Event('click', { bubbles: true })))
  mock.timers.tick(1)
  assert.equal(gateway.text('id-a'), 'seed, more, of the template')
})

test('G4 a page that was slow to render is put right though no event tells of it', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  show('<input id="a" value="seed"><select id="b"><option>oral</option></select>')
  const gateway = seeded('seed', 'of the document')
  gateway.seeds.set('values/id-b', 'oral')
  gateway.write('values/id-b', 'iv')
  const { socket, field } = open(gateway)
  socket.greet()
  mock.timers.tick(2_000)
  get('a').value = 'seed'
  get('b').append(Object.assign(document.createElement('option'), { textContent: 'iv' }))
  mock.timers.tick(4_500)
  assert.equal(field('id-a').conflict, undefined)
  assert.deepEqual([get('a').value, get('b').value], ['of the document', 'iv'])
  assert.equal(gateway.text('id-a'), 'of the document')
})

test('G4 what is calculated from another field is an edit, each time; what comes upon a click may be the record', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  for (const [gesture, wanted] of [['change', 'computed anew'], ['click', 'of the document']]) {
    show('<input id="a"><input id="b">')
    const gateway = new FakeGateway()
    const { socket, field } = open(gateway)
    socket.greet()
    gateway.write('id-a', 'of the document')
    mock.timers.tick(20_000)
    get('b').addEventListener(gesture as string, () => (get('a').value = 'computed anew'))
    get('b').dispatchEvent(trusted(new Event(gesture as string, { bubbles: true })))
    mock.timers.tick(1)
    assert.equal(gateway.text('id-a'), wanted)
    assert.equal(field('id-a').conflict !== undefined, gesture === 'click')
  }
})

test('G4 a field that a click renders again with what it had is no edit', async () => {
  show('<input id="a"><button id="b"></button>')
  const { gateway, socket } = open()
  socket.greet()
  type(get('a'), 'kept')
  get('a').remove()
  await settled()
  gateway.write('id-a', 'kept, and more')
  get('b').dispatchEvent(trusted(new Event('click', { bubbles: true })))
  document.body.append(Object.assign(document.createElement('input'), { id: 'a' }))
  await Promise.resolve()
  get('a').value = 'kept' // a framework puts it in when the widget has found the field
  await settled(150)
  assert.deepEqual([get('a').value, gateway.text('id-a')], Array(2).fill('kept, and more'))
})

test('G4 what is calculated while the server fills the field is an edit', () => {
  show('<input id="a" value="of the page">')
  const { gateway, socket, field } = open()
  const emit = socket.emit.bind(socket)
  const late: (() => void)[] = []
  socket.emit = (event, payload, done) => {
    if (event === 'SEED') late.push(() => emit(event, payload, done))
    else emit(event, payload, done)
  }
  socket.greet()
  assert.equal(late.length, 1)
  get('a').value = 'calculated'
  late[0]?.()
  assert.equal(field('id-a').conflict, undefined)
  assert.deepEqual([get('a').value, gateway.text('id-a')], ['calculated', 'calculated'])
})

for (const gesture of ['change', 'click', 'input']) {
  test(`G4 what every page calculates of a remote change is written by its author's page alone: ${gesture}`, () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    show('<input id="a"><input id="sum"><input id="other">')
    const gateway = new FakeGateway()
    const { socket } = open(gateway)
    socket.greet()
    get('a').addEventListener('input', () => (get('sum').value = `${get('a').value} kg`))
    gateway.write('id-sum', '0 kg')
    mock.timers.tick(20_000)
    get('other').dispatchEvent(trusted(new Event(gesture, { bubbles: true })))
    mock.timers.tick(10)
    gateway.write('id-a', '68')
    queueMicrotask(() => mock.timers.tick(600))
    return settledNow(() => {
      assert.deepEqual([get('sum').value, gateway.text('id-sum')], ['0 kg', '0 kg'])
      gateway.write('id-sum', '68 kg')
      assert.deepEqual([get('sum').value, gateway.text('id-sum')], ['68 kg', '68 kg'])
    })
  })
}

test('G4 what is calculated while the user types is an edit, also when something of others comes first', async () => {
  for (const first of [true, false]) {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    show('<input id="a"><input id="sum"><input id="other">')
    const gateway = new FakeGateway()
    const { socket, handle } = open(gateway)
    socket.greet()
    gateway.write('id-sum', '0 kg')
    get('a').addEventListener('input', () => (get('sum').value = `${get('a').value} kg`))
    await Promise.resolve()
    mock.timers.tick(20_000)
    type(get('a'), '75')
    if (first) gateway.write('id-other', 'of a colleague')
    else mock.timers.tick(100)
    assert.equal(gateway.text('id-sum'), '75 kg')
    handle.destroy()
    mock.timers.reset()
  }
})

test('G4 what is calculated at once after something of others was shown is an edit', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  show('<input id="sum"><input id="other">')
  const gateway = new FakeGateway()
  const { socket } = open(gateway)
  socket.greet()
  mock.timers.tick(20_000)
  gateway.write('id-sum', '23.5')
  get('other').addEventListener('change', () => (get('sum').value = '26.0'))
  get('other').dispatchEvent(trusted(new Event('change', { bubbles: true })))
  mock.timers.tick(1)
  assert.deepEqual([get('sum').value, gateway.text('id-sum')], ['26.0', '26.0'])
})

test('G4 what a page makes of something remote is no edit, though its user types elsewhere', async () => {
  show('<input id="code"><input id="other">')
  const gateway = new FakeGateway()
  const { socket } = open(gateway)
  socket.greet()
  const code = get('code')
  code.addEventListener('input', () => void Promise.resolve().then(() => (code.value = code.value.toUpperCase())))
  await settled()
  type(get('other'), 'dose')
  await settled(50)
  gateway.write('id-code', 'a')
  await settled(60) // the pause after which what the page has calculated is looked for
  assert.deepEqual([code.value, gateway.text('id-code')], ['A', 'a'])
  gateway.write('id-code', 'A')
  await settled(120)
  assert.deepEqual([code.value, gateway.text('id-code')], ['A', 'A'])
})

test('G4 a record that a click loads into blank fields is asked about, though the user has left a field or types meanwhile', async () => {
  for (const gesture of ['change', 'input']) {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    show('<input id="a"><input id="b"><button id="load"></button>')
    const gateway = new FakeGateway()
    const { socket, field, handle } = open(gateway)
    socket.greet()
    gateway.write('id-a', 'of the document')
    mock.timers.tick(20_000)
    await Promise.resolve()
    get('b').dispatchEvent(trusted(new Event('change', { bubbles: true })))
    get('load').dispatchEvent(trusted(new Event('click', { bubbles: true })))
    mock.timers.tick(1)
    get('b').dispatchEvent(trusted(new Event(gesture, { bubbles: true })))
    get('a').value = 'of the EMR'
    mock.timers.tick(500)
    assert.equal(gateway.text('id-a'), 'of the document')
    assert.deepEqual(field('id-a').conflict, { mine: 'of the EMR', theirs: 'of the document' })
    handle.destroy()
    mock.timers.reset()
  }
})

test('G4 an option that comes after its value is chosen then', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  show('<select id="a"><option></option></select>')
  const gateway = new FakeGateway()
  const { socket } = open(gateway)
  socket.greet()
  mock.timers.tick(20_000)
  gateway.write('values/id-a', 'Padua')
  mock.timers.tick(2_000)
  get('a').append(Object.assign(document.createElement('option'), { textContent: 'Padua' }))
  mock.timers.tick(2_000)
  assert.equal(get('a').value, 'Padua')
})

test('R2 a viewer has no conflict, and what was typed before it was known stays as a draft', () => {
  show('<input id="a" value="of the EMR">')
  const gateway = seeded('seed', 'of the document')
  gateway.mode = 'viewer'
  const { widget, socket, field } = open(gateway)
  type(get('a'), 'typed too early')
  socket.greet()
  assert.equal(field('id-a').conflict, undefined)
  assert.equal(get('a').value, 'of the document')
  assert.equal(widget.drafts.get('id-a')?.mine, 'typed too early')
})

test('G4 a choice to keep the page\'s value waits for the right to write', () => {
  show('<input id="a" value="of the EMR">')
  const { gateway, widget, socket, field } = open(seeded('seed', 'of the document'))
  socket.greet()
  Object.defineProperty(widget.document, 'editable', { value: false })
  field('id-a').choose('mine')
  assert.notEqual(field('id-a').conflict, undefined)
  assert.equal(gateway.text('id-a'), 'of the document')
})

test('G4 a seed that was not answered binds nothing, and is asked for again', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  show('<input id="a" value="seed">')
  const gateway = seeded('seed', 'of the document')
  gateway.refuse('SEED', { code: 'UNAVAILABLE' })
  const { socket } = open(gateway)
  socket.greet()
  assert.equal(get('a').value, 'seed')
  mock.timers.tick(3_000)
  assert.equal(get('a').value, 'of the document')
  mock.timers.reset()
})

test('C11 a resumed session leaves the rooms that its page has left', () => {
  show('<input id="a">')
  const { gateway, socket } = open()
  socket.greet(30_000, { resumed: true, rooms: ['r', 'of yesterday'] })
  assert.deepEqual(gateway.heard.filter(({ event }) => event === 'LEAVE_RESOURCE').map(({ payload }) => payload['resourceId']), ['of yesterday'])
})

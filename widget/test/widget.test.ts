import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handle } from '../src/handle.ts'
import { settingsOf } from '../src/options.ts'
import type { Options } from '../src/options.ts'
import { FakeGateway } from './gateway.ts'
import { get, settled, show, type } from './dom.ts'

const markup = '<input id="a" value="page"><input id="b"><input type="checkbox" id="c" checked><textarea id="t">notes</textarea>'

function start(options: Partial<Options> = {}, gateway = new FakeGateway()) {
  const settings = settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', ui: false, ...options }, document)
  const handle = new Handle(settings, document, gateway.open, () => undefined)
  handle.start()
  handle.start()
  return { gateway, handle, socket: gateway.socket }
}

test('G4 fields that nobody wrote are filled from the page, once', () => {
  show(markup)
  const { gateway, handle, socket } = start()
  socket.greet()
  assert.deepEqual([gateway.text('id-a'), gateway.text('id-t'), gateway.doc.getMap('values').get('id-c')], ['page', 'notes', true])
  assert.equal(gateway.count('SEED'), 1)
  assert.deepEqual(handle.fields.map(({ id, kind }) => [id, kind]), [['id-a', 'text'], ['id-b', 'text'], ['id-c', 'checkbox'], ['id-t', 'text']])
  type(get('b'), 'typed')
  assert.equal(gateway.text('id-b'), 'typed')
  handle.destroy()
  show(markup)
  const second = start({}, gateway)
  second.socket.greet()
  assert.equal(gateway.text('id-a'), 'page')
  assert.equal(get('b').value, 'typed')
  assert.equal(gateway.seeds.size, 3)
  second.handle.destroy()
})

test('G4 what was typed before the record came is unsaved, and goes into it then', async () => {
  show(markup)
  const { gateway, handle, socket } = start()
  type(get('a'), 'page, typed early')
  type(get('b'), 'early')
  await settled()
  assert.deepEqual([handle.status.save, handle.status.waiting, handle.status.connection], ['unsaved', 2, 'connecting'])
  gateway.seeds.set('id-a', 'page')
  gateway.write('id-a', 'the page')
  socket.greet()
  assert.equal(gateway.text('id-a'), 'the page, typed early')
  assert.equal(gateway.text('id-b'), 'early')
  assert.equal(get('a').value, 'the page, typed early')
  assert.equal(handle.status.save, 'server')
  handle.destroy()
})

test('G4 a field that comes later is bound, and one that comes back has its text', async () => {
  show(markup)
  const { gateway, handle, socket } = start()
  socket.greet()
  type(get('b'), 'kept')
  get('b').remove()
  await settled()
  assert.equal(handle.fields.length, 3)
  document.body.append(Object.assign(document.createElement('input'), { id: 'b' }))
  document.body.append(Object.assign(document.createElement('input'), { id: 'new', value: 'seed' }))
  await settled()
  assert.equal(get('b').value, 'kept')
  assert.equal(gateway.text('id-new'), 'seed')
  handle.destroy()
})

test('a seed that failed is tried again at the next join, and a seed that was not delivered is fetched', () => {
  show('<input id="a" value="page">')
  const { gateway, handle, socket } = start()
  gateway.refuse('SEED', { code: 'UNAVAILABLE' })
  socket.greet()
  assert.equal(gateway.text('id-a'), '')
  const write = gateway.write.bind(gateway)
  gateway.write = (field, value) => {
    const sockets = gateway.sockets
    gateway.sockets = []
    write(field, value)
    gateway.sockets = sockets
  }
  socket.fail()
  socket.connect()
  socket.greet()
  assert.equal(gateway.text('id-a'), 'page')
  assert.equal(gateway.count('Y_SYNC'), 1)
  type(get('a'), 'page!')
  assert.equal(gateway.text('id-a'), 'page!')
  handle.destroy()
})

test('R2 a viewer sees what others write, and the page as it is where nobody wrote', async () => {
  show(markup)
  const gateway = new FakeGateway()
  gateway.mode = 'viewer'
  const { handle, socket } = start({}, gateway)
  socket.greet()
  await settled()
  assert.equal(get('a').readOnly, true)
  assert.equal(get('a').value, 'page')
  gateway.write('id-a', 'written')
  assert.equal(get('a').value, 'written')
  assert.equal(gateway.count('SEED'), 0)
  handle.destroy()
  assert.equal(get('a').readOnly, false)
})

test('L1 the focus takes the lock and gives it back; another one\'s lock makes the field read-only', async () => {
  show(markup)
  const { gateway, handle, socket } = start({ locking: 'focus' })
  socket.greet()
  get('a').focus()
  assert.equal(gateway.locks.has('id-a'), true)
  get('b').focus()
  assert.deepEqual(gateway.heard.filter(({ event }) => event === 'LOCK_RELEASE').map(({ payload }) => payload['lockId']), ['l_id-a'])
  socket.tell('LOCK_STATUS_CHANGED', { resourceId: 'r', field: 'values/id-c', status: 'locked', userId: 'usr_002', sessionId: 's_2', name: 'Dr Luca Rossi' })
  await settled()
  assert.equal(handle.fields.find(({ id }) => id === 'id-c')?.lockedBy, 'Dr Luca Rossi')
  assert.equal(get('c').getAttribute('aria-readonly'), 'true')
  get('c').focus()
  assert.equal(gateway.heard.filter(({ event, payload }) => event === 'LOCK_ACQUIRE' && payload['field'] === 'values/id-c').length, 0)
  assert.equal((await handle.lock('id-b')).ok, true)
  handle.unlock('id-b')
  assert.equal((await handle.lock('')).ok, true)
  handle.destroy()
  assert.equal(get('c').hasAttribute('aria-readonly'), false)
})

test('L1 the lock of a field that was left is given back when what was typed under it is on the server, not before', () => {
  show(markup)
  const { gateway, handle, socket } = start({ locking: 'focus' })
  socket.greet()
  const emit = socket.emit.bind(socket)
  const late: (() => void)[] = []
  socket.emit = (event, payload, done) => {
    if (event === 'Y_UPDATE') late.push(() => emit(event, payload, done))
    else emit(event, payload, done)
  }
  const released = (): number => gateway.heard.filter(({ event, payload }) => event === 'LOCK_RELEASE' && payload['lockId'] === 'l_id-a').length
  get('a').focus()
  type(get('a'), 'one')
  type(get('a'), 'one two')
  get('b').focus()
  assert.equal(released(), 0)
  late.shift()?.()
  assert.equal(released(), 0, 'the second update waited for the first')
  get('a').focus()
  late.shift()?.()
  assert.deepEqual([gateway.text('id-a'), released()], ['one two', 0], 'the user is back')
  type(get('a'), 'one two three')
  get('b').focus()
  assert.equal(released(), 0)
  late.shift()?.()
  assert.equal(released(), 1)
  handle.destroy()
})

test('L1 the lock of the focused field is asked for at the join, when another gives it back, and when the user is back', async () => {
  show(markup)
  get('a').focus()
  const gateway = new FakeGateway()
  gateway.locks.set('id-a', { lockId: 'l', field: 'id-a', sessionId: 's_2', userId: 'usr_002', name: 'Dr Luca Rossi' })
  const { handle, socket } = start({ locking: 'focus' }, gateway)
  socket.greet()
  assert.equal(gateway.count('LOCK_ACQUIRE'), 0)
  gateway.locks.clear()
  socket.tell('LOCK_RELEASED', { resourceId: 'r', field: 'id-a', userId: 'usr_002', sessionId: 's_2', reason: 'released' })
  assert.equal(gateway.count('LOCK_ACQUIRE'), 1)
  socket.tell('LOCK_RELEASED', { resourceId: 'r', field: 'id-a', userId: 'usr_001', sessionId: socket.session, reason: 'expired' })
  assert.equal(gateway.count('LOCK_ACQUIRE'), 1)
  type(get('a'), 'back')
  assert.equal(gateway.count('LOCK_ACQUIRE'), 2)
  handle.destroy()
  get('a').blur()
  get('b').focus()
  const early = start({ locking: 'focus' })
  assert.equal(early.gateway.count('LOCK_ACQUIRE'), 0)
  early.socket.greet()
  assert.equal(early.gateway.count('LOCK_ACQUIRE'), 1)
  await settled()
  early.handle.destroy()
})

test('the page hears what happens', async () => {
  show(markup)
  const errors: string[] = []
  const { gateway, handle, socket } = start({ onError: ({ code }) => errors.push(code) })
  const heard: string[] = []
  for (const name of ['status', 'users', 'fields', 'saved', 'remote', 'lock', 'draft', 'focus', 'resourceUpdated', 'error'] as const) {
    handle.on(name, () => heard.push(name))
  }
  const stop = handle.on('saved', () => heard.push('never'))
  stop()
  handle.on('saved', () => {
    throw new Error('a listener of the page')
  })
  const { error } = console
  console.error = () => undefined
  socket.greet()
  get('b').focus()
  type(get('b'), 'x')
  console.error = error
  gateway.write('id-b', 'y')
  await handle.lock('id-a')
  gateway.refuse('Y_UPDATE', { code: 'UPDATE_REJECTED', fields: ['id-b'], lockedBy: 'usr_002', reason: 'locked' })
  type(get('b'), 'refused')
  socket.tell('RESOURCE_UPDATED', { resourceId: 'r', deliveryId: 'd' })
  socket.tell('ERROR', { code: 'RATE_LIMITED', message: 'slower' })
  await settled()
  for (const name of ['status', 'users', 'fields', 'saved', 'remote', 'lock', 'draft', 'focus', 'resourceUpdated', 'error']) {
    assert.ok(heard.includes(name), name)
  }
  assert.ok(!heard.includes('never'))
  assert.deepEqual(errors, ['RATE_LIMITED'])
  assert.deepEqual(handle.users.map(({ name }) => name), ['Giulia Conti'])
  assert.equal(get('b').value, 'y')
  handle.destroy()
})

test('what is refused altogether is told', () => {
  show(markup)
  const errors: string[] = []
  const { gateway, handle, socket } = start({ mode: 'editor', onError: ({ code }) => errors.push(code) })
  gateway.refuse('JOIN_RESOURCE', { code: 'PERMISSION_DENIED' })
  socket.greet()
  assert.equal(handle.status.reason, 'PERMISSION_DENIED')
  socket.fail()
  socket.reject({ code: 'UNAUTHORIZED', reason: 'expired' })
  assert.deepEqual(errors, ['PERMISSION_DENIED', 'UNAUTHORIZED'])
  handle.destroy()
})

test('G6 leaving the page with unsaved text asks first, and only then', async () => {
  show(markup)
  const { gateway, handle, socket } = start()
  socket.greet()
  const leave = (): boolean => {
    const event = new Event('beforeunload', { cancelable: true })
    dispatchEvent(event)
    return event.defaultPrevented
  }
  assert.equal(leave(), false)
  gateway.silent = true
  type(get('b'), 'unsaved')
  assert.equal(leave(), true)
  handle.destroy()
  assert.equal(leave(), false)
})

test('destroying twice leaves nothing behind', async () => {
  show(markup)
  const body = document.body.innerHTML
  const { gateway, handle, socket } = start({ locking: 'focus' })
  socket.greet()
  await settled()
  handle.destroy()
  handle.destroy()
  assert.equal(document.body.innerHTML, body)
  type(get('b'), 'no longer shared')
  await settled(20)
  assert.equal(gateway.text('id-b'), '')
  assert.equal(handle.status.connection, 'closed')
})

test('G3 a group of radio buttons that is rendered anew, button by button, is the same field', async () => {
  const buttons = '<input type="radio" name="r" value="1"><input type="radio" name="r" value="2">'
  show(`<form id="f">${buttons}</form><form>${buttons}</form>`)
  const { gateway, handle, socket } = start()
  socket.greet()
  assert.deepEqual(handle.fields.map(({ id, elements }) => [id, elements.length]), [['name-r', 2], ['name-r~2', 2]])
  const second = get<HTMLElement>('f').lastElementChild as HTMLInputElement
  second.click()
  assert.equal(gateway.doc.getMap('values').get('name-r'), '2')
  get<HTMLElement>('f').innerHTML = buttons
  await settled()
  assert.deepEqual(handle.fields.map(({ id }) => id).sort(), ['name-r', 'name-r~2'])
  assert.equal((get<HTMLElement>('f').lastElementChild as HTMLInputElement).checked, true)
  get<HTMLElement>('f').lastElementChild?.remove()
  get<HTMLElement>('f').insertAdjacentHTML('beforeend', '<input type="radio" name="r" value="3">')
  await settled()
  assert.deepEqual(handle.fields.map(({ elements }) => elements.length), [2, 2])
  handle.destroy()
})

test('G2 what was a password on this page stays one, for the next widget too', async () => {
  show('<input type="password" id="first-password"><input id="a">')
  const first = start()
  first.handle.destroy()
  get('first-password').type = 'text'
  const second = start()
  assert.deepEqual(second.handle.fields.map(({ id }) => id), ['id-a'])
  second.handle.destroy()
})

test('G4 the same element, moved, keeps its binding', async () => {
  show('<input id="a"><div id="box"></div>')
  const { gateway, handle, socket } = start()
  socket.greet()
  await settled()
  const seen: number[] = []
  handle.on('fields', (fields) => seen.push(fields.length))
  const field = get('a')
  type(field, 'kept')
  get('box').append(field)
  await settled()
  type(field, 'kept, and more')
  assert.deepEqual([gateway.text('id-a'), seen], ['kept, and more', []])
  handle.destroy()
})

import './dom.ts'
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Handle } from '../src/handle.ts'
import { onNavigation } from '../src/navigation.ts'
import { settingsOf } from '../src/options.ts'
import type { Options } from '../src/options.ts'
import { FakeGateway } from './gateway.ts'
import { get, settled, show, type, window } from './dom.ts'

const A = 'page:/patient/a'
const B = 'page:/patient/b'
const markup = '<input id="x"><input id="y">'
const history = window.history as unknown as History

function open(options: Partial<Options> = {}) {
  const a = Object.assign(new FakeGateway(), { resourceId: A })
  const b = a.other(B)
  const handle = new Handle(settingsOf({ gatewayUrl: 'ws://g', token: 't', ui: false, ...options }, document), document, a.open, () => undefined)
  handle.start()
  const sent = (): string[] => a.heard.filter(({ event }) => /JOIN|LEAVE/.test(event)).map(({ event, payload }) => `${event} ${payload['resourceId']}`)
  return { a, b, handle, socket: a.socket, sent }
}

/** Shows another record on a page of its own, as an application does: the address, then what belongs to it. */
async function go(path: string, body = markup): Promise<void> {
  history.pushState(null, '', path)
  show(body)
  await settled()
}

beforeEach(() => {
  history.replaceState(null, '', '/patient/a')
  show(markup)
})

test('G1 the record follows the path of the page, and nothing else of its address', async () => {
  const { a, b, handle, socket, sent } = open()
  socket.greet()
  const seen: (string | undefined)[] = []
  handle.on('resource', ({ resourceId }) => seen.push(resourceId))
  type(get('x'), 'of a')
  history.pushState(null, '', '/patient/a#notes')
  history.replaceState(null, '', '/patient/a?tab=2')
  await settled()
  assert.deepEqual(sent(), [`JOIN_RESOURCE ${A}`])
  await go('/patient/b')
  type(get('x'), 'of b')
  assert.deepEqual([a.text('id-x'), b.text('id-x'), handle.resourceId], ['of a', 'of b', B])
  await go('/patient/a')
  assert.equal(get('x').value, 'of a')
  assert.deepEqual(sent(), [`JOIN_RESOURCE ${A}`, `LEAVE_RESOURCE ${A}`, `JOIN_RESOURCE ${B}`, `LEAVE_RESOURCE ${B}`, `JOIN_RESOURCE ${A}`])
  assert.deepEqual(seen, [B, A])
  assert.equal(a.sockets.length, 1)
  handle.destroy()
  await go('/patient/b')
  assert.equal(sent().length, 6)
})

test('G1 a record that is named stays, whatever the address', async () => {
  const { handle, socket, sent } = open({ resourceId: A })
  socket.greet()
  await go('/patient/b')
  assert.deepEqual(sent(), [`JOIN_RESOURCE ${A}`])
  handle.destroy()
})

test('G1 a function names the record, or says that there is none', async () => {
  const errors: string[] = []
  const resourceId = ({ pathname }: Location): string | undefined => {
    if (pathname === '/broken') throw new Error('of the page')
    return pathname === '/list' ? undefined : `page:${pathname}`
  }
  const { handle, socket, b } = open({ resourceId, onError: ({ code }) => errors.push(code) })
  socket.greet()
  const told: number[] = []
  handle.on('fields', (fields) => told.push(fields.length))
  await go('/list')
  assert.deepEqual([handle.resourceId, handle.fields.length, handle.users.length, told], [undefined, 0, 0, [0]])
  assert.deepEqual([handle.status.connection, handle.status.save, handle.status.mode], ['connected', 'server', undefined])
  assert.deepEqual(await handle.lock('id-x'), { ok: false, reason: 'NOT_JOINED' })
  handle.unlock('id-x')
  await go('/patient/b')
  type(get('x'), 'of b')
  assert.equal(b.text('id-x'), 'of b')
  await go('/broken')
  assert.deepEqual([handle.resourceId, errors], [undefined, ['RESOURCE_ID']])
  handle.destroy()
})

test('G6 what was typed before leaving goes on to the server, and the record is left when it is there', async () => {
  const { a, handle, socket, sent } = open({ locking: 'focus' })
  socket.greet()
  get('x').focus()
  a.silent = true
  type(get('x'), 'on its way')
  await go('/patient/b')
  assert.deepEqual([handle.status.save, handle.status.waiting], ['unsaved', 1])
  assert.equal(sent().includes(`LEAVE_RESOURCE ${A}`), false)
  assert.equal(a.count('LOCK_RELEASE'), 0)
  a.silent = false
  a.locks.clear() // the session is another one then
  socket.fail()
  socket.connect()
  socket.greet()
  await settled()
  assert.equal(a.text('id-x'), 'on its way')
  assert.deepEqual([handle.status.save, handle.status.waiting], ['server', 0])
  assert.equal(sent().at(-1), `LEAVE_RESOURCE ${A}`)
  handle.destroy()
})

test('G6 back on a page that was left offline, the text is there, and goes to the server once', async () => {
  const { a, b, handle, socket } = open()
  socket.greet()
  socket.fail()
  type(get('x'), 'offline')
  await go('/patient/b')
  type(get('y'), 'early')
  await go('/patient/a')
  assert.equal(get('x').value, 'offline')
  socket.connect()
  socket.greet()
  await settled()
  assert.equal(a.text('id-x'), 'offline')
  assert.equal(b.text('id-y'), '')
  type(get('x'), 'offline, and on')
  assert.equal(a.text('id-x'), 'offline, and on')
  handle.destroy()
})

test('G6 text of a page that was left before its record came is kept as a draft', async () => {
  const { handle } = open()
  const drafts: unknown[] = []
  handle.on('draft', ({ resourceId, field, mine }) => drafts.push([resourceId, field, mine]))
  type(get('x'), 'early')
  await go('/patient/b')
  assert.deepEqual(drafts, [[A, 'id-x', 'early']])
  handle.destroy()
})

test('G6 text that is refused after its page was left is kept as a draft, for that page', async () => {
  const { a, handle, socket } = open()
  const drafts: unknown[] = []
  handle.on('draft', ({ resourceId, field, mine }) => drafts.push([resourceId, field, mine]))
  socket.greet()
  a.silent = true
  type(get('x'), 'mine')
  await go('/patient/b')
  a.silent = false
  a.refuse('Y_UPDATE', { code: 'UPDATE_REJECTED', fields: ['id-x'], lockedBy: 'usr_002', reason: 'locked' })
  socket.fail()
  socket.connect()
  socket.greet()
  await settled()
  assert.deepEqual(drafts, [[A, 'id-x', 'mine']])
  assert.equal(handle.status.save, 'server')
  handle.destroy()
})

test('G1 quick ways back and forth end on the last page, with one widget', async () => {
  const { a, b, handle, socket, sent } = open()
  for (let turn = 0; turn < 5; turn++) {
    history.pushState(null, '', '/patient/b')
    history.pushState(null, '', '/patient/a')
  }
  history.pushState(null, '', '/patient/b')
  show(markup)
  await settled()
  socket.greet() // before, nothing could be joined
  assert.deepEqual(sent(), [`JOIN_RESOURCE ${B}`])
  type(get('x'), 'of b')
  assert.deepEqual([a.text('id-x'), b.text('id-x')], ['', 'of b'])
  handle.destroy()
})

test('G1 a page that is left while its record is being joined is not bound to it', async () => {
  const { a, b, handle, socket, sent } = open()
  a.silent = true
  socket.greet()
  await go('/patient/b')
  a.silent = false
  socket.fail()
  socket.connect()
  socket.greet()
  type(get('x'), 'of b')
  assert.deepEqual([a.text('id-x'), b.text('id-x')], ['', 'of b'])
  assert.deepEqual(sent().slice(-1), [`JOIN_RESOURCE ${B}`])
  handle.destroy()
})

test('G4 what the page still shows of another record is not taken for the new one', async () => {
  show('<input id="x" value="text of a"><input id="y" value="also of a">')
  const { a, b, handle, socket } = open()
  socket.greet()
  b.write('id-y', 'text of b')
  history.pushState(null, '', '/patient/b') // and the page goes on showing a
  await settled(50)
  assert.deepEqual([b.text('id-x'), get('y').value], ['', 'also of a'])
  get('x').value = 'b, from the application'
  await settled(1_300)
  assert.deepEqual([b.text('id-x'), get('y').value], ['b, from the application', 'text of b'])
  type(get('y'), 'text of b, and more')
  assert.deepEqual([a.text('id-y'), b.text('id-y')], ['also of a', 'text of b, and more'])
  handle.destroy()
})

test('G4 what a user types over what was carried over is his, with all that he saw', async () => {
  show('<input id="x" value="seen">')
  const { b, handle, socket } = open()
  socket.greet()
  history.pushState(null, '', '/patient/b')
  await settled()
  const event = new Event('input', { bubbles: true })
  Object.defineProperty(event, 'isTrusted', { value: true })
  get('x').value = 'seen, and more'
  get('x').dispatchEvent(event)
  await settled()
  assert.equal(b.text('id-x'), 'seen, and more')
  handle.destroy()
})

test('G1 a group of radio buttons shows one choice of the page, not an edit of it', async () => {
  show('<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>')
  const { a, handle, socket } = open()
  assert.equal(handle.status.save, 'server')
  a.seeds.set('values/name-r', '2')
  a.write('values/name-r', '1')
  socket.greet()
  assert.equal(a.doc.getMap('values').get('name-r'), '1')
  assert.equal(document.querySelector<HTMLInputElement>('input:checked')?.value, '1')
  handle.destroy()
})

test('G1 the history is as it was afterwards, in whatever order widgets end', () => {
  const moves: string[] = []
  const watch = (name: string) => onNavigation(window as unknown as Window, () => moves.push(name))
  const [first, second] = [watch('first'), watch('second')]
  history.pushState(null, '', '/1')
  assert.deepEqual(moves, ['first', 'second'])
  first()
  first()
  history.pushState(null, '', '/2')
  assert.deepEqual(moves, ['first', 'second', 'second'])
  second()
  history.pushState(null, '', '/3')
  assert.equal(moves.length, 3)
  const [third, fourth] = [watch('third'), watch('fourth')]
  fourth()
  third()
  assert.equal(Object.hasOwn(history, 'replaceState'), false)
})

test('G1 where the browser tells of navigation, nothing is wrapped', () => {
  const navigation = new EventTarget()
  const view = Object.assign(new EventTarget(), { navigation, history: { pushState: history.pushState } })
  const { pushState } = view.history
  let moves = 0
  const stop = onNavigation(view as unknown as Window, () => moves++)
  navigation.dispatchEvent(new Event('currententrychange'))
  assert.equal(view.history.pushState, pushState)
  stop()
  navigation.dispatchEvent(new Event('currententrychange'))
  assert.equal(moves, 1)
})

import './dom.ts'
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Channel } from '../src/channel.ts'
import { Connection } from '../src/connection.ts'
import { SharedDocument } from '../src/document.ts'
import { put } from '../src/edit.ts'
import { Locks } from '../src/locks.ts'
import type { LockAnswer } from '../src/locks.ts'
import { FakeGateway } from './gateway.ts'

function enter() {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const gateway = new FakeGateway()
  const connection = new Connection({ url: 'ws://gateway', token: () => 'token', renewable: false, open: gateway.open })
  const channel = new Channel(connection, 'r')
  const document = new SharedDocument(channel, { resourceType: undefined, mode: undefined })
  const locks = new Locks(channel, document)
  const heard: string[] = []
  locks.events.on('requested', ({ name, message }) => heard.push(`requested ${name}: ${message}`))
  locks.events.on('answered', ({ field, result, name }) => heard.push(`${field} ${result} ${name}`.trim()))
  locks.events.on('taken', ({ field, name, broken }) => heard.push(`${field} taken ${name} ${broken}`))
  connection.tryNow()
  const { socket } = gateway
  const tell = (event: string, fields: object): void => socket.tell(event, { resourceId: 'r', ...fields })
  const sent = (event: string): object | undefined => gateway.heard.filter((one) => one.event === event).at(-1)?.payload
  const end = (): void => {
    locks.end()
    document.end()
    connection.close()
    mock.timers.reset()
  }
  return { gateway, connection, document, locks, socket, tell, sent, heard, end }
}

const luca = { userId: 'usr_002', name: 'Dr Luca Rossi', sessionId: 's_2' }
const held = { field: 'f', lockId: 'l_2', status: 'locked', ...luca }

test('L7 a request reaches the holder, who hands over: the asker is granted the field', () => {
  const { locks, socket, tell, sent, heard, end } = enter()
  socket.greet()
  tell('LOCK_STATUS_CHANGED', held)
  const answers: LockAnswer[] = []
  locks.request('f', 'need it', (answer) => answers.push(answer))
  assert.deepEqual(sent('LOCK_REQUEST'), { resourceId: 'r', field: 'f', message: 'need it' })
  assert.equal(answers[0]?.ok, true)
  assert.equal(locks.asked('f'), true)
  tell('LOCK_ACQUIRED', { field: 'f', lockId: 'l_3', fence: 9, acquiredAt: 1, expiresAt: 2 })
  tell('LOCK_RELEASED', { ...luca, field: 'f', reason: 'released' })
  tell('LOCK_STATUS_CHANGED', { field: 'f', status: 'locked', userId: 'usr_001', sessionId: socket.session })
  assert.deepEqual(heard, ['f granted'])
  assert.deepEqual([locks.own('f')?.fence, locks.own('f')?.name, locks.against('f'), locks.asked('f')], [9, 'Giulia Conti', undefined, false])
  end()
})

test('L7 a request may be declined, and lost to a third', () => {
  const { locks, socket, tell, heard, end } = enter()
  socket.greet()
  tell('LOCK_STATUS_CHANGED', held)
  locks.request('f')
  tell('LOCK_STATUS_CHANGED', { ...held, expiresAt: 99 }) // the holder's lock was extended
  tell('LOCK_REQUEST_DECLINED', { field: 'f', ...luca })
  tell('LOCK_REQUEST_DECLINED', { field: 'f', ...luca })
  locks.request('f')
  tell('LOCK_STATUS_CHANGED', { ...held, userId: 'usr_003', sessionId: 's_3', name: 'Anna Ferri' })
  assert.deepEqual(heard, ['f declined Dr Luca Rossi', 'f lost Anna Ferri'])
  end()
})

test('L7 a request stands for a minute on both sides', () => {
  const { locks, socket, tell, heard, end } = enter()
  socket.greet()
  locks.acquire('own')
  tell('LOCK_STATUS_CHANGED', held)
  tell('LOCK_REQUESTED', { field: 'own', ...luca })
  locks.request('f')
  heard.length = 0
  mock.timers.tick(59_000)
  assert.deepEqual([heard, locks.requests.length, locks.asked('f')], [[], 1, true])
  mock.timers.tick(2_000)
  assert.deepEqual([heard, locks.requests.length, locks.asked('f')], [['f unanswered Dr Luca Rossi'], 0, false])
  end()
})

test('L7 a field that becomes free while it is asked for is taken', () => {
  const { gateway, locks, socket, tell, heard, end } = enter()
  socket.greet()
  tell('LOCK_STATUS_CHANGED', held)
  locks.request('f')
  tell('LOCK_RELEASED', { ...luca, field: 'f', reason: 'expired' })
  assert.equal(gateway.count('LOCK_ACQUIRE'), 1)
  assert.deepEqual([heard, locks.own('f')?.field], [['f granted'], 'f'])
  end()
})

test('L7 a refused request asks no more; one that was cut off is made again at the next join', () => {
  const { gateway, connection, locks, socket, tell, end } = enter()
  gateway.locks.set('f', held)
  socket.greet()
  gateway.refuse('LOCK_REQUEST', { code: 'PERMISSION_DENIED' })
  const answers: LockAnswer[] = []
  locks.request('f', '', (answer) => answers.push(answer))
  assert.deepEqual([answers[0]?.ok, answers[0]?.reason, locks.asked('f')], [false, 'PERMISSION_DENIED', false])
  gateway.silent = true
  locks.request('f', 'again')
  socket.fail()
  assert.equal(locks.asked('f'), true)
  gateway.silent = false
  connection.tryNow()
  socket.greet()
  assert.equal(gateway.count('LOCK_REQUEST'), 3)
  assert.equal(locks.asked('f'), true)
  tell('LOCK_RELEASED', { ...luca, field: 'f', reason: 'expired' })
  end()
})

test('L7 the holder hands over, and only when what was typed is on the server', () => {
  const { gateway, document, locks, socket, tell, sent, heard, end } = enter()
  socket.greet()
  locks.acquire('f')
  tell('LOCK_REQUESTED', { field: 'f', lockId: 'l_f', message: 'need it', ...luca })
  assert.deepEqual([heard, locks.requests.length], [['requested Dr Luca Rossi: need it'], 1])
  gateway.silent = true
  document.edit('f', undefined, (doc) => put(doc, 'f', 'mine'))
  const request = locks.requests[0]
  assert.ok(request)
  locks.handOver(request)
  assert.deepEqual([gateway.count('LOCK_RELEASE'), locks.requests.length], [0, 0])
  gateway.silent = false
  socket.fail()
  gateway.locks.clear()
  socket.connect()
  socket.greet()
  assert.equal(gateway.count('LOCK_RELEASE'), 1)
  assert.deepEqual(sent('LOCK_RELEASE'), { resourceId: 'r', lockId: 'l_f', to: 's_2' })
  assert.equal(locks.own('f'), undefined)
  locks.handOver(request)
  assert.equal(gateway.count('LOCK_RELEASE'), 1)
  end()
})

test('L7 the holder keeps the field, and the asker is told', () => {
  const { gateway, locks, socket, tell, sent, end } = enter()
  socket.greet()
  tell('LOCK_REQUESTED', { field: 'f', ...luca })
  assert.equal(locks.requests.length, 0, 'a request for what is not held')
  locks.acquire('f')
  tell('LOCK_REQUESTED', { field: 'f', ...luca })
  const request = locks.requests[0]
  assert.ok(request)
  locks.decline(request)
  locks.decline(request)
  assert.equal(gateway.count('LOCK_REQUEST_DECLINED'), 1)
  assert.deepEqual(sent('LOCK_REQUEST_DECLINED'), { resourceId: 'r', field: 'f', sessionId: 's_2' })
  assert.equal(locks.own('f')?.field, 'f')
  end()
})

test('L7 a holder who was idle is told to whom the field went', () => {
  const { locks, socket, tell, heard, end } = enter()
  socket.greet()
  locks.acquire('f')
  tell('LOCK_REQUESTED', { field: 'f', ...luca })
  heard.length = 0
  tell('LOCK_RELEASED', { field: 'f', userId: 'usr_001', sessionId: socket.session, reason: 'expired', by: 'usr_002', byName: 'Dr Luca Rossi' })
  tell('LOCK_STATUS_CHANGED', held)
  assert.deepEqual(heard, ['f taken Dr Luca Rossi false'])
  assert.deepEqual([locks.requests.length, locks.against('f')?.name], [0, 'Dr Luca Rossi'])
  end()
})

test('L7 breaking a lock needs a reason, gives the lock, and tells who held it', () => {
  const { gateway, locks, socket, tell, sent, heard, end } = enter()
  gateway.locks.set('f', held)
  socket.greet()
  const answers: LockAnswer[] = []
  gateway.refuse('LOCK_BREAK', { code: 'PERMISSION_DENIED', message: 'no' })
  locks.breakGlass('f', 'allergic reaction', 'ETREAT', (answer) => answers.push(answer))
  assert.equal(locks.against('f')?.name, 'Dr Luca Rossi')
  locks.breakGlass('f', 'allergic reaction', 'ETREAT', (answer) => answers.push(answer))
  assert.deepEqual(answers.map(({ ok }) => ok), [false, true])
  assert.deepEqual(sent('LOCK_BREAK'), { resourceId: 'r', field: 'f', reason: 'allergic reaction', code: 'ETREAT' })
  assert.deepEqual([locks.own('f')?.field, locks.against('f')], ['f', undefined])
  tell('LOCK_RELEASED', { field: 'f', userId: 'usr_001', sessionId: socket.session, reason: 'broken', by: 'usr_002', byName: 'Dr Luca Rossi' })
  assert.deepEqual(heard, ['f taken Dr Luca Rossi true'])
  end()
})

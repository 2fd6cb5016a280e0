import './dom.ts'
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Channel } from '../src/channel.ts'
import { Connection } from '../src/connection.ts'
import { SharedDocument } from '../src/document.ts'
import { Locks } from '../src/locks.ts'
import type { LockAnswer } from '../src/locks.ts'
import { Presence } from '../src/presence.ts'
import { FakeGateway } from './gateway.ts'

function enter() {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const gateway = new FakeGateway()
  const connection = new Connection({ url: 'ws://gateway', token: () => 'token', renewable: false, open: gateway.open })
  const channel = new Channel(connection, 'r')
  const document = new SharedDocument(channel, { resourceType: undefined, mode: undefined })
  const locks = new Locks(channel, document)
  const presence = new Presence(channel, document)
  connection.tryNow()
  const { socket } = gateway
  const tell = (event: string, fields: object): void => socket.tell(event, { resourceId: 'r', ...fields })
  const end = (): void => {
    for (const part of [locks, presence, document]) part.end()
    connection.close()
    mock.timers.reset()
  }
  return { gateway, connection, locks, presence, socket, tell, end }
}

const luca = { userId: 'usr_002', name: 'Dr Luca Rossi', role: 'physician', mode: 'editor', sessions: ['s_2'], joinedAt: 2 }

test('L1 a lock is asked for once, held, extended while somebody is there, and given back', () => {
  const { gateway, locks, socket, end } = enter()
  socket.greet()
  const answers: LockAnswer[] = []
  locks.acquire('f', (answer) => answers.push(answer))
  locks.acquire('f', (answer) => answers.push(answer))
  assert.deepEqual(answers.map(({ ok, lock }) => [ok, lock?.fence]), [[true, 7], [true, 7]])
  assert.equal(gateway.count('LOCK_ACQUIRE'), 1)
  assert.equal(locks.own('f')?.name, 'Giulia Conti')
  assert.equal(locks.any, true)
  mock.timers.tick(10_000)
  assert.equal(gateway.count('LOCK_EXTEND'), 1)
  locks.release('f')
  locks.release('f')
  assert.equal(gateway.count('LOCK_RELEASE'), 1)
  assert.equal(locks.own('f'), undefined)
  end()
})

test('L2 a lock that another holds is denied with the holder', () => {
  const { gateway, locks, socket, end } = enter()
  gateway.locks.set('f', { field: 'f', sessionId: 's_2', userId: 'usr_002', name: 'Dr Luca Rossi' })
  socket.greet()
  assert.equal(locks.against('f')?.name, 'Dr Luca Rossi')
  const denied: string[] = []
  locks.events.on('denied', ({ field, lockedByName }) => denied.push(`${field} ${lockedByName}`))
  locks.acquire('f', ({ ok, reason }) => assert.deepEqual([ok, reason], [false, 'already_locked']))
  assert.deepEqual(denied, ['f Dr Luca Rossi'])
  end()
})

test('L5 others\' locks come and go; a lock on the whole resource is on every field', () => {
  const { locks, socket, tell, end } = enter()
  socket.greet()
  tell('LOCK_STATUS_CHANGED', { status: 'locked', userId: 'usr_002', sessionId: 's_2', name: 'Dr Luca Rossi' })
  assert.equal(locks.against('anything')?.userId, 'usr_002')
  tell('LOCK_RELEASED', { userId: 'usr_003', sessionId: 's_3', reason: 'released' })
  assert.equal(locks.against('anything')?.userId, 'usr_002')
  tell('LOCK_RELEASED', { userId: 'usr_002', sessionId: 's_2', reason: 'expired' })
  assert.equal(locks.against('anything'), undefined)
  socket.tell('LOCK_STATUS_CHANGED', { resourceId: 'another', status: 'locked', field: 'f', userId: 'usr_002', sessionId: 's_2' })
  assert.equal(locks.against('f'), undefined)
  end()
})

test('L3 L4 an own lock that ends otherwise is gone, one that was lost is asked for again', () => {
  const { gateway, locks, socket, tell, end } = enter()
  socket.greet()
  locks.acquire('f')
  tell('LOCK_STATUS_CHANGED', { status: 'locked', field: 'f', userId: 'usr_001', sessionId: socket.session })
  assert.equal(locks.own('f')?.fence, 7)
  tell('LOCK_RELEASED', { field: 'f', userId: 'usr_001', sessionId: socket.session, reason: 'broken' })
  assert.equal(locks.own('f'), undefined)
  locks.acquire('g')
  gateway.refuse('LOCK_EXTEND', { code: 'LOCK_LOST' })
  mock.timers.tick(10_000)
  assert.equal(gateway.count('LOCK_ACQUIRE'), 3)
  assert.equal(locks.own('g')?.field, 'g')
  tell('LOCK_STATUS_CHANGED', { status: 'locked', field: 'g', userId: 'usr_001', sessionId: 'other tab', name: 'Giulia Conti' })
  assert.equal(locks.own('g'), undefined)
  assert.equal(locks.against('g')?.sessionId, 'other tab')
  end()
})

test('a lock that is wanted is asked for again after a reconnection; one given up meanwhile is not kept', () => {
  const { gateway, connection, locks, socket, end } = enter()
  socket.greet()
  locks.acquire('f')
  socket.fail()
  assert.equal(locks.own('f'), undefined)
  gateway.locks.clear()
  connection.tryNow()
  socket.greet()
  assert.equal(gateway.count('LOCK_ACQUIRE'), 2)
  assert.equal(locks.own('f')?.field, 'f')
  locks.acquire('g', ({ ok }) => assert.equal(ok, true))
  locks.releaseAll()
  assert.equal(locks.any, false)
  socket.fail()
  locks.acquire('h', ({ ok, reason }) => assert.deepEqual([ok, reason], [false, 'LOST']))
  end()
})

test('R1 R3 people come, have several tabs, and leave', () => {
  const { presence, socket, tell, end } = enter()
  const heard: string[] = []
  presence.events.on('users', (users) => heard.push(users.map(({ name }) => name).join()))
  socket.greet()
  tell('USER_JOINED', { user: luca })
  tell('USER_JOINED', { user: { ...luca, sessions: ['s_2', 's_3'] } })
  assert.equal(presence.users[1]?.sessions.length, 2)
  tell('AWARENESS', { userId: 'usr_002', sessionId: 's_3', state: { field: 'f' } })
  assert.deepEqual([...presence.in('f')], ['usr_002'])
  tell('USER_LEFT', { userId: 'usr_002', sessionId: 's_3', reason: 'left' })
  assert.deepEqual([...presence.in('f')], [])
  assert.deepEqual(heard, ['Giulia Conti', 'Giulia Conti,Dr Luca Rossi', 'Giulia Conti,Dr Luca Rossi', 'Giulia Conti'])
  end()
})

test('R6 own awareness is sent when it changes, not too often, again for newcomers, and from time to time', () => {
  const { gateway, presence, socket, tell, end } = enter()
  socket.greet()
  mock.timers.tick(150)
  const sent = (): unknown[] => gateway.heard.filter(({ event }) => event === 'AWARENESS').map(({ payload }) => (payload['state'] as { field: string }).field)
  const before = sent().length
  for (const field of ['a', 'b', 'b', 'c']) presence.enter(field)
  mock.timers.tick(150)
  assert.deepEqual(sent().slice(before), ['c'])
  tell('USER_JOINED', { user: luca })
  mock.timers.tick(150)
  mock.timers.tick(25_000)
  assert.deepEqual(sent().slice(before), ['c', 'c', 'c'])
  socket.fail()
  assert.deepEqual([...presence.in('c')], [])
  end()
})

test('R6 where the focus is is told to nobody before the join', () => {
  const { gateway, presence, socket, end } = enter()
  gateway.refuse('JOIN_RESOURCE', { code: 'UNAVAILABLE', retryAfterMs: 1_000 })
  socket.greet()
  presence.enter('a')
  mock.timers.tick(500)
  assert.equal(gateway.count('AWARENESS'), 0)
  mock.timers.tick(500)
  assert.equal(gateway.count('JOIN_RESOURCE'), 2)
  mock.timers.tick(500)
  assert.equal(gateway.count('AWARENESS'), 1)
  end()
})

import './dom.ts'
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { backoff } from '../src/backoff.ts'
import { Connection } from '../src/connection.ts'
import { Vault } from '../src/offline/vault.ts'
import { endpoint } from '../src/socket.ts'
import { Browser, rest, storeOf, tokenOf } from './browser.ts'
import { FakeGateway } from './gateway.ts'

function connect(options: { renewable?: boolean; token?: () => string | Promise<string> } = {}) {
  const gateway = new FakeGateway()
  const { renewable = false, token = () => 'token' } = options
  const connection = new Connection({ url: 'ws://gateway', token, renewable, open: gateway.open })
  connection.tryNow()
  return { gateway, connection, socket: gateway.socket, state: () => connection.state.name }
}

const urls: [string, string, string][] = [
  ['wss://gateway.example', 'https://gateway.example', '/ws/'],
  ['ws://127.0.0.1:8080/', 'http://127.0.0.1:8080', '/ws/'],
  ['https://gateway.example/corsia/ws', 'https://gateway.example', '/corsia/ws/'],
]
for (const [url, origin, path] of urls) {
  test(`C1 the gateway's URL ${url}`, () => assert.deepEqual(endpoint(url), { origin, path }))
}
test('C1 another scheme is refused', () => assert.throws(() => endpoint('ftp://gateway.example'), TypeError))

test('back-off doubles, is spread, and has an end', () => {
  assert.equal(backoff(0, () => 1), 500)
  assert.equal(backoff(3, () => 1), 4000)
  assert.equal(backoff(3, () => 0), 800)
  assert.equal(backoff(50, () => 1), 15_000)
})

test('C4 the connection is open when it was greeted, and answers what is asked', () => {
  const { gateway, connection, socket, state } = connect()
  assert.equal(state(), 'connecting')
  connection.request('Y_SYNC', {}, ({ code }) => assert.equal(code, 'LOST'))
  socket.greet()
  assert.equal(state(), 'open')
  assert.equal(connection.session?.userId, 'usr_001')
  let code
  gateway.refuse('ANY', { code: 'BAD_REQUEST' })
  connection.request('ANY', {}, (answer) => (code = answer.code))
  assert.equal(code, 'BAD_REQUEST')
  connection.close()
  connection.close()
  assert.equal(state(), 'closed')
})

test('what waits for an answer is told that the connection is lost, and the next try follows by itself', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { gateway, connection, socket, state } = connect()
  socket.greet()
  gateway.silent = true
  const codes: string[] = []
  connection.request('Y_UPDATE', {}, ({ code }) => codes.push(code))
  socket.fail()
  assert.deepEqual(codes, ['LOST'])
  assert.equal(state(), 'waiting')
  mock.timers.tick(500)
  assert.equal(state(), 'connecting')
  assert.equal(socket.attempts, 2)
  connection.close()
  mock.timers.reset()
})

test('C11 a session whose transport was lost is named at the next try, one that the gateway ended is not', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { gateway, connection, socket } = connect()
  const credentials = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return gateway.credentials.at(-1)
  }
  assert.deepEqual(await credentials(), { token: 'token' })
  socket.greet()
  socket.fail('transport close')
  mock.timers.tick(500)
  assert.deepEqual(await credentials(), { token: 'token', sessionId: 's_1.1', resumeKey: 'key 1' })
  socket.reject({ code: 'UNAVAILABLE' })
  mock.timers.tick(20_000)
  assert.deepEqual(await credentials(), { token: 'token', sessionId: 's_1.1', resumeKey: 'key 1' })
  socket.greet()
  socket.fail('io server disconnect')
  mock.timers.tick(500)
  assert.deepEqual(await credentials(), { token: 'token' })
  socket.greet()
  dispatchEvent(new Event('pagehide'))
  assert.equal(socket.connected, false)
  mock.timers.tick(500)
  assert.deepEqual(await credentials(), { token: 'token' })
  assert.equal(gateway.credentials.length, 5)
  connection.close()
  mock.timers.reset()
})

test('C5 a heartbeat that is not answered ends the connection', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { gateway, connection, socket, state } = connect()
  socket.greet(1000)
  mock.timers.tick(1000)
  mock.timers.tick(1000)
  assert.equal(gateway.count('HEARTBEAT'), 2)
  assert.equal(state(), 'open')
  gateway.silent = true
  mock.timers.tick(1000)
  mock.timers.tick(1000)
  assert.equal(state(), 'waiting')
  connection.close()
  mock.timers.reset()
})

test('an attempt that fails is followed by the next, however often', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { connection, socket, state } = connect()
  for (let attempt = 0; attempt < 3; attempt++) {
    socket.reject()
    assert.equal(state(), 'waiting')
    mock.timers.tick(20_000)
  }
  assert.equal(socket.attempts, 4)
  connection.close()
  mock.timers.reset()
})

test('C6 the gateway says how long to stay away', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { connection, socket, state } = connect()
  socket.greet()
  socket.tell('SERVER_DRAINING', { retryAfterMs: 40_000 })
  socket.fail()
  mock.timers.tick(40_000)
  assert.equal(state(), 'waiting', 'all who were told the same come back spread out')
  mock.timers.tick(500)
  assert.equal(state(), 'connecting')
  connection.close()
  mock.timers.reset()
})

test('A4 a token that is refused is not tried again, unless the page can give a newer one', () => {
  const fixed = connect()
  fixed.socket.reject({ code: 'UNAUTHORIZED', reason: 'expired' })
  assert.deepEqual(fixed.connection.state, { name: 'refused', reason: 'expired' })
  fixed.connection.tryNow()
  assert.equal(fixed.state(), 'connecting')
  fixed.connection.close()

  const renewable = connect({ renewable: true })
  for (const want of ['waiting', 'waiting', 'refused']) {
    renewable.socket.reject({ code: 'UNAUTHORIZED', reason: 'expired' })
    assert.equal(renewable.state(), want)
  }
  renewable.connection.close()
  const revoked = connect({ renewable: true })
  revoked.socket.reject({ code: 'UNAUTHORIZED', reason: 'revoked' })
  assert.equal(revoked.state(), 'refused')
  revoked.connection.close()
})

test('A5 a token that ends soon is renewed in place', async () => {
  let number = 0
  const { gateway, connection, socket } = connect({ renewable: true, token: () => Promise.resolve(`token ${++number}`) })
  await new Promise((resolve) => setImmediate(resolve))
  socket.greet()
  socket.tell('TOKEN_EXPIRING', { expiresAt: 1 })
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(gateway.heard.map(({ event, payload }) => [event, payload['token']]), [['TOKEN_REFRESH', 'token 2']])
  socket.tell('UNAUTHORIZED', { reason: 'revoked' })
  socket.fail()
  assert.deepEqual(connection.state, { name: 'refused', reason: 'revoked' })
  connection.close()
})

test('a page that has no token now is asked again later', async () => {
  const { connection, state } = connect({ renewable: true, token: () => Promise.reject(new Error('not yet')) })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(state(), 'waiting')
  connection.close()
})

test('G7 the browser says that it is offline and that it is not', () => {
  const { connection, socket, state } = connect()
  socket.greet()
  dispatchEvent(new Event('offline'))
  assert.equal(state(), 'waiting')
  assert.equal(socket.connected, false)
  dispatchEvent(new Event('online'))
  assert.equal(state(), 'connecting')
  connection.close()
})

test('G7 a connection that is doubtful is asked for a sign of life, and given up when none comes', () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] })
  const { gateway, connection, socket, state } = connect()
  socket.greet()
  document.dispatchEvent(new Event('visibilitychange'))
  assert.equal(gateway.count('HEARTBEAT'), 1)
  mock.timers.tick(5_000)
  assert.equal(state(), 'open')
  gateway.silent = true
  mock.timers.setTime(Date.now() + 3_600_000) // the lid was closed for an hour: one late tick, and nothing was heard
  mock.timers.tick(5_000)
  mock.timers.tick(5_000)
  assert.equal(state(), 'waiting')
  assert.deepEqual(socket.suspicions, 0)
  document.dispatchEvent(new Event('visibilitychange'))
  assert.equal(state(), 'connecting')
  connection.close()
  mock.timers.reset()
})

test('G7 an answer that does not come makes the connection doubtful', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { gateway, connection, socket, state } = connect()
  socket.greet()
  gateway.silent = true
  connection.request('Y_UPDATE', {}, () => undefined)
  mock.timers.tick(10_000)
  assert.equal(gateway.count('HEARTBEAT'), 1)
  mock.timers.tick(5_000)
  assert.equal(state(), 'waiting')
  connection.close()
  mock.timers.reset()
})

test('G7 a connection in which everything is swallowed makes the next one go another way', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const { gateway, connection, socket, state } = connect()
  socket.greet(30_000)
  gateway.silent = true
  mock.timers.tick(30_000)
  mock.timers.tick(30_000)
  assert.deepEqual([state(), socket.suspicions], ['waiting', 1])
  connection.close()
  mock.timers.reset()
})

test('F1 what the gateway does without is known until it has it again, or another session begins', () => {
  const { connection, socket } = connect()
  socket.greet()
  socket.tell('DEGRADED', { what: 'state', since: 1 })
  socket.tell('DEGRADED', { what: 'bus', since: 1 })
  assert.deepEqual(connection.degraded, ['state', 'bus'])
  socket.tell('RECOVERED', { what: 'state' })
  assert.deepEqual(connection.degraded, ['bus'])
  socket.greet()
  assert.deepEqual(connection.degraded, [])
  connection.close()
})

test('G7 another user than before is not let into what the first one has typed', async () => {
  new Browser()
  let userId = 'usr_001'
  const gateway = new FakeGateway()
  const vault = new Vault('ws://gateway')
  const connection = new Connection({ url: 'ws://gateway', token: () => tokenOf(userId), renewable: true, open: gateway.open, store: storeOf(vault) })
  connection.tryNow()
  await rest()
  gateway.socket.greet()
  gateway.socket.fail()
  userId = 'usr_002'
  document.dispatchEvent(new Event('visibilitychange'))
  await rest()
  assert.deepEqual(connection.state, { name: 'refused', reason: 'user_changed' })
  assert.equal(gateway.credentials.length, 1)
  connection.close()
})

test('C11 after a crash the session is resumed, but never that of a page which lives', async () => {
  const browser = new Browser()
  sessionStorage.clear()
  const begin = async () => {
    const gateway = new FakeGateway()
    const vault = new Vault('ws://gateway')
    const connection = new Connection({ url: 'ws://gateway', token: () => tokenOf('usr_001'), renewable: false, open: gateway.open, store: storeOf(vault) })
    connection.tryNow()
    await vault.places().catch(() => undefined)
    await rest()
    await vault.places()
    return { gateway, vault, connection, socket: gateway.socket }
  }
  const first = await begin()
  first.socket.greet()
  const memory = sessionStorage.getItem('corsia ws://gateway') ?? ''
  const duplicate = await begin()
  assert.deepEqual(duplicate.gateway.credentials, [{ token: tokenOf('usr_001') }])
  duplicate.connection.close()
  browser.locks.kill(first.vault.tab.id)
  sessionStorage.setItem('corsia ws://gateway', memory)
  const after = await begin()
  assert.deepEqual(after.gateway.credentials, [{ token: tokenOf('usr_001'), sessionId: 's_1.1', resumeKey: 'key 1' }])
  after.socket.greet()
  dispatchEvent(new Event('pagehide'))
  assert.equal(sessionStorage.getItem('corsia ws://gateway'), null, 'a page that leaves in good order ends its session')
  for (const { connection } of [first, after]) connection.close()
})

// Connecting, and what every event has in common (SPEC 3), with the unmodified client.
import assert from 'node:assert/strict'
import { connect, open, tokenFor, Client } from './lib/client.mjs'
import { main, marker, report, test, until } from './lib/suite.mjs'

const room = name => `page:/connection/${name}`

/** The error that refuses a client. */
const refusal = options => new Promise((done, fail) => {
  const socket = open(options)
  socket.on('connect_error', done)
  socket.on('CONNECTED', () => fail(new Error('it was let in')))
})

test('CONNECTED tells the session, the user and the clock (C4)', async () => {
  const before = Date.now()
  const { me } = await connect('usr_me', { claims: { name: 'Dr Rossi', role: 'surgeon' } })
  const { sessionId, resumeKey, serverTime, ...rest } = me
  assert.deepEqual(rest, { userId: 'usr_me', name: 'Dr Rossi', role: 'surgeon', heartbeatInterval: 30000, resumed: false, protocol: 1, permissions: { breakGlass: false } })
  assert.match(sessionId, /^\S{16,}$/)
  assert.match(resumeKey, /^\S{32,}$/)
  assert.ok(Number.isInteger(serverTime) && serverTime >= before - 1000 && serverTime <= Date.now() + 1000)
  report('connected', { session: sessionId })
})

test('Two sessions never have the same id or resume key (C4)', async () => {
  const [a, b] = [await connect('usr_me'), await connect('usr_me')]
  assert.notEqual(a.me.sessionId, b.me.sessionId)
  assert.notEqual(a.me.resumeKey, b.me.resumeKey)
})

for (const path of ['/ws/', '/socket.io/']) {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test(`An unmodified client works at ${path} by ${transports.join(' and then ')} (C1)`, async () => {
      const name = path + transports
      const [a, b] = [await connect('usr_a', { path, transports }), await connect('usr_b')]
      const [da, db] = [await a.join(room(name)), await b.join(room(name))]
      assert.equal((await da.insert('notes', marker)).ok, true)
      await db.shows('notes', marker)
      assert.equal((await db.insert('notes', '!')).ok, true)
      await da.shows('notes', marker + '!')
      if (transports.length === 2) {
        await until('the upgrade', () => a.socket.io.engine.transport.name === 'websocket')
        assert.equal((await da.insert('notes', '?')).ok, true)
      }
      const big = 'x'.repeat(300_000) // more than one frame, and base64 when polling
      assert.equal((await da.insert('other', big)).ok, true)
      await db.shows('other', big)
    })
  }
}

for (const transports of [['polling'], ['websocket']]) {
  test(`The token may travel in the Authorization header, by ${transports} (A1)`, async () => {
    const socket = open({ transports, extraHeaders: { authorization: `Bearer ${tokenFor('usr_header')}` } })
    const client = new Client(socket)
    assert.equal((await client.next('CONNECTED')).userId, 'usr_header')
  })
}

test('A client without a token is told missing_token, and may try again with one (A4)', async () => {
  const socket = open()
  const error = await new Promise(done => socket.once('connect_error', done))
  assert.equal(error.message, 'UNAUTHORIZED')
  assert.deepEqual(error.data, { code: 'UNAUTHORIZED', reason: 'missing_token' })
  socket.auth = { token: tokenFor('usr_again') }
  socket.connect()
  assert.equal((await new Client(socket).next('CONNECTED')).userId, 'usr_again')
})

test('A token in the query string is not accepted (A1)', async () => {
  assert.equal((await refusal({ query: { token: tokenFor('usr_query') } })).data.reason, 'missing_token')
})

test('An unknown namespace is refused (C1)', async () => {
  const a = await connect('usr_me')
  const other = a.socket.io.socket('/other')
  const error = await new Promise(done => { other.on('connect_error', done); other.connect() })
  assert.equal(error.message, 'Invalid namespace')
  assert.ok((await a.call('HEARTBEAT', {})).ok)
})

test('HEARTBEAT is answered by HEARTBEAT_ACK with the server\'s time, and by the callback (C5)', async () => {
  const a = await connect('usr_me')
  a.socket.emit('HEARTBEAT')
  const { serverTime } = await a.next('HEARTBEAT_ACK')
  assert.ok(Number.isInteger(serverTime) && Math.abs(serverTime - Date.now()) < 2000)
  assert.equal((await a.call('HEARTBEAT', {})).ok, true)
})

test('An unknown event is refused with a code, by callback and by ERROR, and the connection goes on (SPEC 3)', async () => {
  const a = await connect('usr_me')
  assert.equal((await a.refusal('NO_SUCH_EVENT', { x: 1 })).code, 'UNKNOWN_EVENT')
  a.socket.emit('NO_SUCH_EVENT', { x: 1 })
  const { event, code, message } = await a.next('ERROR')
  assert.deepEqual({ event, code, text: typeof message }, { event: 'NO_SUCH_EVENT', code: 'UNKNOWN_EVENT', text: 'string' })
  assert.equal((await a.call('HEARTBEAT', {})).ok, true)
})

const bad = [
  ['JOIN_RESOURCE', undefined], ['JOIN_RESOURCE', 'page:/1'], ['JOIN_RESOURCE', {}], ['JOIN_RESOURCE', { resourceId: 7, mode: 'editor' }],
  ['JOIN_RESOURCE', { resourceId: 'page:/1' }], ['JOIN_RESOURCE', { resourceId: 'page:/1', mode: 'owner' }],
  ['JOIN_RESOURCE', { resourceId: 'page:/1', mode: 'editor', stateVector: 'AAAA' }],
  ['JOIN_RESOURCE', { resourceId: 'a'.repeat(513), mode: 'editor' }], ['JOIN_RESOURCE', { resourceId: '', mode: 'editor' }],
  ['JOIN_RESOURCE', { resourceId: 'page:user:1', mode: 'editor' }], ['JOIN_RESOURCE', { resourceId: 'page:users', mode: 'editor' }],
  ['JOIN_RESOURCE', { resourceId: 'page:state', mode: 'editor' }], ['JOIN_RESOURCE', { resourceId: 'page:metadata', mode: 'editor' }],
  ['JOIN_RESOURCE', { resourceId: 'page:\u0000', mode: 'editor' }],
  ['Y_UPDATE', { resourceId: room('bad') }], ['Y_UPDATE', { resourceId: room('bad'), update: 'AAA=' }],
  ['Y_UPDATE', { resourceId: room('bad'), update: [256] }], ['Y_UPDATE', { resourceId: room('bad'), update: [-1] }],
  ['Y_UPDATE', { resourceId: room('bad'), update: { length: 3 } }], ['Y_UPDATE', null], ['Y_UPDATE', [1, 2]],
  ['SEED', { resourceId: room('bad') , values: 'x' }], ['SEED', { resourceId: room('bad'), values: { '': 'x' } }],
  ['AWARENESS', { resourceId: room('bad'), state: 'x'.repeat(3000) }], ['Y_SYNC', { resourceId: room('bad'), stateVector: {} }],
  ['LOCK_ACQUIRE', {}], ['LOCK_ACQUIRE', { resourceId: room('bad'), field: 'a'.repeat(600) }],
  ['LOCK_ACQUIRE', { resourceId: room('bad'), field: 'f', ttl: 0 }], ['LOCK_ACQUIRE', { resourceId: room('bad'), field: 'f', ttl: 301 }],
  ['LOCK_ACQUIRE', { resourceId: room('bad'), field: 'f', ttl: 1.5 }], ['LOCK_ACQUIRE', { resourceId: room('bad'), field: 'f', ttl: '5' }],
  ['LOCK_ACQUIRE', { resourceId: room('bad'), field: 'f', waitMs: -1 }], ['LOCK_RELEASE', {}], ['LOCK_EXTEND', 7],
  ['LEAVE_RESOURCE', {}], ['LEAVE_RESOURCE', { resourceId: room('elsewhere') }], ['TOKEN_REFRESH', 'x'],
]

test('Malformed payloads are refused with a code, and the connection and its room go on (issue: what bad input gets)', async () => {
  const [a, b] = [await connect('usr_bad'), await connect('usr_b')]
  const [doc, other] = [await a.join(room('bad')), await b.join(room('bad'))]
  for (const [name, fields] of bad) {
    const { code, message } = await a.refusal(name, fields)
    assert.match(code, /^[A-Z_]+$/, `${name} ${JSON.stringify(fields)}`)
    assert.notEqual(code, 'INTERNAL', `${name} ${JSON.stringify(fields)}: ${message}`)
    assert.ok(message, `${name} has no message`)
  }
  assert.equal(a.ended, '')
  assert.equal((await doc.insert('notes', marker)).ok, true)
  await other.shows('notes', marker)
  assert.deepEqual((await b.waiting('ERROR')), [])
})

test('Every malformed payload comes as ERROR with its event when there is no callback (SPEC 3)', async () => {
  const a = await connect('usr_bad')
  await a.join(room('bad'))
  for (const [name, fields] of bad) {
    a.socket.emit(name, fields)
    const { event, code } = await a.next(name === 'LOCK_RELEASE' ? 'LOCK_LOST' : 'ERROR', e => e.event === name || e.code === 'LOCK_LOST')
    assert.match(code, /^[A-Z_]+$/)
    if (name !== 'LOCK_RELEASE') assert.equal(event, name)
  }
  assert.equal(a.ended, '')
})

test('Resource ids of 512 bytes with all that is printable are fine (SPEC R)', async () => {
  const a = await connect('usr_me')
  for (const id of ['é'.repeat(256), 'page:/ä#1|2%3?x=y&z', '💊', ' ']) {
    assert.equal((await a.join(id)).resourceId, id)
  }
})

await main()

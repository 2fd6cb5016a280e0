// The unmodified socket.io-client against gateway/socketio:
//
//   node scenarios.mjs <scenario> <url> <transports, comma-separated>
//
// prints "ok" and exits 0, or explains itself and exits 1. The server is that of
// socketio_test.go.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { io } from 'socket.io-client'

const [scenario, url, transports] = process.argv.slice(2)

function connect(namespace = '/', options = {}) {
  return io(url + namespace, {
    path: '/ws/',
    transports: transports.split(','),
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...options,
  })
}

/** Resolves with the arguments of the next event. */
function next(socket, event, ms = 10_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${ms} ms`)), ms)
    socket.once(event, (...args) => {
      clearTimeout(timer)
      resolve(args)
    })
  })
}

/** Connects and, where both transports are allowed, waits for the upgrade. */
async function open(namespace, options) {
  const socket = connect(namespace, options)
  await next(socket, 'connect')
  const engine = socket.io.engine
  if (transports === 'polling,websocket' && engine.transport.name === 'polling') {
    await new Promise((resolve) => engine.once('upgrade', resolve))
  }
  assert.equal(engine.transport.name, transports.split(',').at(-1))
  return socket
}

const ask = (socket, ...args) => socket.timeout(10_000).emitWithAck(...args)

const bytes = (length, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255)
const equalBytes = (got, want) => assert.ok(Buffer.from(got).equals(Buffer.from(want)), 'the bytes differ')

const scenarios = {
  async echoes() {
    const socket = await open('/', { auth: { token: 'abc' } })
    assert.match(socket.id, /^[\w-]{20}$/)
    const values = [1, -0.5, 'gänge 😀 "\\\n', null, true, { a: [1, { b: 'c' }] }, []]
    socket.emit('echo', ...values)
    assert.deepEqual(await next(socket, 'echo'), values)
    socket.emit('echo')
    assert.deepEqual(await next(socket, 'echo'), [])
    assert.deepEqual(await ask(socket, 'auth'), { token: 'abc' })
    socket.disconnect()
  },

  async acknowledges() {
    const socket = await open()
    assert.deepEqual(await ask(socket, 'ack', { a: 1 }), { a: 1 })
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(socket, 'ack', i)))
    assert.deepEqual(answers, [...answers.keys()])
    await assert.rejects(socket.timeout(200).emitWithAck('silence'))
    socket.disconnect()
  },

  async binary() {
    const socket = await open()
    const [small, none] = [bytes(40), new Uint8Array(0)]
    const got = await ask(socket, 'ack', { resourceId: 'r', update: small, more: [{ deep: Buffer.from('x') }, none] })
    equalBytes(got.update, small)
    equalBytes(got.more[0].deep, Buffer.from('x'))
    equalBytes(got.more[1], none)
    socket.emit('echo', small, 'text', bytes(5, 9))
    const [a, text, b] = await next(socket, 'echo')
    equalBytes(a, small)
    assert.equal(text, 'text')
    equalBytes(b, bytes(5, 9))
    socket.disconnect()
  },

  async bigPayloads() {
    const socket = await open()
    // base64 makes four bytes of three on polling, and all must stay below maxPayload
    const size = transports === 'polling' ? 600_000 : 900 * 1024
    equalBytes(await ask(socket, 'ack', bytes(size)), bytes(size))
    const text = 'ä'.repeat(size / 2 - 100)
    assert.equal(await ask(socket, 'ack', text), text)
    const state = await ask(socket, 'state') // 3 MiB, shared
    equalBytes(state, bytes(3 << 20, 7))
    socket.disconnect()
  },

  async tooBig() {
    const socket = await open()
    const gone = next(socket, 'disconnect')
    socket.emit('echo', bytes(2 << 20))
    const [reason] = await gone
    assert.match(reason, /^transport (close|error)$/)
    await next(socket, 'connect') // and again by itself
    assert.equal(await ask(socket, 'ack', 1), 1)
    socket.disconnect()
  },

  async order() {
    // a flood both ways from the first moment, through the upgrade
    const socket = connect()
    const got = []
    socket.on('number', (n) => got.push(n))
    const count = 3000
    socket.on('connect', () => socket.emit('flood', count))
    let last
    for (let i = 0; i < count; i++) {
      last = ask(socket, 'count', i)
      if (i % 100 === 0) await sleep(1)
    }
    assert.equal(await last, count, 'what the server received, in order')
    while (got.length < count) await sleep(10)
    assert.deepEqual(got, [...got.keys()])
    if (transports === 'polling,websocket') assert.equal(socket.io.engine.transport.name, 'websocket')
    socket.disconnect()
  },

  async namespaces() {
    const main = await open('/')
    const custom = main.io.socket('/custom', { auth: { who: 'custom' } })
    custom.connect()
    await next(custom, 'connect')
    assert.notEqual(main.id, custom.id)
    assert.deepEqual(await ask(custom, 'auth'), { who: 'custom' })
    equalBytes(await ask(custom, 'ack', bytes(9)), bytes(9))
    custom.disconnect()
    assert.equal(await ask(main, 'ack', 'still'), 'still')
    main.disconnect()
  },

  async refusals() {
    const unknown = connect('/unknown')
    assert.equal((await next(unknown, 'connect_error'))[0].message, 'Invalid namespace')
    unknown.disconnect()
    const refused = connect('/', { auth: { token: 'bad' } })
    const [error] = await next(refused, 'connect_error')
    assert.equal(error.message, 'UNAUTHORIZED')
    assert.deepEqual(error.data, { code: 'UNAUTHORIZED', reason: 'expired' })
    refused.auth = { token: 'good' }
    refused.connect()
    await next(refused, 'connect')
    refused.disconnect()
  },

  async disconnects() {
    const socket = await open()
    const first = socket.id
    const kicked = next(socket, 'disconnect')
    socket.emit('kick')
    assert.match((await kicked)[0], /^transport (close|error)$/)
    await next(socket, 'connect')
    assert.notEqual(socket.id, first)
    const closed = next(socket, 'disconnect')
    socket.emit('close')
    assert.match((await closed)[0], /^transport (close|error)$/)
    await next(socket, 'connect')
    const sent = next(socket, 'disconnect')
    const bye = next(socket, 'bye')
    socket.emit('disconnect me')
    assert.deepEqual(await bye, ['after this'])
    assert.equal((await sent)[0], 'io server disconnect')
    await sleep(300)
    assert.equal(socket.connected, false, 'connected again by itself')
    socket.connect()
    await next(socket, 'connect')
    socket.disconnect()
  },

  async reconnects() {
    const socket = await open()
    for (let round = 0; round < 3; round++) {
      const gone = next(socket, 'disconnect')
      const back = next(socket, 'connect')
      socket.emit('restart') // the whole server, on the same port
      await gone
      await back
      assert.equal(await ask(socket, 'ack', round), round)
    }
    socket.disconnect()
  },

  async heartbeats() {
    const socket = await open()
    let pings = 0
    socket.io.on('ping', () => pings++)
    await sleep(1500) // several intervals and time-outs of the test server
    assert.ok(pings >= 3, `${pings} pings`)
    assert.equal(await ask(socket, 'ack', 1), 1)
    socket.disconnect()
  },
}

try {
  await scenarios[scenario]()
  console.log('ok')
  process.exit(0)
} catch (error) {
  console.error(error)
  process.exit(1)
}

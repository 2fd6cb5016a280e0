import './dom.ts'
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { Decoder, Encoder } from 'socket.io-parser'
import { openSocket } from '../src/socket.ts'
import { contentOf, decode, encodeEvent } from '../src/transport/packet.ts'
import { WebSocketTransport } from '../src/transport/websocket.ts'

/** What stands in for the browser's WebSocket. */
class FakeWebSocket {
  static all: FakeWebSocket[] = []
  readonly url: string
  sent: unknown[] = []
  closed = false
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null

  constructor(url: string) {
    this.url = url
    FakeWebSocket.all.push(this)
  }

  send(data: unknown): void {
    this.sent.push(data)
  }

  close(): void {
    this.closed = true
  }

  say(...frames: unknown[]): void {
    for (const data of frames) this.onmessage?.({ data })
  }
}

const newest = (): FakeWebSocket => FakeWebSocket.all.at(-1) as FakeWebSocket
const hello = `0${JSON.stringify({ sid: 'x', pingInterval: 1000, pingTimeout: 500 })}`

Object.defineProperty(globalThis, 'WebSocket', { configurable: true, value: FakeWebSocket })
beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }))
afterEach(() => mock.timers.reset())

function open() {
  const told: unknown[][] = []
  const transport = new WebSocketTransport({ origin: 'https://gateway', path: '/ws/' }, (use) => use({ token: 't' }), {
    connected: () => told.push(['connected']),
    refused: (data) => told.push(['refused', data]),
    ended: (reason) => told.push(['ended', reason]),
    heard: (...values) => told.push(['heard', ...values]),
  })
  transport.connect()
  return { transport, told, socket: newest() }
}

function connected() {
  const all = open()
  all.socket.say(hello, '40{"sid":"y"}')
  all.told.length = 0
  return all
}

const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => !/_placeholder|__proto__/.test(JSON.stringify(value)))
const binary = fc.uint8Array({ maxLength: 8 }).map((bytes) => new Uint8Array(bytes))
const events = fc.tuple(fc.constantFrom('Y_UPDATE', 'a "b"'), fc.dictionary(fc.string({ maxLength: 3 }).filter((key) => key !== '__proto__'), fc.oneof(json, binary), { maxKeys: 4 }))

test('C1 events are written as socket.io-parser writes them', () => {
  fc.assert(fc.property(events, fc.option(fc.nat(), { nil: undefined }), (data, id) => {
    const expected = new Encoder().encode({ type: 2, nsp: '/', data: structuredClone(data), id })
    assert.deepEqual(encodeEvent(id, data), expected)
  }))
})

test('C1 what socket.io-parser writes is read as it reads it', () => {
  fc.assert(fc.property(events, fc.constantFrom(2, 3), fc.option(fc.nat(), { nil: undefined }), (data, type, id) => {
    const [text, ...attachments] = new Encoder().encode({ type, nsp: '/', data: structuredClone(data), id })
    let theirs
    const decoder = new Decoder()
    decoder.on('decoded', (packet) => (theirs = packet.data))
    for (const frame of [text, ...attachments]) decoder.add(frame)
    const packet = decode(text)
    assert.equal(packet?.wanted, attachments.length)
    assert.equal(packet?.id, id)
    assert.deepEqual(packet && contentOf(packet, attachments), theirs)
  }))
})

test('C1 a socket opens, names itself, and is connected when the gateway takes it', () => {
  const { told, socket } = open()
  assert.equal(socket.url, 'wss://gateway/ws/?EIO=4&transport=websocket')
  socket.say(hello)
  assert.deepEqual(socket.sent, ['40{"token":"t"}'])
  socket.say('40{"sid":"y"}', '42["CONNECTED",{"sessionId":"s_1"}]')
  assert.deepEqual(told, [['connected'], ['heard', 'CONNECTED', { sessionId: 's_1' }]])
})

test('A4 the reason of a refusal is told, and the socket closed', () => {
  const { told, socket } = open()
  socket.say(hello, '44{"message":"UNAUTHORIZED","data":{"code":"UNAUTHORIZED","reason":"expired"}}')
  assert.deepEqual(told, [['refused', { code: 'UNAUTHORIZED', reason: 'expired' }]])
  assert.equal(socket.closed, true)
})

test('acknowledgements and attachments find what they belong to', () => {
  const { transport, told, socket } = connected()
  const answers: unknown[] = []
  transport.emit('Y_SYNC', { stateVector: new Uint8Array([1]) }, (value: unknown) => answers.push(value))
  transport.emit('HEARTBEAT', {})
  assert.deepEqual(socket.sent.slice(1), ['451-0["Y_SYNC",{"stateVector":{"_placeholder":true,"num":0}}]', new Uint8Array([1]), '42["HEARTBEAT",{}]'])
  const data = new Uint8Array([7]).buffer
  socket.say('461-0[{"ok":true,"update":{"_placeholder":true,"num":0}}]', data, '430[{"twice":true}]')
  assert.deepEqual(answers, [{ ok: true, update: data }])
  socket.say('452-["Y_UPDATE",{"a":{"_placeholder":true,"num":1},"b":{"_placeholder":true,"num":0}}]', data, new ArrayBuffer(2))
  assert.deepEqual(told, [['heard', 'Y_UPDATE', { a: new ArrayBuffer(2), b: data }]])
})

for (const [what, frames] of Object.entries({ 'no packet': ['4x'], 'no JSON': ['42[{'], 'an attachment too many': [new ArrayBuffer(1)], 'a text too early': ['451-["a",{"_placeholder":true,"num":0}]', '42["b"]'] })) {
  test(`${what} ends the connection and reaches nobody`, () => {
    const { told, socket } = connected()
    socket.say(...frames)
    assert.deepEqual(told, [['ended', 'parse error']])
    assert.equal(socket.closed, true)
    socket.say('42["late"]')
    assert.equal(told.length, 1)
  })
}

test('C2 pings are answered, and a server that is silent is given up', () => {
  const { told, socket } = connected()
  mock.timers.tick(1400)
  socket.say('2')
  assert.equal(socket.sent.at(-1), '3')
  mock.timers.tick(1400)
  assert.deepEqual(told, [])
  mock.timers.tick(100)
  assert.deepEqual(told, [['ended', 'ping timeout']])
})

test('after a sleep nothing is sent into a connection that is dead', () => {
  const { transport, told, socket } = connected()
  const sent = socket.sent.length
  mock.timers.setTime(100_000) // the clock goes on, timers do not run
  transport.emit('Y_UPDATE', {})
  assert.equal(socket.sent.length, sent)
  assert.deepEqual(told, [['ended', 'ping timeout']])
})

test('an end is told once, by its reason, and an attempt that was called off by none', () => {
  const called = open()
  called.transport.disconnect()
  assert.deepEqual([called.told, called.socket.closed], [[], true])
  const { transport, told, socket } = connected()
  transport.disconnect()
  transport.disconnect()
  assert.equal(socket.sent.at(-1), '41')
  assert.deepEqual(told, [['ended', 'io client disconnect']])
  const ended = connected()
  ended.socket.say('41')
  assert.deepEqual(ended.told, [['ended', 'io server disconnect']])
  const lost = open()
  mock.timers.tick(10_000)
  lost.socket.onclose?.()
  assert.deepEqual(lost.told, [['refused', undefined]])
})

test('a token that comes too late is not sent', () => {
  let use: (credentials: { token: string }) => void = () => undefined
  const socket = openSocket('ws://gateway', (one) => (use = one))
  socket.connect()
  newest().say(hello)
  const first = newest()
  socket.disconnect()
  socket.connect()
  use({ token: 'late' })
  assert.deepEqual([first.sent, newest().sent], [[], []])
  socket.disconnect()
})

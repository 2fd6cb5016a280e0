import { fieldsOf, number } from '../protocol.ts'
import { Timer } from '../timer.ts'
import { PACKET, contentOf, decode, encodeEvent } from './packet.ts'
import type { Packet } from './packet.ts'
import { OPEN_TIMEOUT_MS } from './transport.ts'
import type { Authenticate, Ear, Endpoint, Transport } from './transport.ts'

/** What an Engine.IO frame begins with. */
const OPEN = '0'
const CLOSE = '1'
const PING = '2'
const PONG = '3'
const MESSAGE = '4'

type Acknowledge = (value: unknown) => void

/**
 * Socket.IO over one WebSocket (C1, C2), which is what nearly every page needs of it: one namespace, events with
 * attachments, acknowledgements. Pages whose network breaks WebSocket use PollingTransport.
 */
export class WebSocketTransport implements Transport {
  #url: string
  #auth: Authenticate
  #ear: Ear
  #socket: WebSocket | undefined
  #connected = false
  /** For the opening, and then for the server's pings. */
  #pulse = new Timer()
  /** How long the server may be silent, in milliseconds, and until when: timers do not run while a computer sleeps. */
  #patience = 0
  #deadline = Infinity
  #acknowledgements = new Map<number, Acknowledge>()
  #nextId = 0
  /** A packet that waits for its attachments. */
  #partial: { readonly packet: Packet; readonly attachments: ArrayBuffer[] } | undefined

  constructor({ origin, path }: Endpoint, auth: Authenticate, ear: Ear) {
    this.#url = `${origin.replace('http', 'ws')}${path}?EIO=4&transport=websocket`
    this.#auth = auth
    this.#ear = ear
  }

  connect(): void {
    if (this.#socket !== undefined) return
    this.#pulse.set(OPEN_TIMEOUT_MS, () => this.#end('timeout'))
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onclose = () => this.#end('transport close')
    socket.onmessage = ({ data }) => {
      try {
        if (typeof data === 'string') this.#frame(data)
        else this.#attachment(data as ArrayBuffer)
      } catch {
        this.#end('parse error')
      }
    }
  }

  emit(...values: unknown[]): void {
    if (Date.now() > this.#deadline) return this.#end('ping timeout')
    if (!this.#connected) return
    const acknowledge = values.at(-1)
    let id
    if (typeof acknowledge === 'function') {
      id = this.#nextId++
      this.#acknowledgements.set(id, acknowledge as Acknowledge)
      values.pop()
    }
    const [text, ...attachments] = encodeEvent(id, values)
    this.#socket?.send(MESSAGE + text)
    for (const one of attachments) this.#socket?.send(one)
  }

  disconnect(): void {
    if (this.#connected) this.#socket?.send(MESSAGE + PACKET.disconnect)
    this.#end('io client disconnect')
  }

  #frame(frame: string): void {
    const rest = frame.slice(1)
    if (frame[0] === OPEN) this.#opened(fieldsOf(JSON.parse(rest)))
    else if (frame[0] === CLOSE) this.#end('transport close')
    else if (frame[0] === PING) {
      this.#socket?.send(PONG + rest)
      this.#alive()
    } else if (frame[0] === MESSAGE) {
      const packet = decode(rest)
      if (packet === undefined || this.#partial !== undefined) throw new Error('no packet')
      if (packet.wanted > 0) this.#partial = { packet, attachments: [] }
      else this.#received(packet, [])
    }
  }

  #attachment(data: ArrayBuffer): void {
    const { packet, attachments } = this.#partial ?? {}
    if (packet === undefined || attachments === undefined) throw new Error('no packet to attach it to')
    if (attachments.push(data) < packet.wanted) return
    this.#partial = undefined
    this.#received(packet, attachments)
  }

  #opened({ pingInterval, pingTimeout }: { pingInterval?: unknown; pingTimeout?: unknown }): void {
    this.#patience = number(pingInterval) + number(pingTimeout)
    this.#alive()
    const socket = this.#socket
    this.#auth((credentials) => {
      if (socket === this.#socket) socket?.send(`${MESSAGE}${PACKET.connect}${JSON.stringify(credentials)}`)
    })
  }

  #alive(): void {
    this.#deadline = Date.now() + this.#patience
    this.#pulse.set(this.#patience, () => this.#end('ping timeout'))
  }

  #received(packet: Packet, attachments: readonly ArrayBuffer[]): void {
    const content = contentOf(packet, attachments)
    const values = Array.isArray(content) ? content : []
    switch (packet.type) {
      case PACKET.connect:
        this.#connected = true
        return this.#ear.connected()
      case PACKET.connectError:
        this.#close()
        return this.#ear.refused(fieldsOf(content)['data'] ?? {})
      case PACKET.disconnect:
        return this.#end('io server disconnect')
      case PACKET.ack:
      case PACKET.binaryAck: {
        const acknowledge = this.#acknowledgements.get(packet.id ?? -1)
        this.#acknowledgements.delete(packet.id ?? -1)
        return acknowledge?.(values[0])
      }
      default:
        this.#ear.heard(String(values[0]), ...values.slice(1))
    }
  }

  #end(reason: string): void {
    if (this.#socket === undefined) return
    const connected = this.#connected
    this.#close()
    if (connected) this.#ear.ended(reason)
    else if (reason !== 'io client disconnect') this.#ear.refused()
  }

  #close(): void {
    const socket = this.#socket
    if (socket !== undefined) {
      socket.onclose = socket.onmessage = null
      socket.close()
    }
    this.#socket = this.#partial = undefined
    this.#connected = false
    this.#deadline = Infinity
    this.#pulse.clear()
    this.#acknowledgements.clear()
  }
}

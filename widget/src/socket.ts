import type { Authenticate, Ear, Endpoint, Transport } from './transport/transport.ts'
import { WebSocketTransport } from './transport/websocket.ts'

export type { Credentials } from './transport/transport.ts'

/** Once WebSocket has worked on this page, long polling is tried only after so many failures in a row. */
const FAILURES_OF_A_GOOD_NETWORK = 3

type Listener = (...values: unknown[]) => void
type AnyListener = (event: string, ...values: unknown[]) => void

/** What the connection needs of a Socket.IO socket; tests give a small one of their own. */
export interface Socket {
  on(event: string, listener: Listener): unknown
  onAny(listener: AnyListener): unknown
  emit(event: string, ...values: unknown[]): unknown
  connect(): unknown
  disconnect(): unknown
  off(): unknown
  offAny(): unknown
  /** What went by this way was swallowed: the next connection should go by another. */
  suspect?(): void
}

/** Opens sockets; `auth` is asked again before each attempt. */
export type OpenSocket = (url: string, auth: Authenticate) => Socket

/** Splits the gateway's URL. `wss:` and `ws:` mean `https:` and `http:`; without a path of its own it is `/ws/` (C1). */
export function endpoint(url: string, base?: string): Endpoint {
  const parsed = new URL(url.replace(/^ws/i, 'http'), base)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new TypeError('CollabSDK: gatewayUrl must be a ws, wss, http or https URL')
  }
  const path = parsed.pathname.replace(/\/*$/, '/')
  return { origin: parsed.origin, path: path === '/' ? '/ws/' : path }
}

/** Opens a socket; it does not connect and never reconnects by itself: Connection decides when. */
export const openSocket: OpenSocket = (url, auth) => new Line(endpoint(url, document.baseURI), auth)

/**
 * A socket that goes by WebSocket, and by turns by long polling when that fails (G7). Long polling is loaded when it is
 * first needed; a page that cannot load it goes on trying WebSocket.
 */
class Line implements Socket {
  #listeners = new Map<string, Listener>()
  #any: AnyListener | undefined
  #openPolling: () => Promise<Transport>
  #webSocket: Transport
  #polling: Transport | undefined
  #current: Transport
  /** Attempts in a row that did not reach the gateway, and how many are taken for a network that breaks WebSocket. */
  #failures = 0
  #tolerated = 1

  constructor(where: Endpoint, auth: Authenticate) {
    const ear: Ear = {
      connected: () => {
        if (this.#current === this.#webSocket) {
          this.#failures = 0
          this.#tolerated = FAILURES_OF_A_GOOD_NETWORK
        }
        this.#tell('connect')
      },
      refused: (data) => {
        if (data === undefined) this.#failed()
        this.#tell('connect_error', { data })
      },
      ended: (reason) => this.#tell('disconnect', reason),
      heard: (...values) => this.#any?.(...values),
    }
    this.#webSocket = this.#current = new WebSocketTransport(where, auth, ear)
    this.#openPolling = async () => {
      const { PollingTransport } = await import('./transport/polling.ts')
      return new PollingTransport(where, auth, ear)
    }
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, listener)
  }

  onAny(listener: AnyListener): void {
    this.#any = listener
  }

  off(): void {
    this.#listeners.clear()
  }

  offAny(): void {
    this.#any = undefined
  }

  connect(): void {
    const failures = this.#failures - this.#tolerated
    this.#current = (failures >= 0 && failures % 2 === 0 && this.#polling) || this.#webSocket
    this.#current.connect()
  }

  emit(event: string, ...values: unknown[]): void {
    this.#current.emit(event, ...values)
  }

  disconnect(): void {
    this.#current.disconnect()
  }

  /** A connection by this way was good and then swallowed everything. */
  suspect(): void {
    this.#tolerated = 1
    this.#failed()
  }

  #failed(): void {
    this.#failures++
    if (this.#polling !== undefined || this.#failures < this.#tolerated || !navigator.onLine) return
    this.#openPolling().then(
      (transport) => (this.#polling ??= transport),
      () => undefined,
    )
  }

  #tell(event: string, ...values: unknown[]): void {
    this.#listeners.get(event)?.(...values)
  }
}

import { Manager } from 'socket.io-client'

const OPEN_TIMEOUT_MS = 10_000

/** What the connection needs of a Socket.IO socket; tests give a small one of their own. */
export interface Socket {
  on(event: string, listener: (...values: unknown[]) => void): unknown
  onAny(listener: (event: string, ...values: unknown[]) => void): unknown
  emit(event: string, ...values: unknown[]): unknown
  connect(): unknown
  disconnect(): unknown
  off(): unknown
  offAny(): unknown
}

/** What authenticates a client (A1), and names the session that it had before its transport was lost (C11). */
export interface Credentials {
  readonly token: string
  readonly sessionId?: string
  readonly resumeKey?: string
}

/** Opens sockets; `auth` is asked again before each attempt. `preferPolling` is read before each attempt, too. */
export type OpenSocket = (url: string, auth: (use: (credentials: Credentials) => void) => void) => Socket & PrefersPolling

/** Lets the connection begin with long polling, where something on the way breaks WebSocket (G7). */
export interface PrefersPolling {
  preferPolling(): void
}

/** An origin and a Socket.IO path. */
export interface Endpoint {
  readonly origin: string
  readonly path: string
}

/** Splits the gateway's URL. `wss:` and `ws:` mean `https:` and `http:`; without a path of its own it is `/ws/` (C1). */
export function endpoint(url: string, base?: string): Endpoint {
  const parsed = new URL(url.replace(/^ws/i, 'http'), base)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new TypeError('CollabSDK: gatewayUrl must be a ws, wss, http or https URL')
  }
  const path = parsed.pathname.replace(/\/*$/, '/')
  return { origin: parsed.origin, path: path === '/' ? '/ws/' : path }
}

/** Opens a socket with socket.io-client; it does not connect and never reconnects by itself: Connection decides when. */
export const openSocket: OpenSocket = (url, auth) => {
  const { origin, path } = endpoint(url, document.baseURI)
  const options = {
    path,
    autoConnect: false,
    reconnection: false,
    timeout: OPEN_TIMEOUT_MS,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
  }
  const manager = new Manager(origin, options)
  const socket = manager.socket('/', { auth: (use) => auth((credentials) => use({ ...credentials })) })
  return Object.assign(socket as unknown as Socket, {
    preferPolling: () => {
      manager.opts.transports = ['polling', 'websocket']
    },
  })
}

/** What authenticates a client (A1), and names the session that it had before its transport was lost (C11). */
export interface Credentials {
  readonly token: string
  readonly sessionId?: string
  readonly resumeKey?: string
}

/** Asks for credentials, before each attempt. */
export type Authenticate = (use: (credentials: Credentials) => void) => void

/** An origin and a Socket.IO path. */
export interface Endpoint {
  readonly origin: string
  readonly path: string
}

/** Whom a transport tells what happens to it. */
export interface Ear {
  /** The gateway took the CONNECT packet. */
  connected(): void
  /** An attempt failed; `data` is the gateway's, if it was the gateway that refused. */
  refused(data?: unknown): void
  /** A connection ended, in the words of socket.io-client. */
  ended(reason: string): void
  heard(event: string, ...values: unknown[]): void
}

/** One way to the gateway. It connects when told to, and never again by itself. */
export interface Transport {
  connect(): void
  /** Sends an event; a function as the last value is called with the acknowledgement, if that comes. */
  emit(event: string, ...values: unknown[]): void
  disconnect(): void
}

/** An attempt that takes longer has failed, in milliseconds. */
export const OPEN_TIMEOUT_MS = 10_000

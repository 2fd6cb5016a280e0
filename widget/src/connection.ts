import { backoff } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { LOST, answer, fieldsOf, number, session, text } from './protocol.ts'
import type { Answer, Session } from './protocol.ts'
import type { OpenSocket } from './socket.ts'
import { Timer } from './timer.ts'

/** After a word of the browser that it is offline, the connection is tried this often all the same. */
const OFFLINE_PROBE_MS = 60_000
/** CONNECTED must come this soon after the socket opened. */
const GREETING_MS = 10_000
const REFUSALS_BEFORE_GIVING_UP = 3

/** Where the connection stands. `until` is a local time in milliseconds. */
export type ConnectionState =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'open'; readonly session: Session }
  | { readonly name: 'waiting'; readonly attempt: number; readonly until: number }
  | { readonly name: 'refused'; readonly reason: string }
  | { readonly name: 'closed' }

interface Events {
  state: ConnectionState
  /** What the gateway sent, by its name. */
  message: { readonly event: string; readonly payload: unknown }
}

/** Set by the constructor, never changed. */
export interface ConnectionOptions {
  readonly url: string
  readonly token: () => string | Promise<string>
  /** Reports whether `token` can give a newer one than the first. */
  readonly renewable: boolean
  readonly open: OpenSocket
}

/**
 * Keeps one authenticated session with the gateway (C4, C5, A5), reconnecting with jitter until closed. Nothing is
 * queued: what could not be sent is answered LOST, and callers send again what they still need after the next `open`.
 */
export class Connection {
  readonly events = new Emitter<Events>()
  #options: ConnectionOptions
  #state: ConnectionState = { name: 'idle' }
  #life = new Lifetime()
  #retry = new Timer()
  /** For CONNECTED, and then for heartbeats. */
  #pulse = new Timer()
  #heartbeatAnswered = true
  #pending = new Set<(answer: Answer) => void>()
  #attempt = 0
  #refusals = 0
  /** Why the gateway refuses the token; empty while it does not. */
  #reason = ''
  /** The least delay that the gateway asked for, in milliseconds. */
  #asked = 0
  #userId = ''
  /** The last session, while it may be resumed. */
  #last: Session | undefined
  #socket

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.open(options.url, (use) => this.#withToken((token) => use({ token, ...this.#resume() })))
    this.#socket.onAny((event, payload) => this.#received(event, payload))
    this.#socket.on('connect', () => this.#pulse.set(GREETING_MS, () => this.#drop()))
    this.#socket.on('connect_error', (error) => this.#refused(fieldsOf(fieldsOf(error)['data'])))
    this.#socket.on('disconnect', (reason) => {
      if (reason === 'io server disconnect') this.#last = undefined // the gateway ended the session
      this.#disconnected()
    })
    this.#life.listen(window, 'offline', () => this.#goOffline())
    this.#life.listen(window, 'online', () => this.tryNow())
    this.#life.listen(window, 'pagehide', () => this.#leave())
  }

  /** The state now. */
  get state(): ConnectionState {
    return this.#state
  }

  /** The session, while the connection is open. */
  get session(): Session | undefined {
    return this.#state.name === 'open' ? this.#state.session : undefined
  }

  /** The user's own id; empty until the first session. */
  get userId(): string {
    return this.#userId
  }

  /** Connects: for the first time, or at once instead of waiting, or again after a refusal. */
  tryNow(): void {
    const { name } = this.#state
    if (name !== 'idle' && name !== 'waiting' && name !== 'refused') return
    this.#refusals = 0
    this.#asked = 0
    this.#connect()
  }

  /** Sends an event without an answer; when the connection is not open it is lost. */
  send(event: string, payload: object): void {
    if (this.session !== undefined) this.#socket.emit(event, payload)
  }

  /** Sends an event and calls `done` once: with the answer, or with LOST when the connection ends before. */
  request(event: string, payload: object, done: (answer: Answer) => void): void {
    if (this.session === undefined) return done({ code: LOST, fields: {} })
    const settle = (result: Answer): void => {
      if (this.#pending.delete(settle)) done(result)
    }
    this.#pending.add(settle)
    this.#socket.emit(event, payload, (value: unknown) => settle(answer(value)))
  }

  /** Ends the session for good. */
  close(): void {
    if (this.#state.name === 'closed') return
    this.#life.end()
    this.#pulse.clear()
    this.#retry.clear()
    this.#socket.offAny()
    this.#socket.off()
    this.#socket.disconnect()
    this.#enter({ name: 'closed' })
    this.events.clear()
  }

  #connect(): void {
    this.#retry.clear()
    this.#enter({ name: 'connecting', attempt: this.#attempt })
    this.#socket.connect()
  }

  /** Gives the page's token to `use`. A page that has none is waited for like a gateway that is away. */
  #withToken(use: (token: string) => void): void {
    Promise.resolve()
      .then(this.#options.token)
      .then(use)
      .catch(() => this.#drop())
  }

  /** The page goes: a word of it, so that the session does not wait for its return. A page that is shown again reconnects. */
  #leave(): void {
    this.#last = undefined
    this.#socket.disconnect()
  }

  /** Names the session that was lost, so that its rooms and locks are kept (C11). */
  #resume(): { sessionId?: string; resumeKey?: string } {
    if (this.#last === undefined) return {}
    const { sessionId, resumeKey } = this.#last
    return { sessionId, resumeKey }
  }

  #received(event: string, payload: unknown): void {
    const fields = fieldsOf(payload)
    this.#asked = Math.max(this.#asked, number(fields['retryAfterMs']))
    if (event === 'CONNECTED') return this.#greeted(session(payload))
    if (event === 'HEARTBEAT_ACK') this.#heartbeatAnswered = true
    if (event === 'UNAUTHORIZED') this.#reason = text(fields['reason']) || 'expired'
    if (event === 'TOKEN_EXPIRING' && this.#options.renewable) {
      this.#withToken((token) => this.send('TOKEN_REFRESH', { token }))
    }
    this.events.emit('message', { event, payload })
  }

  #greeted(greeting: Session): void {
    this.#attempt = 0
    this.#refusals = 0
    this.#asked = 0
    this.#userId = greeting.userId
    this.#last = greeting
    this.#heartbeatAnswered = true
    this.#planHeartbeat(greeting.heartbeatInterval)
    this.#enter({ name: 'open', session: greeting })
  }

  #planHeartbeat(interval: number): void {
    this.#pulse.set(interval, () => {
      if (!this.#heartbeatAnswered) return this.#drop()
      this.#heartbeatAnswered = false
      this.send('HEARTBEAT', {})
      this.#planHeartbeat(interval)
    })
  }

  #refused({ code, reason, retryAfterMs }: { code?: unknown; reason?: unknown; retryAfterMs?: unknown }): void {
    this.#asked = Math.max(this.#asked, number(retryAfterMs))
    if (code === 'UNAUTHORIZED') this.#reason = text(reason) || 'unauthorized'
    this.#disconnected()
  }

  /** After any end of the connection: gives up when the token can't get better, else waits for the next try. */
  #disconnected(): void {
    if (this.#state.name === 'closed') return
    this.#pulse.clear()
    const reason = this.#reason
    this.#reason = ''
    if (reason !== '' && this.#isHopeless(reason)) this.#enter({ name: 'refused', reason })
    else if (this.#state.name !== 'waiting') this.#wait(Math.max(this.#asked, backoff(this.#attempt)))
  }

  #isHopeless(reason: string): boolean {
    this.#refusals++
    return !this.#options.renewable || reason === 'revoked' || this.#refusals >= REFUSALS_BEFORE_GIVING_UP
  }

  #wait(ms: number): void {
    this.#attempt++
    this.#retry.set(ms, () => this.#connect())
    this.#enter({ name: 'waiting', attempt: this.#attempt, until: Date.now() + ms })
  }

  #goOffline(): void {
    if (this.#state.name === 'refused' || this.#state.name === 'idle') return
    this.#wait(OFFLINE_PROBE_MS)
    this.#drop()
  }

  /** Gives up a connection that is open in name alone. */
  #drop(): void {
    this.#socket.disconnect()
    this.#disconnected()
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    this.events.emit('state', state)
    if (state.name === 'open') return
    for (const settle of [...this.#pending]) settle({ code: LOST, fields: {} })
  }
}

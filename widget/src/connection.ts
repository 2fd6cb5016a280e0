import { backoff } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { answer, fieldsOf, lost, number, refusal, session, text } from './protocol.ts'
import type { Answer, Session } from './protocol.ts'
import type { OpenSocket } from './socket.ts'
import { Timer } from './timer.ts'

/** After a word of the browser that it is offline, the connection is tried this often all the same. */
const OFFLINE_PROBE_MS = 60_000
/** CONNECTED must come this soon after the socket opened. */
const GREETING_MS = 10_000
/** After so many tries that never reached the gateway, long polling goes first. */
const TRIES_BEFORE_POLLING = 3
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
  tokenExpiring: { readonly expiresAt: number; readonly renewed: boolean }
}

/** Set by the constructor, never changed. */
export interface ConnectionOptions {
  readonly url: string
  readonly token: () => string | Promise<string>
  /** Reports whether `token` can give a newer one than the first. */
  readonly renewable: boolean
  readonly open: OpenSocket
  readonly window: EventTarget
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
  #retryTimer = new Timer()
  #greetingTimer = new Timer()
  #heartbeat = new Timer()
  #heartbeatAnswered = true
  #pending = new Set<(answer: Answer) => void>()
  #attempt = 0
  #refusals = 0
  #refusedFor = ''
  /** The least delay that the gateway asked for, in milliseconds. */
  #asked = 0
  #everOpen = false
  #socket

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.open(options.url, (use) => this.#giveToken(use))
    this.#socket.onAny((event, payload) => this.#received(event, payload))
    this.#socket.on('connect', () => this.#greetingTimer.set(GREETING_MS, () => this.#drop('no greeting')))
    this.#socket.on('connect_error', (error) => this.#notConnected(error))
    this.#socket.on('disconnect', () => this.#disconnected())
    this.#life.listen(options.window, 'offline', () => this.#goOffline())
    this.#life.listen(options.window, 'online', () => this.tryNow())
  }

  /** The state now. */
  get state(): ConnectionState {
    return this.#state
  }

  /** The session, while the connection is open. */
  get session(): Session | undefined {
    return this.#state.name === 'open' ? this.#state.session : undefined
  }

  /** Begins to connect. */
  start(): void {
    if (this.#state.name === 'idle') this.#connect()
  }

  /** Connects at once instead of waiting, also after a refusal. */
  tryNow(): void {
    if (this.#state.name !== 'waiting' && this.#state.name !== 'refused') return
    this.#refusals = 0
    this.#asked = 0
    this.#connect()
  }

  /** Sends an event without an answer. Reports whether it could be sent. */
  send(event: string, payload: object): boolean {
    if (this.#state.name !== 'open') return false
    this.#socket.emit(event, payload)
    return true
  }

  /** Sends an event and calls `done` once: with the answer, or with LOST when the connection ends before. */
  request(event: string, payload: object, done: (answer: Answer) => void): void {
    if (this.#state.name !== 'open') return done(lost('not connected'))
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
    this.#stopTimers()
    this.#retryTimer.clear()
    this.#socket.offAny()
    this.#socket.off()
    this.#socket.disconnect()
    this.#enter({ name: 'closed' })
    this.#loseAll()
    this.events.clear()
  }

  #connect(): void {
    this.#retryTimer.clear()
    if (!this.#everOpen && this.#attempt === TRIES_BEFORE_POLLING) this.#socket.preferPolling()
    this.#enter({ name: 'connecting', attempt: this.#attempt })
    this.#socket.connect()
  }

  #giveToken(use: (token: string) => void): void {
    Promise.resolve()
      .then(() => this.#options.token())
      .then(use)
      .catch(() => this.#drop('no token'))
  }

  #received(event: string, payload: unknown): void {
    if (event === 'CONNECTED') return this.#greeted(session(payload))
    if (event === 'HEARTBEAT_ACK') this.#heartbeatAnswered = true
    if (event === 'SERVER_DRAINING' || event === 'ERROR') {
      this.#asked = Math.max(this.#asked, number(fieldsOf(payload)['retryAfterMs']))
    }
    if (event === 'TOKEN_EXPIRING') this.#renewToken(number(fieldsOf(payload)['expiresAt']))
    if (event === 'UNAUTHORIZED') this.#refusedFor = text(fieldsOf(payload)['reason']) || 'expired'
    this.events.emit('message', { event, payload })
  }

  #greeted(greeting: Session | undefined): void {
    if (greeting === undefined || this.#state.name === 'closed') return
    this.#greetingTimer.clear()
    this.#attempt = 0
    this.#refusals = 0
    this.#asked = 0
    this.#everOpen = true
    this.#heartbeatAnswered = true
    this.#planHeartbeat(greeting.heartbeatInterval)
    this.#enter({ name: 'open', session: greeting })
  }

  #planHeartbeat(interval: number): void {
    this.#heartbeat.set(interval, () => {
      if (!this.#heartbeatAnswered) return this.#drop('heartbeat not answered')
      this.#heartbeatAnswered = false
      this.send('HEARTBEAT', {})
      this.#planHeartbeat(interval)
    })
  }

  #renewToken(expiresAt: number): void {
    const { renewable, token } = this.#options
    this.events.emit('tokenExpiring', { expiresAt, renewed: renewable })
    if (!renewable) return
    Promise.resolve()
      .then(token)
      .then((fresh) => this.send('TOKEN_REFRESH', { token: fresh }))
      .catch(() => this.events.emit('tokenExpiring', { expiresAt, renewed: false }))
  }

  #notConnected(error: unknown): void {
    const refused = refusal(fieldsOf(error)['data'])
    this.#asked = Math.max(this.#asked, refused.retryAfterMs ?? 0)
    if (refused.code !== 'UNAUTHORIZED') return this.#disconnected()
    this.#refusedFor = text(refused.fields['reason']) || 'unauthorized'
    this.#disconnected()
  }

  #disconnected(): void {
    if (this.#state.name === 'closed') return
    this.#stopTimers()
    const reason = this.#refusedFor
    this.#refusedFor = ''
    if (reason !== '' && this.#hopeless(reason)) this.#enter({ name: 'refused', reason })
    else if (this.#state.name !== 'waiting') this.#wait(Math.max(this.#asked, backoff(this.#attempt)))
    this.#loseAll()
  }

  #hopeless(reason: string): boolean {
    this.#refusals++
    return !this.#options.renewable || reason === 'revoked' || this.#refusals >= REFUSALS_BEFORE_GIVING_UP
  }

  #wait(ms: number): void {
    this.#attempt++
    this.#retryTimer.set(ms, () => this.#connect())
    this.#enter({ name: 'waiting', attempt: this.#attempt, until: Date.now() + ms })
  }

  #goOffline(): void {
    if (this.#state.name === 'closed' || this.#state.name === 'idle') return
    this.#wait(OFFLINE_PROBE_MS)
    this.#socket.disconnect()
    this.#stopTimers()
    this.#loseAll()
  }

  /** Gives up a connection that is open in name alone. */
  #drop(_why: string): void {
    this.#socket.disconnect()
    this.#disconnected()
  }

  #stopTimers(): void {
    this.#greetingTimer.clear()
    this.#heartbeat.clear()
  }

  #loseAll(): void {
    for (const settle of [...this.#pending]) settle(lost('connection lost'))
  }

  #enter(state: ConnectionState): void {
    this.#state = state
    this.events.emit('state', state)
  }
}

import { backoff } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import type { Resumable } from './offline/resume.ts'
import type { Store } from './offline/load.ts'
import type { Vault } from './offline/vault.ts'
import { LOST, answer, fieldsOf, number, session, text } from './protocol.ts'
import type { Answer, Session } from './protocol.ts'
import type { OpenSocket } from './socket.ts'
import { Timer } from './timer.ts'
import { Watch } from './watch.ts'

/** After a word of the browser that it is offline, the connection is tried this often all the same. */
const OFFLINE_PROBE_MS = 60_000
/** CONNECTED must come this soon after the socket opened. */
const GREETING_MS = 10_000
/** An answer that takes longer makes it doubtful whether the connection still is one. */
const ANSWER_MS = 10_000
/** When it is doubtful whether the connection still is one, an answer must come this soon. */
const PROBE_MS = 5_000
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
  /** The browser's store is there. */
  store: Store
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
  /** What keeps things in this browser, once it is loaded; undefined: nothing is kept. It learns from the token who the user is. */
  readonly store?: Store | Promise<Store | undefined>
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
  /** The heartbeat under way asks whether there still is a connection. */
  #doubted = false
  #pending = new Set<(answer: Answer) => void>()
  #attempt = 0
  #refusals = 0
  /** Why the gateway refuses the token; empty while it does not. */
  #reason = ''
  /** The least delay that the gateway asked for, in milliseconds. */
  #asked = 0
  #userId = ''
  #store: Store | undefined
  /** Until it is settled whether there is a store, nothing connects. */
  #coming: Promise<void> | undefined
  /** The token that was asked for before the attempt under way. */
  #token: string | undefined
  /** The last session, while it may be resumed. */
  #last: Resumable | undefined
  /** What the gateway said that it does without. */
  #degraded = new Set<string>()
  #socket

  constructor(options: ConnectionOptions) {
    this.#options = options
    if (options.store instanceof Promise) this.#coming = options.store.then((store) => this.#take(store))
    else this.#store = options.store
    this.#socket = options.open(options.url, (use) =>
      this.#withToken(async (token) => {
        this.#last ??= this.#userId !== '' ? undefined : await this.vault?.session.take()
        use({ token, ...this.#resume() })
      }, this.#token),
    )
    this.#socket.onAny((event, payload) => this.#received(event, payload))
    this.#socket.on('connect', () => this.#pulse.set(GREETING_MS, () => this.#silent()))
    this.#socket.on('connect_error', (error) => this.#refused(fieldsOf(fieldsOf(error)['data'])))
    this.#socket.on('disconnect', (reason) => {
      if (reason === 'io server disconnect') this.#forget() // the gateway ended the session
      this.#disconnected()
    })
    this.#life.listen(window, 'offline', () => this.#goOffline())
    this.#life.listen(window, 'pagehide', () => this.#leave())
    const watch = new Watch(() => this.#check())
    this.#life.add(() => watch.end())
  }

  /** The state now. */
  get state(): ConnectionState {
    return this.#state
  }

  /** The session, while the connection is open. */
  get session(): Session | undefined {
    return this.#state.name === 'open' ? this.#state.session : undefined
  }

  /** What the gateway has said that it does without, by its names (F1). */
  get degraded(): readonly string[] {
    return [...this.#degraded]
  }

  /** The encrypted store of the user; undefined when nothing is to be kept. */
  get vault(): Vault | undefined {
    return this.#store?.vault
  }

  /** What keeps documents in this browser; undefined when nothing is to be kept, and until it is loaded. */
  get store(): Store | undefined {
    return this.#store
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
    const late = new Timer()
    late.set(ANSWER_MS, () => this.#check())
    const settle = (result: Answer): void => {
      late.clear()
      if (this.#pending.delete(settle)) done(result)
    }
    this.#pending.add(settle)
    this.#socket.emit(event, payload, (value: unknown) => settle(answer(value)))
  }

  /** Ends the session for good. */
  close(): void {
    if (this.#state.name === 'closed') return
    this.#life.end()
    this.#forget()
    this.#pulse.clear()
    this.#retry.clear()
    this.#socket.offAny()
    this.#socket.off()
    this.#socket.disconnect()
    this.#enter({ name: 'closed' })
    this.events.clear()
    void this.vault?.end()
  }

  #connect(): void {
    this.#retry.clear()
    this.#enter({ name: 'connecting', attempt: this.#attempt })
    this.#token = undefined
    if (this.#coming === undefined) return this.#open()
    void this.#coming.then(() => this.#state.name === 'connecting' && this.#open())
  }

  #take(store: Store | undefined): void {
    this.#coming = undefined
    if (this.#state.name === 'closed') return void store?.vault.end()
    this.#store = store
    if (store !== undefined) this.events.emit('store', store)
  }

  #open(): void {
    if (this.vault?.known !== false) return void this.#socket.connect()
    // Who the user is, and so what this browser has of the record, does not depend on whether the gateway can be reached.
    this.#withToken((token) => {
      if (this.#state.name !== 'connecting') return
      this.#token = token
      this.#socket.connect()
    })
  }

  /** Gives the page's token to `use`. A page that has none is waited for like a gateway that is away. */
  #withToken(use: (token: string) => unknown, known?: string): void {
    Promise.resolve()
      .then(() => known ?? this.#options.token())
      .then((token) => {
        if (this.vault?.identify(token) !== false) return use(token)
        // Another person's session must not send what this one typed: the page has to begin again.
        this.#retry.clear()
        this.#enter({ name: 'refused', reason: 'user_changed' })
        this.#socket.disconnect()
      })
      .catch(() => this.#drop())
  }

  /** The page goes: a word of it, so that the session does not wait for its return. A page that is shown again reconnects. */
  #leave(): void {
    this.#forget()
    this.#socket.disconnect()
  }

  #forget(): void {
    this.#last = undefined
    this.vault?.session.forget()
  }

  /** The computer slept, the network came back, an answer is late: what was thought of the connection may not be so. */
  #check(): void {
    if (this.#state.name === 'waiting') return this.tryNow()
    if (this.#state.name !== 'open') return
    this.#doubted = true
    this.#heartbeatAnswered = true
    this.#beat(PROBE_MS, this.#state.session.heartbeatInterval)
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
    if (event === 'HEARTBEAT_ACK') {
      this.#heartbeatAnswered = true
      this.#doubted = false
    }
    if (event === 'DEGRADED') this.#degraded.add(text(fields['what']))
    if (event === 'RECOVERED') this.#degraded.delete(text(fields['what']))
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
    this.vault?.session.keep(greeting)
    this.#degraded.clear()
    this.#heartbeatAnswered = true
    this.#planHeartbeat(greeting.heartbeatInterval)
    this.#enter({ name: 'open', session: greeting })
  }

  #planHeartbeat(ms: number, interval = ms): void {
    this.#pulse.set(ms, () => this.#beat(interval, interval))
  }

  /** Sends a heartbeat, unless the last one was not answered: then the connection is one in name alone. */
  #beat(ms: number, interval: number): void {
    if (!this.#heartbeatAnswered) return this.#doubted ? this.#drop() : this.#silent()
    this.#heartbeatAnswered = false
    this.send('HEARTBEAT', {})
    this.#planHeartbeat(ms, interval)
  }

  #refused({ code, reason, retryAfterMs }: { code?: unknown; reason?: unknown; retryAfterMs?: unknown }): void {
    this.#asked = Math.max(this.#asked, number(retryAfterMs))
    if (code === 'UNAUTHORIZED') this.#reason = text(reason) || 'unauthorized'
    this.#disconnected()
  }

  /** After any end of the connection: gives up when the token can't get better, else waits for the next try. */
  #disconnected(): void {
    if (this.#state.name === 'closed' || this.#state.name === 'refused') return
    this.#pulse.clear()
    const reason = this.#reason
    this.#reason = ''
    if (reason !== '' && this.#isHopeless(reason)) this.#enter({ name: 'refused', reason })
    else if (this.#state.name !== 'waiting') this.#wait(this.#asked + backoff(this.#attempt))
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

  /** The connection was good and then nothing came any more: something on the way may swallow it. */
  #silent(): void {
    this.#socket.suspect?.()
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

import { Doc, applyUpdate, decodeUpdate, encodeStateAsUpdate, encodeStateVector, getState } from 'yjs'
import { put } from '../src/edit.ts'
import { written } from '../src/field.ts'
import type { Value } from '../src/field.ts'
import type { Credentials, OpenSocket, Socket } from '../src/socket.ts'

type Listener = (...values: unknown[]) => void
type Fields = Record<string, unknown>

/** One resource of a gateway that lives in the test, with the rules that clients meet (R1, D2, D7, L1, L6, SEED). */
export class FakeGateway {
  doc = new Doc()
  revision = 1
  mode = 'editor'
  epoch = 1
  /** The epoch of which it takes back what a restore lost; undefined: no recovery is open (D8). */
  heals: number | undefined
  #before = new Set<number>()
  /** Field to the session that holds its lock. */
  locks = new Map<string, Fields>()
  sockets: FakeSocket[] = []
  /** Every event that a client sent, by name. */
  heard: { event: string; payload: Fields }[] = []
  /** Answers that stand in for the usual ones, by event, each used once. */
  next = new Map<string, Fields[]>()
  /** Nothing is answered while this is set. */
  silent = false
  /** What is sent is taken, but no answer reaches anybody. */
  mute = false
  nextClient = 1
  /** What fields were seeded with. */
  seeds = new Map<string, Value>()
  /** What else pages show that is old, by field. */
  known = new Map<string, Value[]>()
  /** What each attempt to connect came with. */
  credentials: Credentials[] = []

  /** Of this resource; those of the others, which the same sockets serve. */
  resourceId = 'r'
  others = new Map<string, FakeGateway>()

  /** Returns another resource on the same sockets. */
  other(resourceId: string): FakeGateway {
    const known = this.others.get(resourceId) ?? Object.assign(new FakeGateway(), { resourceId, sockets: this.sockets })
    this.others.set(resourceId, known)
    return known
  }

  /** For the widget's connection. */
  open: OpenSocket = (_url, auth) => {
    const socket = new FakeSocket(this, auth)
    this.sockets.push(socket)
    return socket
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('nobody is connected')
    return socket
  }

  /** Refuses the next event of that name. */
  refuse(event: string, error: Fields): void {
    this.next.set(event, [...(this.next.get(event) ?? []), error])
  }

  /** Writes as another session does, and tells the first. */
  write(field: string, value: Value, who: Fields = { userId: 'usr_002', sessionId: 's_2' }): void {
    const before = encodeStateVector(this.doc)
    this.doc.transact(() => put(this.doc, field, value))
    this.revision++
    const update = encodeStateAsUpdate(this.doc, before)
    for (const socket of this.sockets) socket.tell('Y_UPDATE', { resourceId: this.resourceId, update, revision: this.revision, ...who })
  }

  /** Tells everybody else of an update. */
  deliver(from: FakeSocket, { update }: Fields): void {
    const message = { resourceId: 'r', update, revision: this.revision, userId: 'usr_001', sessionId: from.session }
    for (const socket of this.sockets) if (socket !== from && socket.connected) socket.tell('Y_UPDATE', message)
  }

  /** Puts the document back to what it was, in a new life: nothing is written under the ids of the one before any more (D8). */
  restore(state: Uint8Array): void {
    this.#before = new Set(this.doc.store.clients.keys())
    for (let id = 1; id < this.nextClient; id++) this.#before.add(id)
    this.doc = new Doc()
    applyUpdate(this.doc, state)
    this.epoch++
    this.nextClient += 1000
  }

  /** The epoch that began when the content was erased last (O7). */
  erased = 0

  /** Erases the content, and tells who is there. */
  erase(): void {
    this.doc = new Doc()
    this.seeds.clear()
    this.known.clear()
    this.erased = ++this.epoch
    for (const socket of this.sockets) socket.tell('RESOURCE_ERASED', { resourceId: this.resourceId, epoch: this.epoch })
  }

  text(field: string): string {
    return this.doc.getText(field).toString()
  }

  count(event: string): number {
    return this.heard.filter((one) => one.event === event).length
  }

  answer(event: string, payload: Fields, session: string): Fields {
    const refused = this.next.get(event)?.shift()
    if (refused !== undefined) return { ok: false, error: refused }
    switch (event) {
      case 'JOIN_RESOURCE':
        return { ok: true, ...this.#state(payload, session) }
      case 'Y_UPDATE':
        return this.#heal(payload) ?? this.#update(payload['update'] as Uint8Array, session)
      case 'SEED':
        return this.#seed((payload['values'] ?? {}) as Record<string, Value>, (payload['known'] ?? {}) as Record<string, Value>)
      case 'Y_SYNC':
        return { ok: true, update: encodeStateAsUpdate(this.doc, payload['stateVector'] as Uint8Array), revision: this.revision }
      case 'LOCK_ACQUIRE':
        return this.#lock(String(payload['field'] ?? ''), session)
      case 'LOCK_REQUEST':
        return { ok: true, lockedBy: this.locks.get(String(payload['field']))?.['userId'] ?? 'usr_002', lockedByName: 'Dr Luca Rossi' }
      case 'LOCK_BREAK':
        this.locks.delete(String(payload['field'] ?? ''))
        return this.#lock(String(payload['field'] ?? ''), session)
      default:
        return { ok: true }
    }
  }

  #state(payload: Fields, session: string): Fields {
    const known = payload['stateVector'] as Uint8Array | undefined
    const me = { userId: 'usr_001', name: 'Giulia Conti', role: 'nurse', mode: this.mode, sessions: [session], joinedAt: 1 }
    return {
      resourceId: this.resourceId,
      mode: this.mode,
      users: [me],
      state: encodeStateAsUpdate(this.doc, known),
      stateVector: encodeStateVector(this.doc),
      revision: this.revision,
      epoch: this.epoch,
      ...(this.erased > 0 && { erased: this.erased }),
      locks: [...this.locks.values()],
      ...(this.heals !== undefined && this.mode === 'editor' && { heals: this.heals }),
      clientId: this.mode === 'editor' ? this.nextClient++ : undefined,
    }
  }

  /** Returns a refusal of what gives back what a restore lost, or of what should have been given back in that way. */
  #heal({ update, heals }: Fields): Fields | undefined {
    if (heals !== undefined && heals !== this.heals) return { ok: false, error: { code: 'HEALING_REFUSED', reason: 'closed' } }
    const fresh = decodeUpdate(update as Uint8Array).structs.filter(({ id, length }) => id.clock + length > getState(this.doc.store, id.client))
    const ofLifeBefore = ({ id }: { id: { client: number } }): boolean => this.#before.has(id.client)
    if (heals === undefined ? !fresh.some(ofLifeBefore) : fresh.every(ofLifeBefore)) return undefined
    return { ok: false, error: { code: 'FOREIGN_CLIENT' } }
  }

  #update(update: Uint8Array, session: string): Fields {
    const trial = new Doc()
    applyUpdate(trial, encodeStateAsUpdate(this.doc))
    const touched = new Set<string>()
    trial.on('afterTransaction', ({ changed }) => {
      for (const [name, type] of trial.share) {
        const keys = changed.get(type as never)
        if (keys !== undefined) for (const key of keys) touched.add(name === 'values' ? `values/${key}` : name)
      }
    })
    applyUpdate(trial, update)
    const fields = [...touched].filter((field) => (this.locks.get(field)?.['sessionId'] ?? session) !== session)
    if (fields.length > 0) return { ok: false, error: { code: 'UPDATE_REJECTED', reason: 'locked', fields, lockedBy: 'usr_002' } }
    applyUpdate(this.doc, update)
    return { ok: true, revision: ++this.revision }
  }

  #seed(values: Record<string, Value>, old: Record<string, Value>): Fields {
    for (const [field, value] of Object.entries(old)) this.known.set(field, [...(this.known.get(field) ?? []), value])
    const known = Object.fromEntries(Object.keys(values).flatMap((field) => (this.known.has(field) ? [[field, this.known.get(field)]] : [])))
    const kept = Object.fromEntries(Object.keys(values).flatMap((field) => (this.seeds.has(field) ? [[field, this.seeds.get(field)]] : [])))
    const seeded = Object.keys(values).filter((field) => values[field] !== '' && !written(this.doc, field))
    for (const field of seeded) {
      this.seeds.set(field, values[field] ?? '')
      this.write(field, values[field] ?? '', { userId: 'usr_001', sessionId: 's_0' })
    }
    return { ok: true, seeded, kept, known, revision: this.revision }
  }

  #lock(field: string, session: string): Fields {
    const held = this.locks.get(field)
    if (held !== undefined && held['sessionId'] !== session) {
      return { ok: false, error: { code: 'LOCK_DENIED', reason: 'already_locked', lockedBy: 'usr_002', lockedByName: 'Dr Luca Rossi' } }
    }
    const lock = { lockId: `l_${field}`, resourceId: 'r', field, userId: 'usr_001', sessionId: session, name: 'Giulia Conti', fence: 7, acquiredAt: 5, expiresAt: 35 }
    this.locks.set(field, lock)
    return { ok: true, ...lock }
  }
}

/** What stands in for a Socket.IO socket. */
export class FakeSocket implements Socket {
  connected = false
  suspicions = 0
  attempts = 0
  #gateway: FakeGateway
  #auth: (use: (credentials: Credentials) => void) => void
  #listeners = new Map<string, Listener[]>()
  #any: Listener[] = []

  constructor(gateway: FakeGateway, auth: (use: (credentials: Credentials) => void) => void) {
    this.#gateway = gateway
    this.#auth = auth
  }

  get session(): string {
    return `s_1.${this.attempts}`
  }

  /** Greets as the gateway does after authentication (C4). */
  greet(heartbeatInterval = 30_000, more: Fields = {}): void {
    this.connected = true
    this.#emit('connect')
    this.tell('CONNECTED', { sessionId: this.session, resumeKey: `key ${this.attempts}`, userId: 'usr_001', name: 'Giulia Conti', role: 'nurse', heartbeatInterval, ...more })
  }

  /** Sends an event to the client. */
  tell(event: string, payload: unknown): void {
    for (const listener of this.#any) listener(event, payload)
  }

  /** Breaks the connection. */
  fail(reason = 'transport close'): void {
    if (!this.connected) return
    this.connected = false
    this.#emit('disconnect', reason)
  }

  /** Fails to connect; `data` is the gateway's, if it was the gateway that refused. */
  reject(data?: unknown): void {
    this.#emit('connect_error', Object.assign(new Error('refused'), { data }))
  }

  connect(): void {
    this.attempts++
    this.#auth((credentials) => this.#gateway.credentials.push(credentials))
  }

  disconnect(): void {
    this.fail()
  }

  suspect(): void {
    this.suspicions++
  }

  emit(event: string, payload: unknown, done?: unknown): void {
    this.#gateway.heard.push({ event, payload: payload as Fields })
    if (event === 'HEARTBEAT' && !this.#gateway.silent) this.tell('HEARTBEAT_ACK', {})
    if (this.#gateway.silent) return
    const { resourceId } = payload as Fields
    const gateway = this.#gateway.others.get(String(resourceId)) ?? this.#gateway
    const result = gateway.answer(event, payload as Fields, this.session)
    if (event === 'Y_UPDATE' && result['ok'] === true) gateway.deliver(this, payload as Fields)
    if (typeof done === 'function' && !this.#gateway.mute) done(result)
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  onAny(listener: (event: string, ...values: unknown[]) => void): void {
    this.#any.push(listener as Listener)
  }

  off(): void {
    this.#listeners.clear()
  }

  offAny(): void {
    this.#any = []
  }

  #emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...values)
  }
}

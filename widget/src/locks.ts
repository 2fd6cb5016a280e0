import type { Connection } from './connection.ts'
import type { SharedDocument } from './document.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { fieldsOf, lock, text } from './protocol.ts'
import type { Answer, Fields, Lock } from './protocol.ts'

/** Own locks are extended this often, in milliseconds: a third of the time they live. */
const EXTEND_EVERY_MS = 10_000
/** Without any sign of the user for this long, own locks are left to end, in milliseconds. */
const IDLE_MS = 5 * 60_000

/** How locks come about: never, by `lock` and `unlock` alone, or by the focus. */
export type Locking = 'off' | 'manual' | 'focus'

/** What a request for a lock came to. */
export type LockAnswer =
  | { readonly ok: true; readonly lock: Lock }
  | { readonly ok: false; readonly reason: string; readonly lockedBy: string; readonly lockedByName: string }

interface Events {
  changed: undefined
  denied: { readonly field: string; readonly lockedByName: string; readonly reason: string }
  acquired: Lock & { readonly ms: number }
  released: { readonly field: string; readonly userId: string; readonly reason: string }
}

/** Knows who holds which lock of the resource, and holds this session's own (L1 to L5). Fields are wire names. */
export class Locks {
  readonly events = new Emitter<Events>()
  #connection: Connection
  #resourceId: string
  #life = new Lifetime()
  #others = new Map<string, Lock>()
  #own = new Map<string, Lock>()
  /** Fields that this session wants: asked for, held, or to be asked for again after a reconnection. */
  #wanted = new Set<string>()
  /** Who waits for the answer to a request under way. */
  #asked = new Map<string, ((answer: LockAnswer) => void)[]>()
  #lastActivity = performance.now()

  constructor(connection: Connection, document: SharedDocument) {
    this.#connection = connection
    this.#resourceId = document.options.resourceId
    this.#life.add(document.events.on('joined', ({ locks }) => this.#reset(locks)))
    this.#life.add(connection.events.on('message', ({ event, payload }) => this.#received(event, fieldsOf(payload))))
    this.#life.add(connection.events.on('state', ({ name }) => name !== 'open' && this.#lose()))
    this.#life.every(EXTEND_EVERY_MS, () => this.#extend())
  }

  /** All locks known, own ones included. */
  get all(): readonly Lock[] {
    return [...this.#own.values(), ...this.#others.values()]
  }

  /** Reports whether this session holds the field's lock. */
  held(field: string): boolean {
    return this.#own.has(field) || this.#own.has('')
  }

  /** Returns another session's lock on the field or on the whole resource. */
  against(field: string): Lock | undefined {
    return this.#others.get(field) ?? this.#others.get('')
  }

  /** Notes that the user does something, so that own locks go on being extended. */
  active(): void {
    this.#lastActivity = performance.now()
  }

  /** Asks for the field's lock. */
  acquire(field: string, done: (answer: LockAnswer) => void = () => undefined): void {
    this.active()
    const held = this.#own.get(field)
    if (held !== undefined) return done({ ok: true, lock: held })
    this.#wanted.add(field)
    const asked = this.#asked.get(field)
    if (asked !== undefined) return void asked.push(done)
    this.#asked.set(field, [done])
    const began = performance.now()
    this.#connection.request('LOCK_ACQUIRE', this.#about(field), (answer) => {
      const waiting = this.#asked.get(field) ?? []
      this.#asked.delete(field)
      const result = this.#answered(field, answer, began)
      for (const one of waiting) one(result)
    })
  }

  /** Gives the field's lock back. */
  release(field: string): void {
    this.#wanted.delete(field)
    const held = this.#own.get(field)
    if (held === undefined) return
    this.#own.delete(field)
    this.#connection.request('LOCK_RELEASE', { lockId: held.lockId, resourceId: this.#resourceId }, () => undefined)
    this.#changed()
  }

  /** Gives back all own locks. */
  releaseAll(): void {
    for (const field of [...this.#own.keys()]) this.release(field)
  }

  /** Releases everything and stops. */
  end(): void {
    if (this.#life.ended) return
    this.releaseAll()
    this.#life.end()
    this.events.clear()
  }

  #about(field: string): object {
    return field === '' ? { resourceId: this.#resourceId } : { resourceId: this.#resourceId, field }
  }

  #answered(field: string, answer: Answer, began: number): LockAnswer {
    if (!answer.ok) return this.#denied(field, answer.error.code, answer.error.fields)
    const session = this.#connection.session
    const granted = lock({ userId: session?.userId, sessionId: session?.sessionId, name: session?.name, ...answer.fields })
    this.#others.delete(field)
    this.#own.set(field, granted)
    this.events.emit('acquired', { ...granted, ms: performance.now() - began })
    if (!this.#wanted.has(field)) this.release(field)
    else this.#changed()
    return { ok: true, lock: granted }
  }

  #denied(field: string, code: string, fields: Fields): LockAnswer {
    const reason = text(fields['reason']) || code
    const lockedByName = text(fields['lockedByName'])
    if (code !== 'LOST') {
      this.#wanted.delete(field)
      this.events.emit('denied', { field, reason, lockedByName })
    }
    return { ok: false, reason, lockedBy: text(fields['lockedBy']), lockedByName }
  }

  #received(event: string, fields: Fields): void {
    if (fields['resourceId'] !== this.#resourceId) return
    const field = text(fields['field'])
    if (event === 'LOCK_STATUS_CHANGED') this.#status(field, fields)
    if (event === 'LOCK_RELEASED') this.#released(field, text(fields['userId']), text(fields['reason']))
  }

  #status(field: string, fields: Fields): void {
    if (text(fields['status']) !== 'locked') return this.#released(field, '', 'released')
    const session = this.#connection.session
    const sessionId = text(fields['sessionId'])
    const mine = sessionId === '' ? fields['userId'] === session?.userId : sessionId === session?.sessionId
    if (mine && (this.#wanted.has(field) || this.#own.has(field))) return
    this.#own.delete(field)
    this.#others.set(field, lock(fields))
    this.#changed()
  }

  #released(field: string, userId: string, reason: string): void {
    const held = this.#own.get(field)
    const session = this.#connection.session
    const others = this.#others.get(field)
    // An old lock's end may be told after the next one was granted to this session.
    const ofOther = userId !== '' && userId !== session?.userId
    if (held !== undefined && !ofOther) this.#own.delete(field)
    if (others !== undefined && (userId === '' || others.userId === userId)) this.#others.delete(field)
    if (held !== undefined && reason !== 'released') this.#wanted.delete(field)
    this.events.emit('released', { field, userId, reason })
    this.#changed()
  }

  #reset(locks: readonly Lock[]): void {
    const session = this.#connection.session
    this.#own.clear()
    this.#others.clear()
    for (const one of locks) (one.sessionId === session?.sessionId ? this.#own : this.#others).set(one.field, one)
    this.#changed()
    for (const field of this.#wanted) if (!this.#own.has(field)) this.acquire(field)
  }

  #lose(): void {
    this.#own.clear()
    this.#changed()
  }

  #extend(): void {
    if (performance.now() - this.#lastActivity > IDLE_MS) return
    for (const { lockId, field } of this.#own.values()) {
      this.#connection.request('LOCK_EXTEND', { lockId, resourceId: this.#resourceId }, (answer) => {
        if (answer.ok || answer.error.code !== 'LOCK_LOST') return
        this.#own.delete(field)
        this.#changed()
        if (this.#wanted.has(field)) this.acquire(field)
      })
    }
  }

  #changed(): void {
    this.events.emit('changed', undefined)
  }
}

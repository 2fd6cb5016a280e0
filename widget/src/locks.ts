import type { Channel } from './channel.ts'
import type { SharedDocument } from './document.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { LOST, lock, text } from './protocol.ts'
import type { Answer, Fields, Lock } from './protocol.ts'

/** Own locks are extended this often, in milliseconds: a third of the time they live. */
const EXTEND_EVERY_MS = 10_000
/** Without any sign of the user for this long, own locks are left to end, in milliseconds. */
const IDLE_MS = 5 * 60_000

/** How locks come about: never, by `lock` and `unlock` alone, or by the focus. */
export type Locking = 'off' | 'manual' | 'focus'

/** What a request for a lock came to: the lock, or why there is none and who holds it. */
export interface LockAnswer {
  readonly ok: boolean
  readonly lock?: Lock
  readonly reason?: string
  readonly lockedByName?: string
}

interface Events {
  changed: undefined
  denied: { readonly field: string; readonly reason: string; readonly lockedByName: string }
  acquired: Lock & { readonly ms: number }
  released: { readonly field: string; readonly userId: string; readonly reason: string }
}

/** Knows who holds which lock of the resource, and holds this session's own (L1 to L5). Fields are wire names. */
export class Locks {
  readonly events = new Emitter<Events>()
  #channel: Channel
  #life = new Lifetime()
  #others = new Map<string, Lock>()
  #own = new Map<string, Lock>()
  /** Fields that this session wants: asked for, held, or to be asked for again after a reconnection. */
  #wanted = new Set<string>()
  /** Who waits for the answer to a request that is under way. */
  #asking = new Map<string, ((answer: LockAnswer) => void)[]>()
  #lastActivity = performance.now()

  constructor(channel: Channel, document: SharedDocument) {
    this.#channel = channel
    this.#life.add(channel.events.on('message', ({ event, fields }) => this.#received(event, fields)))
    this.#life.add(channel.events.on('state', ({ name }) => name !== 'open' && this.#own.clear()))
    this.#life.add(document.events.on('joined', ({ locks }) => this.#reset(locks)))
    this.#life.every(EXTEND_EVERY_MS, () => this.#extend())
  }

  /** Returns the lock that this session holds on the field or on the whole resource. */
  own(field: string): Lock | undefined {
    return this.#own.get(field) ?? this.#own.get('')
  }

  /** Returns another session's lock on the field or on the whole resource. */
  against(field: string): Lock | undefined {
    return this.#others.get(field) ?? this.#others.get('')
  }

  /** Reports whether this session holds any. */
  get any(): boolean {
    return this.#own.size > 0
  }

  /** Notes that the user does something, so that own locks go on being extended. */
  active(): void {
    this.#lastActivity = performance.now()
  }

  /** Asks for the field's lock; the empty field is the whole resource. */
  acquire(field: string, done: (answer: LockAnswer) => void = () => undefined): void {
    const held = this.#own.get(field)
    if (held !== undefined) return done({ ok: true, lock: held })
    this.active()
    this.#wanted.add(field)
    const asking = this.#asking.get(field)
    if (asking !== undefined) return void asking.push(done)
    const waiting = [done]
    this.#asking.set(field, waiting)
    const began = performance.now()
    this.#channel.request('LOCK_ACQUIRE', field === '' ? {} : { field }, (answer) => {
      this.#asking.delete(field)
      const result = this.#answered(field, answer, performance.now() - began)
      for (const tell of waiting) tell(result)
    })
  }

  /** Gives the field's lock back. */
  release(field: string): void {
    this.#wanted.delete(field)
    const held = this.#own.get(field)
    if (held === undefined) return
    this.#own.delete(field)
    this.#channel.send('LOCK_RELEASE', { lockId: held.lockId })
    this.#changed()
  }

  /** Gives back all own locks. */
  releaseAll(): void {
    for (const field of this.#own.keys()) this.release(field)
  }

  /** Releases everything and stops. */
  end(): void {
    this.releaseAll()
    this.#life.end()
  }

  #answered(field: string, { code, fields }: Answer, ms: number): LockAnswer {
    if (code !== '') {
      const reason = text(fields['reason']) || code
      const denied = { field, reason, lockedByName: text(fields['lockedByName']) }
      if (code !== LOST) {
        this.#wanted.delete(field)
        this.events.emit('denied', denied)
      }
      return { ok: false, ...denied }
    }
    const granted = lock({ ...this.#channel.session, ...fields, field })
    this.#others.delete(field)
    this.#own.set(field, granted)
    this.events.emit('acquired', { ...granted, ms })
    if (this.#wanted.has(field)) this.#changed()
    else this.release(field)
    return { ok: true, lock: granted }
  }

  #received(event: string, fields: Fields): void {
    const field = text(fields['field'])
    const userId = text(fields['userId'])
    const { session } = this.#channel
    const mine = fields['sessionId'] === undefined ? userId === session?.userId : fields['sessionId'] === session?.sessionId
    if (event === 'LOCK_STATUS_CHANGED' && fields['status'] === 'locked') {
      // What this session asked for, the answer tells.
      if (mine && (this.#wanted.has(field) || this.#own.has(field))) return
      this.#own.delete(field)
      this.#others.set(field, lock(fields))
      this.#changed()
    } else if (event === 'LOCK_RELEASED') {
      if (this.#others.get(field)?.userId === userId) this.#others.delete(field)
      // An own lock that was given back is no longer among the own ones: this one ended otherwise.
      if (mine && this.#own.delete(field)) this.#wanted.delete(field)
      this.events.emit('released', { field, userId, reason: text(fields['reason']) })
      this.#changed()
    }
  }

  #reset(locks: readonly Lock[]): void {
    this.#own.clear()
    this.#others.clear()
    const own = this.#channel.session?.sessionId
    for (const one of locks) (one.sessionId === own ? this.#own : this.#others).set(one.field, one)
    for (const field of this.#wanted) this.acquire(field)
    this.#changed()
  }

  #extend(): void {
    if (performance.now() - this.#lastActivity > IDLE_MS) return
    for (const { lockId, field } of this.#own.values()) {
      this.#channel.request('LOCK_EXTEND', { lockId }, ({ code }) => {
        if (code !== 'LOCK_LOST') return
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

import type { Channel } from './channel.ts'
import type { SharedDocument } from './document.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { LOST, lock, lockRequest, text } from './protocol.ts'
import type { Answer, Fields, Lock, LockRequest } from './protocol.ts'

/** Own locks are extended this often, in milliseconds: a third of the time they live. */
const EXTEND_EVERY_MS = 10_000
/** Without any sign of the user for this long, own locks are left to end, in milliseconds. */
const IDLE_MS = 5 * 60_000

/** A request stands for so many of these times: a minute (L7). */
const REQUEST_TIMES = 6

/** How locks come about: never, by `lock` and `unlock` alone, or by the focus. */
export type Locking = 'off' | 'manual' | 'focus'

/** What a request for a lock came to: the lock, or why there is none and who holds it. */
export interface LockAnswer {
  /** The session holds the lock now. */
  readonly ok: boolean
  /** The lock, when there is one. */
  readonly lock?: Lock
  /** Why there is none, such as `already_locked` or `lock_service_unavailable` (L2, L8). */
  readonly reason?: string
  /** Who holds it, when somebody does. */
  readonly lockedByName?: string
}

/** What came of a request: handed over, kept, gone to a third, or no answer while it stood. */
export type LockResult = 'granted' | 'declined' | 'lost' | 'unanswered'

/** What the locks tell of. */
export interface LockEvents {
  changed: undefined
  denied: { readonly field: string; readonly reason: string; readonly lockedByName: string }
  acquired: Lock & { readonly ms: number }
  released: { readonly field: string; readonly userId: string; readonly reason: string }
  /** Somebody asks for a lock of this session. */
  requested: LockRequest
  /** What came of this session's own request; `name` is whose field it is now, empty when it is nobody's. */
  answered: { readonly field: string; readonly result: LockResult; readonly name: string }
  /** A lock of this session went to somebody else: broken for a reason, or passed on to who had asked for it. */
  taken: { readonly field: string; readonly name: string; readonly broken: boolean }
}

/**
 * Knows who holds which lock of the resource, holds this session's own, and what sessions ask of each other about them
 * (L1 to L5, L7). Fields are wire names.
 */
export class Locks {
  readonly events = new Emitter<LockEvents>()
  #channel: Channel
  #life = new Lifetime()
  #others = new Map<string, Lock>()
  #own = new Map<string, Lock>()
  /** Fields that this session wants: asked for, held, or to be asked for again after a reconnection. */
  #wanted = new Set<string>()
  /** Who waits for the answer to a request that is under way. */
  #asking = new Map<string, ((answer: LockAnswer) => void)[]>()
  /** Fields whose holders this session has asked, and how many times each request stands yet. */
  #asked = new Map<string, number>()
  /** Who asks for own locks; of each session and field the last request, and how many times it stands yet. */
  #requests = new Map<string, { readonly request: LockRequest; left: number }>()
  #document: SharedDocument
  #lastActivity = performance.now()

  constructor(channel: Channel, document: SharedDocument) {
    this.#channel = channel
    this.#document = document
    this.#life.add(channel.events.on('message', ({ event, fields }) => this.#received(event, fields)))
    this.#life.add(channel.events.on('state', ({ name }) => name !== 'open' && this.#apart()))
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

  /** Who waits for this session's answer, in the order of asking. */
  get requests(): readonly LockRequest[] {
    return [...this.#requests.values()].map(({ request }) => request)
  }

  /** Reports whether this session has asked the field's holder and has no answer yet. */
  asked(field: string): boolean {
    return this.#asked.has(field)
  }

  /** Reports whether nobody has used the page for so long, in milliseconds. */
  idle(ms: number): boolean {
    return performance.now() - this.#lastActivity > ms
  }

  /** Reports whether this session may break locks. */
  get mayBreak(): boolean {
    return this.#channel.session?.breakGlass === true
  }

  /** Notes that the user does something, so that own locks go on being extended. */
  active(): void {
    this.#lastActivity = performance.now()
  }

  /** Asks for the field's lock; the empty field is the whole resource. */
  acquire(field: string, done: (answer: LockAnswer) => void = () => undefined): void {
    const held = this.#own.get(field)
    if (held !== undefined) return done({ ok: true, lock: held })
    this.#claim('LOCK_ACQUIRE', field, {}, done)
  }

  /** Gives the field's lock back, or on to the session `to`. */
  release(field: string, to?: string): void {
    this.#wanted.delete(field)
    const held = this.#own.get(field)
    if (held === undefined) return
    this.#own.delete(field)
    this.#forget(field)
    this.#channel.send('LOCK_RELEASE', { lockId: held.lockId, to })
    this.#changed()
  }

  /** Asks the field's holder to hand it over (L7). `done` hears whether the holder was asked; `answered` tells the rest. */
  request(field: string, message = '', done: (answer: LockAnswer) => void = () => undefined): void {
    this.active()
    this.#asked.set(field, REQUEST_TIMES)
    this.#changed()
    this.#channel.request('LOCK_REQUEST', at(field, { message: message || undefined }), ({ code, fields }) => {
      const holder = text(fields['lockedByName']) || text(fields['lockedBy'])
      if (code === '' && holder === '') this.acquire(field) // it became free meanwhile
      if (code === '') return done({ ok: true, lockedByName: holder })
      if (code !== LOST) this.#asked.delete(field)
      this.#changed()
      done({ ok: false, reason: text(fields['reason']) || code })
    })
  }

  /** Hands a field over to who asks for it, once all that was typed in it is on the server. */
  handOver(request: LockRequest): void {
    const { field, sessionId } = request
    if (!this.#drop(request)) return
    const { events, outbox } = this.#document
    const give = (): boolean => {
      if (outbox.fields.has(field)) return false
      stop()
      this.release(field, sessionId)
      return true
    }
    let stop = (): void => undefined
    if (!give()) stop = events.on('outbox', give)
  }

  /** Keeps the field, and lets who asks for it know. */
  decline(request: LockRequest): void {
    if (this.#drop(request)) this.#channel.send('LOCK_REQUEST_DECLINED', at(request.field, { sessionId: request.sessionId }))
  }

  /** Takes the field's lock from its holder, for a reason that is recorded (L7). */
  breakGlass(field: string, reason: string, code: string, done: (answer: LockAnswer) => void = () => undefined): void {
    this.#claim('LOCK_BREAK', field, { reason, code }, done)
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

  #claim(event: 'LOCK_ACQUIRE' | 'LOCK_BREAK', field: string, more: object, done: (answer: LockAnswer) => void): void {
    this.active()
    this.#wanted.add(field)
    const asking = this.#asking.get(field)
    if (asking !== undefined && event === 'LOCK_ACQUIRE') return void asking.push(done)
    const waiting = [done]
    this.#asking.set(field, waiting)
    const began = performance.now()
    this.#channel.request(event, at(field, more), (answer) => {
      this.#asking.delete(field)
      const result = this.#answered(field, answer, performance.now() - began)
      for (const tell of waiting) tell(result)
    })
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
    const granted = this.#grant(field, fields, ms)
    if (!this.#wanted.has(field)) this.release(field)
    return { ok: true, lock: granted }
  }

  #grant(field: string, fields: Fields, ms: number): Lock {
    const granted = lock({ ...this.#channel.session, ...fields, field })
    this.#others.delete(field)
    this.#own.set(field, granted)
    this.events.emit('acquired', { ...granted, ms })
    this.#changed()
    this.#tell(field, 'granted')
    return granted
  }

  /** Tells what came of the own request for a field, if there was one. */
  #tell(field: string, result: LockResult, name = ''): void {
    if (!this.#asked.delete(field)) return
    this.events.emit('answered', { field, result, name })
    this.#changed()
  }

  /** Requests end that have stood for a minute. */
  #sweep(): void {
    for (const [field, left] of this.#asked) {
      if (left > 1) this.#asked.set(field, left - 1)
      else this.#tell(field, 'unanswered', this.against(field)?.name)
    }
    for (const one of this.#requests.values()) if (--one.left <= 0) this.#drop(one.request)
  }

  #drop({ field, sessionId }: LockRequest): boolean {
    const dropped = this.#requests.delete(`${sessionId} ${field}`)
    if (dropped) this.#changed()
    return dropped
  }

  /** Forgets who asks for a field. */
  #forget(field: string): void {
    for (const one of this.requests) if (one.field === field) this.#requests.delete(`${one.sessionId} ${field}`)
  }

  #apart(): void {
    this.#own.clear()
    this.#requests.clear()
  }

  #received(event: string, fields: Fields): void {
    const field = text(fields['field'])
    const userId = text(fields['userId'])
    const { session } = this.#channel
    const mine = fields['sessionId'] === undefined ? userId === session?.userId : fields['sessionId'] === session?.sessionId
    if (event === 'LOCK_STATUS_CHANGED' && fields['status'] === 'locked') {
      // What this session asked for, the answer tells.
      if (mine && (this.#wanted.has(field) || this.#own.has(field))) return
      const before = this.#others.get(field)
      const now = lock(fields)
      this.#own.delete(field)
      this.#others.set(field, now)
      this.#changed()
      if (before?.userId !== userId) this.#tell(field, 'lost', now.name)
    } else if (event === 'LOCK_RELEASED') {
      this.#released(field, userId, mine, fields)
    } else if (event === 'LOCK_REQUESTED' && this.#own.has(field)) {
      const request = lockRequest(fields)
      this.#requests.set(`${request.sessionId} ${field}`, { request, left: REQUEST_TIMES })
      this.events.emit('requested', request)
      this.#changed()
    } else if (event === 'LOCK_REQUEST_DECLINED') {
      this.#tell(field, 'declined', text(fields['name']) || userId)
    } else if (event === 'LOCK_ACQUIRED' && !this.#asking.has(field) && this.#own.get(field)?.lockId !== fields['lockId']) {
      this.#wanted.add(field) // handed over: nobody here waits for an answer
      this.#grant(field, fields, 0)
    }
  }

  #released(field: string, userId: string, mine: boolean, fields: Fields): void {
    const reason = text(fields['reason'])
    if (this.#others.get(field)?.userId === userId) this.#others.delete(field)
    // An own lock that was given back is no longer among the own ones: this one ended otherwise.
    if (mine && this.#own.delete(field)) {
      this.#wanted.delete(field)
      this.#forget(field)
      const name = text(fields['byName']) || text(fields['by'])
      if (name !== '') this.events.emit('taken', { field, name, broken: reason === 'broken' })
    }
    this.events.emit('released', { field, userId, reason })
    this.#changed()
    if (this.#asked.has(field) && !this.#own.has(field)) this.acquire(field)
  }

  #reset(locks: readonly Lock[]): void {
    this.#own.clear()
    this.#others.clear()
    const own = this.#channel.session?.sessionId
    for (const one of locks) (one.sessionId === own ? this.#own : this.#others).set(one.field, one)
    for (const field of this.#wanted) this.acquire(field)
    for (const field of [...this.#asked.keys()]) this.request(field)
    this.#changed()
  }

  #extend(): void {
    this.#sweep()
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

/** Names the field in what is sent; the whole resource has no name. */
function at(field: string, more: object = {}): object {
  return field === '' ? more : { field, ...more }
}

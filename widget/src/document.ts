import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import type { Transaction } from 'yjs'
import type { Channel } from './channel.ts'
import { LocalEdit, RemoteEdit, leftovers, put } from './edit.ts'
import type { Leftover } from './edit.ts'
import { Emitter } from './emitter.ts'
import type { Value } from './field.ts'
import { Lifetime } from './lifetime.ts'
import { Outbox } from './outbox.ts'
import type { Batch } from './outbox.ts'
import { LOST, bytes, list, number, resourceState, text } from './protocol.ts'
import type { Answer, Fields, Mode, ResourceState } from './protocol.ts'
import { Timer } from './timer.ts'

/** How long to wait before trying again what the gateway could not do, when it does not say, in milliseconds. */
const RETRY_MS = 2_000
/** Refusals in a row after which everything unsaved becomes a draft instead of being applied again. */
const REFUSALS_BEFORE_DRAFT = 3
/** Failures in a row after which a batch counts as refused. */
const FAILURES_BEFORE_REFUSAL = 5

const TRY_AGAIN = new Set(['BACKPRESSURE', 'RATE_LIMITED', 'UNAVAILABLE', 'DRAINING', 'INTERNAL'])

/** Text that the server refused; it is shown and kept until somebody dismisses it. */
export interface Draft {
  /** Id of the field. */
  readonly field: string
  /** What the user had there; undefined: nothing that can be shown. */
  readonly mine: Value | undefined
  /** Why it was refused, such as `locked`. */
  readonly reason: string
  /** Who held the lock: a user id, or empty. */
  readonly by: string
}

/** An acknowledged batch: it is on the server's disk. `since` is the local time of its first edit. */
export interface Saved {
  /** Ids of the fields that were written. */
  readonly fields: readonly string[]
  /** How many edits it was. */
  readonly edits: number
  /** Position in the history of the record. */
  readonly revision: number
  /** When the first of them was typed: `performance.now()` of this page. */
  readonly since: number
  /** From then to the acknowledgement, in milliseconds. */
  readonly ms: number
}

/** A change by another session, as it was shown here. */
export interface Arrived {
  /** Ids of the fields that changed. */
  readonly fields: readonly string[]
  /** Who wrote it. */
  readonly userId: string
  /** In which session. */
  readonly sessionId: string
  /** Position in the history of the record. */
  readonly revision: number
}

/** Whether the document is in step with the gateway, and if not, why not. */
export type DocumentState =
  | { readonly name: 'apart' }
  | { readonly name: 'joining' }
  | { readonly name: 'joined' }
  | { readonly name: 'refused'; readonly code: string }

interface Events {
  state: DocumentState
  joined: ResourceState
  /** The document was built anew from the server's (D2c): what observed the old one observes this one. */
  replaced: Doc
  arrived: Arrived
  saved: Saved
  /** The number of unsaved edits, or whether the server takes them, has changed. */
  outbox: { readonly edits: number }
  draft: Draft
}

/** Set by the constructor, never changed. `mode` undefined asks for as much as the user may have. */
export interface DocumentOptions {
  readonly resourceType: string | undefined
  readonly mode: Mode | undefined
}

/**
 * The document of one resource, kept in step with the gateway: joins, sends local edits until they are acknowledged,
 * applies those of others, and rebuilds itself after a refusal (D2, D2c, D7). It owns the Y.Doc and the outbox.
 */
export class SharedDocument {
  readonly events = new Emitter<Events>()
  #options: DocumentOptions
  #channel: Channel
  #life = new Lifetime()
  #doc = new Doc()
  #outbox = new Outbox()
  #state: DocumentState = { name: 'apart' }
  #asking: Mode
  #mode: Mode = 'viewer'
  /** The id granted by the last join; undefined before the first and for viewers. */
  #clientId: number | undefined
  #met = false
  #revision = 0
  /** Fields that may not be applied again after the rebuilding that is due; undefined when none is due. */
  #refused: Set<string> | 'all' | undefined
  #refusedBy: Fields = {}
  #refusals = 0
  #failures = 0
  #hold = new Timer()
  #rejoin = new Timer()
  #names = new WeakMap<object, string>()

  constructor(channel: Channel, options: DocumentOptions) {
    this.#channel = channel
    this.#options = options
    this.#asking = options.mode ?? 'editor'
    this.#observe(this.#doc)
    this.#life.add(channel.events.on('state', ({ name }) => (name === 'open' ? this.#join() : this.#fellApart())))
    this.#life.add(channel.events.on('message', ({ event, fields }) => this.#received(event, fields)))
  }

  /** The Yjs document. Another one takes its place after a refusal: see `replaced`. */
  get doc(): Doc {
    return this.#doc
  }

  get state(): DocumentState {
    return this.#state
  }

  get mode(): Mode {
    return this.#mode
  }

  /** The last revision known to be on the server. */
  get revision(): number {
    return this.#revision
  }

  /** What the server has not acknowledged. */
  get outbox(): Pick<Outbox, 'edits' | 'fields' | 'since'> {
    return this.#outbox
  }

  /** Reports whether the server said that it can't store now. */
  get held(): boolean {
    return this.#hold.running
  }

  /** Reports whether local edits are possible: as an editor, and with an id of one's own (D7); offline too. */
  get editable(): boolean {
    return this.#mode === 'editor' && this.#clientId !== undefined
  }

  /** Reports whether the document was ever received: what it lacks then was never written by anybody. */
  get met(): boolean {
    return this.#met
  }

  /** Joins, when the connection is open: also again, for the sake of those who listen since then. */
  start(): void {
    if (this.#channel.session !== undefined) this.#joinAgain()
  }

  /** Makes an edit of one field and sends it. Reports false, and does nothing, while the document is not editable. */
  edit(field: string, by: object | undefined, change: (doc: Doc) => void): boolean {
    if (!this.editable || this.#clientId === undefined) return false
    this.#doc.clientID = this.#clientId
    this.#doc.transact(() => change(this.#doc), new LocalEdit(field, by))
    return true
  }

  /** Keeps as a draft what could not go into the document at all. */
  keepAsDraft(field: string, mine: Value, reason: string): void {
    this.events.emit('draft', { field, mine, reason, by: '' })
  }

  /** Asks for what is missing, and calls `done` when it is there. */
  sync(done: () => void = () => undefined): void {
    this.#channel.request('Y_SYNC', { stateVector: encodeStateVector(this.#doc) }, ({ code, fields }) => {
      if (code === '') applyUpdate(this.#doc, bytes(fields['update']), new RemoteEdit('', '', this.#revision))
      done()
    })
  }

  /** Leaves the resource. */
  end(): void {
    if (this.#life.ended) return
    this.#channel.send('LEAVE_RESOURCE')
    this.#life.end()
    this.#hold.clear()
    this.#rejoin.clear()
    this.#doc.destroy()
    this.events.clear()
  }

  #join(): void {
    if (this.#state.name === 'joining') return
    const { resourceType } = this.#options
    const fresh = this.#refused !== undefined
    const known = fresh || this.#doc.store.clients.size === 0 ? {} : { stateVector: encodeStateVector(this.#doc) }
    this.#enter({ name: 'joining' })
    this.#channel.request('JOIN_RESOURCE', { resourceType, mode: this.#asking, ...known }, (answer) => {
      if (this.#life.ended) return
      if (answer.code === '') this.#joined(resourceState(answer.fields), fresh)
      else this.#notJoined(answer)
    })
  }

  #joined(state: ResourceState, fresh: boolean): void {
    this.#mode = state.mode
    this.#clientId = state.clientId
    this.#revision = state.revision
    const rest = fresh ? this.#rebuild(state) : this.#catchUp(state)
    this.#met = true
    this.#enter({ name: 'joined' })
    this.events.emit('joined', state)
    if (fresh) this.#settle(rest)
    else if (state.mode === 'viewer' && this.#outbox.edits > 0) this.#refuse('all', { reason: 'viewer' })
    this.#flush()
  }

  #catchUp(state: ResourceState): Leftover[] {
    if (state.clientId !== undefined) this.#doc.clientID = state.clientId
    applyUpdate(this.#doc, state.state, new RemoteEdit('', '', state.revision))
    if (this.#outbox.edits > 0 && state.stateVector.length > 0) {
      this.#outbox.replace(encodeStateAsUpdate(this.#doc, state.stateVector))
      this.#changedOutbox()
    }
    return []
  }

  /** Starts again from the server's document. Returns what the old one had besides, refused or not yet sent. */
  #rebuild(state: ResourceState): Leftover[] {
    const old = this.#doc
    const fresh = new Doc()
    if (state.clientId !== undefined) fresh.clientID = state.clientId
    applyUpdate(fresh, state.state)
    this.#doc = fresh
    applyUpdate(old, state.state)
    const rest = leftovers(old, fresh)
    old.destroy()
    this.#outbox.clear()
    this.#observe(fresh)
    this.events.emit('replaced', fresh)
    this.#changedOutbox()
    return rest
  }

  /** Keeps as drafts what may not be applied again, and applies the rest. */
  #settle(rest: readonly Leftover[]): void {
    const refused = this.#mode === 'viewer' ? 'all' : this.#refused
    const why = this.#refusedBy
    this.#refused = undefined
    this.#refusedBy = {}
    const isRefused = ({ field }: Leftover): boolean => refused === 'all' || refused?.has(field) === true
    for (const { field, mine } of rest.filter(isRefused)) {
      const reason = text(why['reason']) || text(why['code'])
      this.events.emit('draft', { field, mine, reason, by: text(why['lockedBy']) })
    }
    for (const { field, mine } of rest) {
      if (mine !== undefined && !isRefused({ field, mine, theirs: undefined })) {
        this.edit(field, undefined, (doc) => put(doc, field, mine))
      }
    }
  }

  #notJoined({ code, fields }: Answer): void {
    this.#enter({ name: 'apart' })
    if (code === LOST) return
    if (TRY_AGAIN.has(code)) return this.#rejoin.set(number(fields['retryAfterMs']) || RETRY_MS, () => this.#join())
    if (code === 'PERMISSION_DENIED' && this.#asking === 'editor' && this.#options.mode === undefined) {
      this.#asking = 'viewer'
      return this.#join()
    }
    this.#enter({ name: 'refused', code })
  }

  #fellApart(): void {
    this.#hold.clear()
    this.#rejoin.clear()
    this.#outbox.giveBack()
    if (this.#state.name !== 'apart') this.#enter({ name: 'apart' })
  }

  #received(event: string, fields: Fields): void {
    if (event === 'Y_UPDATE') this.#apply(fields)
    // Said without having been asked: the user's rights have changed (A5).
    if (event === 'PERMISSION_DENIED') this.#joinAgain()
  }

  #apply(fields: Fields): void {
    const revision = number(fields['revision'])
    this.#revision = Math.max(this.#revision, revision)
    const origin = new RemoteEdit(text(fields['userId']), text(fields['sessionId']), revision)
    applyUpdate(this.#doc, bytes(fields['update']), origin)
    const { pendingStructs, pendingDs } = this.#doc.store
    if (pendingStructs !== null || pendingDs !== null) this.sync()
  }

  #flush(): void {
    if (this.#state.name !== 'joined' || this.#hold.running || this.#refused !== undefined) return
    const batch = this.#outbox.take()
    if (batch === undefined) return
    this.#channel.request('Y_UPDATE', { update: batch.update }, (answer) => {
      if (this.#outbox.flying !== batch) return
      if (answer.code === '') this.#saved(batch, number(answer.fields['revision']))
      else this.#notSaved(answer)
    })
  }

  #saved({ fields, edits, since }: Batch, revision: number): void {
    this.#outbox.acknowledge()
    this.#refusals = 0
    this.#failures = 0
    this.#revision = Math.max(this.#revision, revision)
    this.events.emit('saved', { fields: [...fields], edits, revision, since, ms: performance.now() - since })
    this.#changedOutbox()
    this.#flush()
  }

  #notSaved({ code, fields }: Answer): void {
    if (code === 'UPDATE_REJECTED') return this.#refuse(list(fields['fields']).map(text), fields)
    if (code === 'FOREIGN_CLIENT' || code === 'RESYNC_REQUIRED') return this.#refuse([], fields)
    if (code === 'MISSING_DEPENDENCY') return this.#sendMore(fields)
    this.#outbox.giveBack()
    if (code === LOST) return
    if (code === 'NOT_JOINED') return this.#joinAgain()
    const failed = code === 'INTERNAL' && ++this.#failures >= FAILURES_BEFORE_REFUSAL
    if (failed || !TRY_AGAIN.has(code)) return this.#refuse('all', fields)
    this.#hold.set(number(fields['retryAfterMs']) || RETRY_MS, () => {
      this.#changedOutbox()
      this.#flush()
    })
    this.#changedOutbox()
  }

  /** The server lacks what the batch builds on: sends everything that it lacks, once; then the document starts anew. */
  #sendMore(fields: Fields): void {
    const has = bytes(fields['stateVector'])
    if (has.length === 0 || ++this.#failures > 1) return this.#refuse([], fields)
    this.#outbox.replace(encodeStateAsUpdate(this.#doc, has))
    this.#flush()
  }

  /** Begins the rebuilding that D2c asks for; `fields` will not be applied again but kept as drafts. */
  #refuse(fields: readonly string[] | 'all', why: Fields): void {
    this.#refusals++
    this.#outbox.giveBack()
    const all = fields === 'all' || this.#refused === 'all' || this.#refusals >= REFUSALS_BEFORE_DRAFT
    this.#refused = all ? 'all' : new Set([...(this.#refused ?? []), ...fields])
    if (fields === 'all' || fields.length > 0) this.#refusedBy = why
    this.#joinAgain()
  }

  #joinAgain(): void {
    if (this.#state.name === 'joining') return
    this.#enter({ name: 'apart' })
    this.#join()
  }

  #observe(doc: Doc): void {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (!(origin instanceof LocalEdit)) return
      this.#outbox.add(update, origin.field, performance.now())
      this.#changedOutbox()
      this.#flush()
    })
    doc.on('afterTransactionCleanup', (transaction) => {
      if (doc !== this.#doc || !(transaction.origin instanceof RemoteEdit)) return
      // Yjs takes another id when somebody else wrote under this one; only a granted id may be used (D7).
      if (this.#clientId !== undefined && doc.clientID !== this.#clientId) this.#refuse([], {})
      const fields = this.#touched(transaction)
      const { userId, sessionId, revision } = transaction.origin
      if (fields.length > 0) this.events.emit('arrived', { fields, userId, sessionId, revision })
    })
  }

  #touched(transaction: Transaction): string[] {
    return [...transaction.changed].flatMap(([type, keys]) => {
      const name = this.#nameOf(type)
      if (name !== 'values') return name === undefined ? [] : name
      return [...keys].flatMap((key) => (key === null ? [] : `values/${key}`))
    })
  }

  #nameOf(type: object): string | undefined {
    if (!this.#names.has(type)) for (const [name, root] of this.#doc.share) this.#names.set(root, name)
    return this.#names.get(type)
  }

  #changedOutbox(): void {
    this.events.emit('outbox', { edits: this.#outbox.edits })
  }

  #enter(state: DocumentState): void {
    this.#state = state
    this.events.emit('state', state)
  }
}

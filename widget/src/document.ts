import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import type { Channel } from './channel.ts'
import { DISPUTED, Disputes } from './disputes.ts'
import { Drafts } from './drafts.ts'
import type { Draft } from './drafts.ts'
import { LocalEdit, RemoteEdit, put } from './edit.ts'
import type { Leftover } from './edit.ts'
import { Emitter } from './emitter.ts'
import { same, valueIn } from './field.ts'
import type { Value } from './field.ts'
import { Lifetime } from './lifetime.ts'
import type { Keeper, Kept } from './offline/keeper.ts'
import type { Departing } from './offline/logout.ts'
import type { Store } from './offline/load.ts'
import type { Known, Own } from './offline/record.ts'
import { ServerState } from './offline/server.ts'
import type { Batch, Outbox } from './outbox.ts'
import { LOST, bytes, number, resourceState, text } from './protocol.ts'
import type { Answer, Fields, Mode, ResourceState } from './protocol.ts'
import { rebuild } from './rebuilding.ts'
import type { DocumentEvents, DocumentState } from './reports.ts'
import { Sender, retryAfter } from './sending.ts'
import type { Author } from './sending.ts'
import { Timer } from './timer.ts'
import { Touched } from './touched.ts'

export type { Draft } from './drafts.ts'
export type { Arrived, DocumentState, Saved } from './reports.ts'

/** Refusals in a row after which everything unsaved becomes a draft instead of being applied again. */
const REFUSALS_BEFORE_DRAFT = 3

/** Set by the constructor, never changed. `mode` undefined asks for as much as the user may have. */
export interface DocumentOptions {
  readonly resourceType: string | undefined
  readonly mode: Mode | undefined
}

/**
 * The document of one resource, kept in step with the gateway: joins, has its sender send
 * local edits until they are acknowledged, applies those of others, and rebuilds itself after a refusal (D2, D2c, D7). It
 * owns the Y.Doc and the drafts, and has its keeper keep in this browser what the server does not have (G7).
 */
export class SharedDocument implements Kept, Author, Departing {
  readonly events = new Emitter<DocumentEvents>()
  /**
   * What pages show that is old, by wire name, as far as that was asked for: what the server has filled the field with
   * (null: it never did), then what else it knows (G4).
   */
  readonly seeds = new Map<string, readonly (Value | null)[]>()
  readonly disputes = new Disputes()
  /** See ResourceState. */
  erased = 0
  readonly channel: Channel
  #options: DocumentOptions
  #life = new Lifetime()
  #doc = new Doc()
  #sender: Sender
  #drafts = new Drafts()
  #loose: Own['loose'] = {}
  #server = new ServerState()
  #keeper: Keeper | undefined
  /** Nothing is sent until the store has what is to be sent in the place of what was refused: else both would be. */
  #keeping = false
  #state: DocumentState = { name: 'apart' }
  #asking: Mode
  #mode: Mode = 'viewer'
  /** The id granted by the last join; undefined before the first and for viewers. */
  #clientId: number | undefined
  #met = false
  #revision = 0
  #epoch = 0
  /** Fields that may not be applied again after the rebuilding that is due; undefined when none is due. */
  #refused: Set<string> | 'all' | undefined
  #refusedBy: Fields = {}
  #startsAnew = false
  #refusals = 0
  #rejoin = new Timer()
  #touched = new Touched()

  constructor(channel: Channel, options: DocumentOptions) {
    this.channel = channel
    this.#sender = new Sender(channel, this)
    this.#options = options
    this.#asking = options.mode ?? 'editor'
    this.#observe(this.#doc)
    this.#life.add(channel.events.on('state', ({ name }) => (name === 'open' ? this.#join() : this.#fellApart())))
    this.#life.add(channel.events.on('message', ({ event, fields }) => this.#received(event, fields)))
    this.#life.add(channel.events.on('store', (store) => this.#keepIn(store)))
    if (channel.store !== undefined) this.#keepIn(channel.store)
  }

  #keepIn(store: Store): void {
    const keeper = store.keep(this.resourceId, this)
    this.#keeper = keeper
    this.#life.add(() => keeper.end())
    keeper.events.on('changed', () => this.changed())
    keeper.events.on('loaded', () => this.channel.session !== undefined && this.#joinAgain())
    keeper.changed(false) // what was typed before
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
    return this.#sender.outbox
  }

  /** Reports whether all that is only on this page is in this browser's store, too (G6). */
  get stored(): boolean {
    return this.#keeper?.stored === true
  }

  /** Texts that were refused, or that never got into the document, until they are dismissed. */
  get drafts(): readonly Draft[] {
    return this.#drafts.all
  }

  /** What must survive this tab. */
  get own(): Own {
    const { update, fields, edits } = this.#sender.outbox
    const refused = this.#refused instanceof Set ? [...this.#refused] : this.#refused
    const why = this.#refusedBy
    return { epoch: this.#epoch, update, fields: [...fields], edits, refused, why, loose: this.#loose, drafts: this.drafts }
  }

  /** What the server has, as far as it is known here. */
  get known(): Known {
    if (this.outbox.edits === 0 && !this.#startsAnew) this.#server.replace(encodeStateAsUpdate(this.#doc))
    return { epoch: this.#epoch, revision: this.#revision, mode: this.#mode, update: this.#server.update, seeds: Object.fromEntries(this.seeds) }
  }

  get resourceId(): string {
    return this.channel.resourceId
  }

  get sending(): boolean {
    return this.ready && this.outbox.edits > 0
  }

  /** Reports whether the server said that it can't store now. */
  get held(): boolean {
    return this.#sender.held
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
    if (this.channel.session !== undefined) this.#joinAgain()
  }

  /** Makes an edit of one field and sends it. Reports false, and does nothing, while the document is not editable. */
  edit(field: string, by: object | undefined, change: (doc: Doc) => void): boolean {
    if (!this.editable || this.#clientId === undefined) return false
    this.#doc.clientID = this.#clientId
    this.#doc.transact(() => change(this.#doc), new LocalEdit(field, by))
    return true
  }

  /** Notes what pages show of a field that is old. */
  learnSeed(wire: string, old: readonly (Value | null)[]): void {
    this.seeds.set(wire, old)
    this.#keeper?.learned()
  }

  /** Keeps as a draft what could not go into the document at all. */
  keepAsDraft(field: string, mine: Value, reason: string): void {
    this.#draft({ field, mine, reason, by: '' })
  }

  /** Returns what was given to a field here that others have changed too, until the user has chosen (see Disputes). */
  disputed(field: string): Draft | undefined {
    return this.#drafts.all.findLast((draft) => draft.field === field && draft.reason === DISPUTED)
  }

  /** Forgets the newest draft of a field; the one before it, if there is one, is told of again. */
  dismiss(field: string): void {
    const before = this.#drafts.dismiss(field)
    if (before !== undefined) this.events.emit('draft', before)
    this.#keeper?.changed(false)
  }

  /** Keeps text that is in no document yet; it is all there is. */
  keepLoose(loose: Own['loose']): void {
    if (JSON.stringify(loose) === JSON.stringify(this.#loose)) return
    this.#loose = loose
    this.#keeper?.changed(false)
  }

  takeOver(own: Own | undefined, known: Known | undefined, since: readonly (readonly [string, Value | undefined])[]): boolean {
    const { epoch } = (own ?? known) as Own | Known
    if (epoch > this.#epoch && this.#met) return false // the next join tells
    this.#epoch = epoch
    if (this.#met && this.disputes.ariseFrom(since)) this.#refused ??= new Set()
    if (known !== undefined) this.#takeKnown(known)
    if (own !== undefined && own.edits > 0) this.#takeEdits(own)
    for (const draft of own?.drafts ?? []) this.#draft(draft)
    this.#keepAll(Object.entries(own?.loose ?? {}).map(([field, mine]) => ({ field, mine, theirs: undefined })), 'unsent')
    this.events.emit('restored', undefined)
    this.changed()
    if (this.#refused !== undefined && this.#state.name === 'joined') this.#joinAgain()
    else this.#sender.flush()
    return true
  }

  startAnew(drafts: readonly Draft[] = []): void {
    this.#sender.outbox.clear()
    this.#drafts.clear()
    this.events.emit('forgot', undefined)
    for (const draft of drafts) this.#draft(draft)
    this.#startsAnew = true
    this.#refused ??= new Set()
    this.#joinAgain()
  }

  /** Asks for what is missing, and calls `done` when it is there. */
  sync(done: () => void = () => undefined): void {
    this.channel.request('Y_SYNC', { stateVector: encodeStateVector(this.#doc) }, ({ code, fields }) => {
      if (code === '') this.#take(bytes(fields['update']), new RemoteEdit('', '', this.#revision))
      done()
    })
  }

  healed(state: ResourceState, all: boolean): void {
    if (all) this.#sender.outbox.clear()
    this.#epoch = state.epoch
    this.#clientId = state.clientId
    this.start()
  }

  /** Leaves the resource. */
  end(): void {
    if (this.#life.ended) return
    this.channel.send('LEAVE_RESOURCE')
    this.#life.end()
    this.#sender.giveBack()
    this.#rejoin.clear()
    this.#doc.destroy()
    this.events.clear()
  }

  #takeKnown({ update, mode, revision, seeds }: Known): void {
    // Older records have the seed alone.
    for (const [wire, old] of Object.entries(seeds)) if (!this.seeds.has(wire)) this.seeds.set(wire, [old].flat())
    applyUpdate(this.#doc, update, new RemoteEdit('', '', revision))
    this.#revision = Math.max(this.#revision, revision)
    if (this.#met) return
    this.#met = true
    this.#mode = mode
    // Until a join grants another one: an id that nobody ever had becomes the user's at its first use (D7).
    if (mode === 'editor') this.#clientId = this.#doc.clientID
  }

  #takeEdits({ update, fields, edits, refused, why }: Own): void {
    applyUpdate(this.#doc, update, 'stored')
    this.#sender.outbox.add(update, fields, edits, performance.now())
    if (refused === undefined) return
    this.#refused = refused === 'all' || this.#refused === 'all' ? 'all' : new Set([...(this.#refused ?? []), ...refused])
    this.#refusedBy = why
  }

  #draft(draft: Draft): void {
    if (!this.#drafts.add(draft)) return
    this.events.emit('draft', draft)
    this.#keeper?.changed(false)
  }

  #keepAll(texts: readonly Leftover[], reason: string, by = ''): void {
    for (const { field, mine } of texts) this.#draft({ field, mine, reason, by })
  }

  get ready(): boolean {
    return this.#state.name === 'joined' && !this.#keeping && this.#refused === undefined
  }

  lackedBy(stateVector: Uint8Array): Uint8Array {
    return encodeStateAsUpdate(this.#doc, stateVector)
  }

  changed(): void {
    this.events.emit('outbox', { edits: this.outbox.edits })
  }

  saved({ update, fields, edits, since }: Batch, revision: number): void {
    this.#refusals = 0
    this.#revision = Math.max(this.#revision, revision)
    if (this.#keeper !== undefined) this.#server.add(update)
    this.#keeper?.learned()
    this.events.emit('saved', { fields: [...fields], edits, revision, since, ms: performance.now() - since })
    this.changed()
  }

  /** Begins the rebuilding that D2c asks for; `fields` will not be applied again but kept as drafts. */
  refused(fields: readonly string[] | 'all', why: Fields): void {
    this.#refusals++
    const all = fields === 'all' || this.#refused === 'all' || this.#refusals >= REFUSALS_BEFORE_DRAFT
    this.#refused = all ? 'all' : new Set([...(this.#refused ?? []), ...fields])
    if (fields === 'all' || fields.length > 0) this.#refusedBy = why
    // What was refused must not get lost on the way (L6).
    this.#keep(() => this.#refused !== undefined && this.#joinAgain())
  }

  lost(): void {
    this.#joinAgain()
  }

  #join(): void {
    if (this.#state.name === 'joining' || this.#keeper?.loading === true) return
    const fresh = this.#refused !== undefined
    const known = fresh || this.#doc.store.clients.size === 0 ? {} : { stateVector: encodeStateVector(this.#doc) }
    this.#enter({ name: 'joining' })
    this.channel.request('JOIN_RESOURCE', { resourceType: this.#options.resourceType, mode: this.#asking, ...known }, (answer) => {
      if (this.#life.ended) return
      if (answer.code === '') this.#joined(resourceState(answer.fields), fresh)
      else this.#notJoined(answer)
    })
  }

  #joined(state: ResourceState, fresh: boolean): void {
    const restored = state.epoch > this.#epoch && this.#met
    this.erased = state.erased
    if (restored) {
      this.#enter({ name: 'apart' }) // what came is less than a new life begins with (D8)
      if (this.#keeper?.heal(state)) return
      if (!fresh) return state.erased > this.#epoch ? this.startAnew() : this.refused('all', {})
    }
    if (!fresh && this.disputes.arise(this.#doc, this.outbox.fields, state.state)) {
      this.#refused = new Set()
      this.#enter({ name: 'apart' })
      return this.#join()
    }
    this.#mode = state.mode
    this.#clientId = state.clientId
    this.#revision = state.revision
    const rest = fresh ? this.#rebuild(state, restored) : this.#catchUp(state)
    this.#epoch = Math.max(this.#epoch, state.epoch)
    this.#met = true
    this.#enter({ name: 'joined' })
    this.events.emit('joined', state)
    if (fresh) this.#settle(rest)
    else if (state.mode === 'viewer' && this.#sender.outbox.edits > 0) this.refused('all', { reason: 'viewer' })
    this.#sender.flush()
    this.#keeper?.learned()
    this.#keeper?.look().catch(() => undefined)
  }

  #catchUp(state: ResourceState): readonly Leftover[] {
    if (state.clientId !== undefined) this.#doc.clientID = state.clientId
    this.#take(state.state, new RemoteEdit('', '', state.revision))
    if (this.#sender.outbox.edits > 0 && state.stateVector.length > 0) {
      this.#sender.outbox.replace(encodeStateAsUpdate(this.#doc, state.stateVector))
      this.changed()
    }
    return []
  }

  /** Starts again from the server's document. Returns what the old one had besides, refused or not yet sent. */
  #rebuild(state: ResourceState, restored: boolean): readonly Leftover[] {
    const old = this.#doc
    const disputed = this.disputes.end(old)
    const { fresh, rest } = rebuild(old, state.state, restored ? this.#sender.outbox.fields : undefined)
    if (state.clientId !== undefined) fresh.clientID = state.clientId
    if (restored) {
      this.#refused = 'all'
      this.#refusedBy = { reason: 'epoch' }
    }
    this.#doc = fresh
    this.#server.replace(state.state)
    old.destroy()
    this.#sender.outbox.clear()
    this.#observe(fresh)
    this.#keepAll(disputed.filter(({ field, mine }) => !same(mine, valueIn(fresh, field))), DISPUTED)
    this.events.emit('replaced', fresh)
    this.changed()
    if (!this.#startsAnew) return rest.filter(({ field }) => !disputed.some((one) => one.field === field))
    this.#startsAnew = false
    return []
  }

  /** Keeps as drafts what may not be applied again, and applies the rest; it is sent when the store has it. */
  #settle(rest: readonly Leftover[]): void {
    const refused = this.#mode === 'viewer' ? 'all' : this.#refused
    const why = this.#refusedBy
    const isRefused = ({ field }: Leftover): boolean => refused === 'all' || refused?.has(field) === true
    this.#keeping = true
    this.#refused = undefined
    this.#refusedBy = {}
    this.#keepAll(rest.filter(isRefused), text(why['reason']) || text(why['code']), text(why['lockedBy']))
    for (const one of rest) {
      const { field, mine } = one
      if (mine !== undefined && !isRefused(one)) this.edit(field, undefined, (doc) => put(doc, field, mine))
    }
    this.#keep(() => {
      this.#keeping = false
      this.#sender.flush()
    })
  }

  #keep(done: () => void): void {
    if (this.#keeper === undefined) done()
    else this.#keeper.flush(done)
  }

  #notJoined(answer: Answer): void {
    const { code } = answer
    this.#enter({ name: 'apart' })
    if (code === LOST) return
    const wait = retryAfter(answer)
    if (wait !== undefined) return this.#rejoin.set(wait, () => this.#join())
    if (code === 'PERMISSION_DENIED' && this.#asking === 'editor' && this.#options.mode === undefined) {
      this.#asking = 'viewer'
      return this.#join()
    }
    this.#enter({ name: 'refused', code })
  }

  #fellApart(): void {
    this.#rejoin.clear()
    this.#sender.giveBack()
    if (this.#state.name !== 'apart') this.#enter({ name: 'apart' })
  }

  #received(event: string, fields: Fields): void {
    if (event === 'Y_UPDATE') this.#apply(fields)
    // Said without having been asked: the user's rights have changed (A5), or the content was erased (O7).
    if (/^(PERMISSION_DENIED|RESOURCE_ERASED)$/.test(event)) this.#joinAgain()
  }

  #apply(fields: Fields): void {
    const revision = number(fields['revision'])
    this.#revision = Math.max(this.#revision, revision)
    const origin = new RemoteEdit(text(fields['userId']), text(fields['sessionId']), revision)
    this.#take(bytes(fields['update']), origin)
    const { pendingStructs, pendingDs } = this.#doc.store
    if (pendingStructs !== null || pendingDs !== null) this.sync()
  }

  #take(update: Uint8Array, origin: RemoteEdit): void {
    this.events.emit('arriving', undefined)
    applyUpdate(this.#doc, update, origin)
  }

  #joinAgain(): void {
    if (this.#state.name === 'joining') return
    this.#enter({ name: 'apart' })
    this.#join()
  }

  #observe(doc: Doc): void {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin instanceof RemoteEdit && this.#keeper !== undefined) {
        this.#server.add(update)
        this.#keeper.learned()
      }
      if (!(origin instanceof LocalEdit)) return
      this.#sender.outbox.add(update, [origin.field], 1, performance.now())
      this.#keeper?.changed(this.#state.name === 'joined')
      this.changed()
      this.#sender.flush()
    })
    doc.on('afterTransactionCleanup', (transaction) => {
      if (doc !== this.#doc || !(transaction.origin instanceof RemoteEdit)) return
      // Yjs takes another id when somebody else wrote under this one; only a granted id may be used (D7).
      if (this.#clientId !== undefined && doc.clientID !== this.#clientId) this.refused([], {})
      const fields = this.#touched.by(transaction)
      const { userId, sessionId, revision } = transaction.origin
      if (fields.length > 0) this.events.emit('arrived', { fields, userId, sessionId, revision })
    })
  }

  #enter(state: DocumentState): void {
    this.#state = state
    this.events.emit('state', state)
  }
}

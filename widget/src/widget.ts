import type { BoundField, Conflict } from './bound.ts'
import type { Carried } from './carried.ts'
import type { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import type { SharedDocument } from './document.ts'
import type { Arrived, Draft, Saved } from './document.ts'
import { DISPUTED } from './disputes.ts'
import type { Emitter } from './emitter.ts'
import { idOf } from './field.ts'
import type { FieldKind } from './field.ts'
import { Fields } from './fields.ts'
import { Lifetime } from './lifetime.ts'
import { Locks } from './locks.ts'
import type { LockAnswer } from './locks.ts'
import type { Settings } from './options.ts'
import { Presence } from './presence.ts'
import type { User } from './protocol.ts'
import { Pushes } from './pushes.ts'
import type { Push } from './pushes.ts'
import type { Records } from './records.ts'
import { Seeding } from './seeding.ts'
import { statusOf } from './status.ts'
import type { Status } from './status.ts'
import { Timer } from './timer.ts'
import { isOwn, isPassing } from './ui/element.ts'
import { View } from './view.ts'

/** What others do is shown within this time, however much of it there is, in milliseconds. */
const SHOW_WITHIN_MS = 100
/** An edit that is on the server within this time is not shown as one that is not: each key would redraw the panel twice. */
const UNSAVED_AFTER_MS = 150

/** A field, as the page is told of it. */
export interface FieldInfo {
  /** Its stable id, such as `id-notes` or `name-dose` (G3). */
  readonly id: string
  /** What kind of control it is. */
  readonly kind: FieldKind
  /** What people call it: its label on the page, else its id. */
  readonly label: string
  /** Its elements: one, or the buttons of a radio group. */
  readonly elements: readonly HTMLElement[]
  /** Name of the user who holds the lock; undefined when nobody does. */
  readonly lockedBy: string | undefined
  /** This session holds the lock. */
  readonly ownLock: boolean
  /** Set while the page and the record differ and the user has to choose (G4). */
  readonly conflict: Conflict | undefined
}

/** What a page can listen to. Fields are named by their ids. */
export interface WidgetEvents {
  /** Where things stand has changed. */
  status: Status
  /** Somebody came, left, or changed what they may do. */
  users: readonly User[]
  /** Fields came or went, or who holds their locks has changed. */
  fields: readonly FieldInfo[]
  /** Edits of this page are on the server's disk. */
  saved: Saved
  /** Somebody else's edit is shown on this page. */
  remote: Arrived
  /** What became of a lock; `detail` depends on `event`. */
  lock: {
    readonly field: string
    readonly event: 'acquired' | 'denied' | 'released' | 'requested' | 'answered' | 'taken'
    readonly detail: object
  }
  /** Text was refused, and is kept: of this page, or of one that was left before its text was saved. */
  draft: Draft & { readonly resourceId: string }
  /** The user entered a field; undefined: left it. */
  focus: { readonly field: string | undefined }
  /** One of the hospital's systems said something about the record; no field was changed (G9). */
  resourceUpdated: Push
  /** Something went wrong; the same goes to `onError`. */
  error: { readonly code: string; readonly message: string }
  /** The page shows another record now, or none. */
  resource: { readonly resourceId: string | undefined }
}

/** What the widget of one record has in common with those before and after it on the same page; Handle owns it. */
export interface Shared {
  readonly settings: Settings
  readonly page: Document
  readonly connection: Connection
  readonly events: Emitter<WidgetEvents>
  readonly records: Records
  readonly carried: Carried
}

/** The parts that one record on the page has, and how they are wired: what one part notices, the others are told. */
export class Widget {
  readonly events: Emitter<WidgetEvents>
  readonly document: SharedDocument
  readonly fields: Fields
  readonly locks: Locks
  readonly presence: Presence
  readonly drafts: Map<string, Draft>
  #pushes: Pushes
  #settings: Settings
  #page: Document
  #connection: Connection
  #records: Records
  #life = new Lifetime()
  #view: View | undefined
  #focused: BoundField | undefined
  /** Fields that the user has left: their locks are given back once what was written under them is on the server. */
  #owed = new Set<string>()
  #status: Status | undefined
  #soon = new Timer()
  #showing = new Timer()
  #unsaved = new Timer()
  #shown: Status['save'] = 'server'

  constructor({ settings, page, connection, events, records, carried }: Shared, resourceId: string) {
    this.events = events
    this.#settings = settings
    this.#page = page
    this.#connection = connection
    this.#records = records
    const { channel, document } = records.enter(resourceId)
    this.document = document
    this.drafts = records.drafts(resourceId)
    this.locks = new Locks(channel, document)
    this.presence = new Presence(channel, document)
    this.#pushes = new Pushes(channel)
    const seeding = new Seeding(channel, document)
    this.fields = new Fields(document, seeding, settings, carried)
    document.disputes.oneLine = (wire) => this.fields.ofWire(wire)?.binding.elements[0]?.matches('input')
    // The locks are given back once everything that was written under them is on the server.
    this.#life.add(() => records.leave(resourceId, () => this.locks.end()))
    for (const part of [this.#pushes, seeding, this.presence, this.fields]) this.#life.add(() => part.end())
    for (const part of [this.#soon, this.#showing, this.#unsaved]) this.#life.add(() => part.clear())
    this.#wire(channel)
    this.#watchFocus()
  }

  /** Begins: finds the fields, shows them, joins. */
  start(): void {
    if (this.#settings.ui) {
      this.#view = new View(this, this.#settings, () => this.#connection.tryNow())
      this.#life.add(() => this.#view?.end())
    }
    this.fields.start(this.#page)
    this.#enter(this.fields.focusedIn(this.#page))
    this.document.start()
    this.#changed()
  }

  /** Where things stand. */
  get status(): Status {
    const { document, fields } = this
    return statusOf({
      connection: this.#connection.state,
      everOpen: this.ownId !== '',
      document: fields.comparing ? { name: 'joining' } : document.state,
      met: document.met,
      mode: document.mode,
      revision: document.revision,
      edits: document.outbox.edits + this.#records.edits,
      loose: this.#keepLoose(),
      drafts: document.drafts.length,
      stored: document.stored && this.#records.stored,
      store: this.#connection.vault?.failure,
      degraded: this.#connection.degraded,
    })
  }

  /** The gateway works without its state service: no locks now. */
  get degraded(): boolean {
    return this.#connection.degraded.includes('state')
  }

  /** The user's own id; empty until the first connection. */
  get ownId(): string {
    return this.#connection.userId
  }

  /** When the oldest edit that is not on the server was made, of this record or one left before, by `performance.now()`. */
  get unsavedSince(): number | undefined {
    const [own, left] = [this.document.outbox.since, this.#records.since]
    return own === undefined || left === undefined ? (own ?? left) : Math.min(own, left)
  }

  /** Asks for the lock of a field, by its id. */
  lock(id: string): Promise<LockAnswer> {
    return new Promise((done) => this.locks.acquire(this.#wireOf(id), done))
  }

  /** Gives the lock of a field back. */
  unlock(id: string): void {
    this.locks.release(this.#wireOf(id))
  }

  /** Ends the conflict of a field, by its id, with one of the two values (G4). */
  choose(id: string, which: 'mine' | 'theirs'): void {
    const field = this.fields.get(id)
    if (field === undefined) return
    const { wire } = field
    const disputed = this.drafts.get(wire)?.reason === DISPUTED
    field.choose(which)
    if (disputed && this.document.disputed(wire) === undefined) this.drafts.delete(wire)
  }

  /** Forgets the draft of a field that is shown; one that came before it is shown then. */
  dismiss(wire: string): void {
    this.drafts.delete(wire)
    this.document.dismiss(wire)
    this.#changed()
  }

  /** What the page is told of its fields. */
  info(): readonly FieldInfo[] {
    return this.fields.all.map(({ id, kind, label, wire, binding, conflict }) => ({
      id,
      kind,
      label,
      elements: binding.elements,
      lockedBy: this.locks.against(wire)?.name,
      ownLock: this.locks.own(wire) !== undefined,
      conflict,
    }))
  }

  /** Ends and leaves the page as it was, with what it shows now. What was typed goes on to the server. */
  end(): void {
    this.#life.end()
  }

  #wireOf(id: string): string {
    return id === '' ? '' : (this.fields.get(id)?.wire ?? id)
  }

  #wire(channel: Channel): void {
    const { document, locks, presence, fields } = this
    const hear = (stop: () => void): void => this.#life.add(stop)
    hear(this.#connection.events.on('state', () => this.#changed()))
    hear(this.#connection.events.on('message', ({ event }) => /^(DEGRADED|RECOVERED)$/.test(event) && this.#changed()))
    hear(this.#records.events.on('changed', () => this.#changed()))
    hear(document.events.on('state', (state) => {
      if (state.name === 'refused') this.events.emit('error', { code: state.code, message: `${channel.resourceId} was refused` })
      this.#changed()
    }))
    hear(document.events.on('joined', () => this.#changed()))
    hear(document.events.on('outbox', () => {
      this.#tellSoon()
      this.#giveBack()
    }))
    hear(document.events.on('saved', (saved) => this.events.emit('saved', { ...saved, fields: saved.fields.map(idOf) })))
    hear(document.events.on('arrived', (arrived) => this.#arrived(arrived)))
    hear(document.events.on('draft', () => this.#changed()))
    hear(document.events.on('forgot', () => this.#view?.forgot()))
    hear(locks.events.on('changed', () => this.#locksChanged()))
    for (const event of ['acquired', 'denied', 'released', 'requested', 'answered', 'taken'] as const) {
      hear(locks.events.on(event, (detail) => this.events.emit('lock', { field: idOf(detail.field), event, detail })))
    }
    hear(this.#pushes.events.on('push', (push) => {
      this.events.emit('resourceUpdated', push)
      this.#view?.pushed(push)
    }))
    hear(presence.events.on('users', (users) => {
      this.events.emit('users', users)
      this.#changed()
    }))
    hear(presence.events.on('moved', () => this.#showSoon()))
    hear(document.events.on('restored', () => this.#changed()))
    hear(fields.events.on('changed', () => this.#locksChanged()))
  }

  #arrived(arrived: Arrived): void {
    if (arrived.userId !== '') {
      for (const wire of arrived.fields) this.#view?.flash(wire)
      this.events.emit('remote', { ...arrived, fields: arrived.fields.map(idOf) })
    }
    this.#tellSoon()
    this.#showSoon()
  }

  /** Has what was typed into fields that are not bound yet kept, too. Returns the number of these fields. */
  #keepLoose(): number {
    const loose = this.fields.all.filter((field) => field.waitsWithText)
    this.document.keepLoose(Object.fromEntries(loose.map(({ wire, binding }) => [wire, binding.read() ?? ''])))
    return loose.length
  }

  #locksChanged(): void {
    const viewer = this.document.met && this.document.mode === 'viewer'
    for (const { wire, binding } of this.fields.all) {
      binding.setReadOnly(viewer || this.locks.against(wire) !== undefined)
    }
    this.events.emit('fields', this.info())
    this.#changed()
  }

  #watchFocus(): void {
    const quiet = { capture: true, passive: true }
    const active = (): void => {
      this.locks.active()
      this.#claim()
    }
    this.#life.add(this.fields.events.on('opened', ({ document, life }) => {
      // Who goes into one of the widget's own dialogs has not left the field.
      life.listen(document, 'focusin', (event) => !isOwn(event.target) && this.#enter(this.fields.ofEvent(event)), quiet)
      life.listen<FocusEvent>(document, 'focusout', (event) => !isPassing(event) && this.#enter(undefined), quiet)
      for (const type of ['input', 'keydown', 'pointerdown']) life.listen(document, type, active, quiet)
      life.listen(document, 'input', () => this.#tellSoon(), quiet)
    }))
    this.#life.add(this.document.events.on('joined', () => this.#claim()))
    this.#life.add(this.locks.events.on('released', ({ userId }) => userId !== this.ownId && this.#claim()))
  }

  #enter(field: BoundField | undefined): void {
    if (field === this.#focused) return
    if (this.#settings.locking === 'focus' && this.#focused !== undefined) this.#owed.add(this.#focused.wire)
    this.#focused = field
    this.#giveBack()
    this.#claim()
    this.presence.enter(field?.wire ?? '')
    this.#view?.focused(field)
    this.events.emit('focus', { field: field?.id })
  }

  #giveBack(): void {
    const { fields } = this.document.outbox
    for (const wire of this.#owed) {
      if (wire !== this.#focused?.wire && fields.has(wire)) continue
      this.#owed.delete(wire)
      if (wire !== this.#focused?.wire) this.locks.release(wire)
    }
  }

  /** Asks for the lock of the focused field, if locks follow the focus and nobody else has it. */
  #claim(): void {
    if (this.#settings.locking !== 'focus' || this.#focused === undefined || !this.document.editable) return
    const { wire } = this.#focused
    if (this.locks.own(wire) === undefined && this.locks.against(wire) === undefined) this.locks.acquire(wire)
  }

  /** Tells and shows what has changed, once for all that changes in one turn. */
  #changed(): void {
    this.#tellSoon()
    this.#showSoon(0)
  }

  #tellSoon(): void {
    if (!this.#soon.running && !this.#life.ended) this.#soon.set(0, () => this.#tell())
  }

  #tell(): void {
    const status = this.status
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return
    const modeChanged = status.mode !== this.#status?.mode
    this.#status = status
    this.events.emit('status', status)
    if (modeChanged) this.#locksChanged()
    if (status.save === 'server') {
      this.#unsaved.clear()
      if (this.#shown !== 'server') this.#showSoon()
    } else if (status.save !== this.#shown && !this.#unsaved.running) this.#unsaved.set(UNSAVED_AFTER_MS, () => this.#show())
  }

  #showSoon(ms = SHOW_WITHIN_MS): void {
    if (!this.#life.ended && (ms === 0 || !this.#showing.running)) this.#showing.set(ms, () => this.#show())
  }

  #show(): void {
    this.#shown = this.status.save
    this.#view?.changed()
  }
}

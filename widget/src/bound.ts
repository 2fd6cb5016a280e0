import type { Binding, Cause, Rendering } from './binding/binding.ts'
import type { SharedDocument } from './document.ts'
import { put } from './edit.ts'
import { blank, same, valueIn, wireName, written } from './field.ts'
import type { FieldKind, Value } from './field.ts'
import type { Seeding } from './seeding.ts'

/** So long after a field was found, what scripts write into it counts as its first rendering, in milliseconds. */
const LOADING_MS = 5_000

/** What the page has and what the document has, where only the user can know which of them is right (G4). */
export interface Conflict {
  /** The page's value, with what was typed into it since. */
  readonly mine: Value
  /** `mine` was typed here while the page was apart, and others have changed the field meanwhile. */
  readonly typed?: boolean
  /** The document's value. */
  readonly theirs: Value
  /** Who wrote the document's, when that is known. */
  readonly by?: string
}

/**
 * One field of the page: its control, its name, and whether it is bound to the document yet. Until then what is typed
 * stays in the control, is reported as unsaved, and goes into the document when the field is bound (G4).
 *
 * Before it is bound for the first time, what the page had is compared with the document. A page that shows what the
 * record was seeded with, or what is known to be older, is merely old; one that shows anything else was changed elsewhere,
 * which is a conflict.
 */
export class BoundField {
  readonly id: string
  readonly kind: FieldKind
  /** Name on the wire: of the lock, the seed, the root or entry. */
  readonly wire: string
  readonly label: string
  readonly binding: Binding
  /** What the field shows may be another record's, which the page showed before: it fills nothing (see Carried). */
  carried = false
  #again: () => void
  #found = Date.now()
  #base: Value
  #live = false
  #document: SharedDocument | undefined
  #seeding: Seeding | undefined
  #conflict = false
  /** What the page had when the server was asked to fill the field: what it has put there since is an edit. */
  #asked: Value | undefined
  /** Whether this is the first time that the page shows the field: what comes back is not compared. */
  #first = true

  /** `again` is called when the field is to be considered again, and when its conflict has ended. */
  constructor(id: string, kind: FieldKind, label: string, binding: Binding, again: () => void = () => undefined) {
    this.id = id
    this.kind = kind
    this.wire = wireName(id, kind)
    this.label = label
    this.binding = binding
    this.#again = again
    this.#base = binding.pristine.value
    binding.rendered = (cause) => this.#rendered(cause)
  }

  /** What the page itself put into the field, before the user changed it or it was bound. */
  get base(): Value {
    return this.#live ? this.#base : this.binding.pristine.value
  }

  /** Reports whether the field is bound to the document. */
  get live(): boolean {
    return this.#live
  }

  /** Reports whether something was typed that is in no document yet. */
  get waitsWithText(): boolean {
    if (this.#live) return false
    const value = this.binding.read()
    return value !== undefined && !same(value, this.base) && !same(value, this.#document?.disputed(this.wire)?.mine)
  }

  /** Set while the user has to choose; the field is not bound meanwhile. */
  get conflict(): Conflict | undefined {
    if (!this.#conflict || this.#document === undefined) return undefined
    const disputed = this.#document.disputed(this.wire)
    const mine = this.waitsWithText ? undefined : disputed?.mine
    return { mine: mine ?? this.#page, theirs: valueIn(this.#document.doc, this.wire) ?? '', ...(disputed && { typed: true }) }
  }

  /** Ends the conflict with one of the two values. The page's is taken only while the document can be edited. */
  choose(which: 'mine' | 'theirs'): void {
    const { conflict } = this
    if (conflict === undefined || (which === 'mine' && this.#document?.editable !== true)) return
    const { mine, theirs } = conflict
    const typed = same(mine, this.#page)
    const disputed = this.#isDisputed()
    if (which === 'mine' && !typed) this.#document?.edit(this.wire, undefined, (doc) => put(doc, this.wire, mine))
    if (disputed) this.#document?.dismiss(this.wire)
    this.#conflict = false
    // Of a page that was opened since then it is not known yet whether what it shows is old.
    if (!disputed || typed || this.#seeding?.compared.has(this.wire)) this.#bind(which === 'mine' && typed ? theirs : this.#page)
    if (!disputed) this.#seeding?.note([[this.wire, this.base]]) // nobody is asked about it again
    this.#again()
  }

  /**
   * Binds the field if the time has come. Reports whether the server should be asked first (`SEED`): to fill the field
   * from the page, or for what it was filled with.
   */
  consider(document: SharedDocument, seeding: Seeding): boolean {
    if (this.#live || !document.met) return false
    this.#document = document
    this.#seeding = seeding
    if (this.#isDisputed()) return false
    const viewer = document.mode === 'viewer'
    const base = this.#asked ?? this.base
    if (!written(document.doc, this.wire)) {
      if (viewer || this.carried) return false
      if (!blank(this.base)) {
        // What the page shows may be what was erased: nothing is filled with it unless its user says so (O7).
        this.#conflict = document.erased > 0
        if (this.#conflict) return false
        this.#asked = this.base
        return true
      }
    } else if (this.carried) {
      this.#bind(this.#page)
      return false
    } else if (viewer) {
      if (this.waitsWithText) document.keepAsDraft(this.wire, this.#page, 'viewer')
      this.#bind(this.#page)
      return false
    } else if (!this.#isCurrent(valueIn(document.doc, this.wire) ?? '') && !this.#isNew(document, seeding)) {
      const old = seeding.isOld(this.wire, base)
      if (old === undefined) return true
      this.#conflict = !old
      if (!old) return false
    }
    this.#bind(base)
    return false
  }

  /** Goes on with another document, which was built in the place of the first. */
  rebind(document: SharedDocument): void {
    if (!this.#live) return
    this.#live = !this.#isDisputed()
    if (this.#live) this.binding.attach(document.doc, this.#base)
    else this.binding.pause()
  }

  /** Reports whether the field was changed on both sides while the page was apart: the user has to choose, then. */
  #isDisputed(): boolean {
    this.#conflict = this.#document?.disputed(this.wire) !== undefined
    return this.#conflict
  }

  get #page(): Value {
    return this.binding.read() ?? this.base
  }

  #isCurrent(theirs: Value): boolean {
    const wanted = this.binding.shape(theirs)
    return same(this.base, wanted) || same(this.binding.read(), wanted)
  }

  /** Reports whether the document is newer than the page: it was compared before, or has edits made here and not yet saved. */
  #isNew(document: SharedDocument, seeding: Seeding): boolean {
    return seeding.compared.has(this.wire) || document.outbox.fields.has(this.wire)
  }

  #bind(base: Value): void {
    if (this.#document === undefined) return
    this.#base = this.base
    this.#live = true
    this.#asked = undefined
    this.#conflict = false
    const { compared } = this.#seeding ?? {}
    this.#first = compared?.has(this.wire) !== true
    if (this.#first) compared?.set(this.wire, undefined)
    this.binding.attach(this.#document.doc, base)
  }

  /** Says what is to become of something that the page itself has put into the bound field. */
  #rendered(cause: Cause): Rendering {
    if (cause === 'answer') return 'undone'
    const { doc } = this.#document ?? {}
    const young = Date.now() - this.#found < LOADING_MS || (blank(this.#base) && cause !== 'calculated')
    const loading = this.#first && young && !this.binding.pristine.touched
    const value = this.binding.read()
    const old = same(value, this.#base) || same(value, this.#seeding?.compared.get(this.wire))
    if (doc !== undefined && ((loading && !old) || !written(doc, this.wire))) {
      this.#live = false
      this.#seeding?.compared.delete(this.wire)
      this.binding.pause()
      this.#again()
      return 'released'
    }
    return cause !== 'page' && !old ? 'kept' : 'undone'
  }
}

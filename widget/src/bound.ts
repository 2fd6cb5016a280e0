import type { Binding } from './binding/binding.ts'
import type { SharedDocument } from './document.ts'
import { blank, same, wireName, written } from './field.ts'
import type { FieldKind, Value } from './field.ts'

/**
 * One field of the page: its control, its name, and whether it is bound to the document yet. Until then what is typed
 * stays in the control, is reported as unsaved, and goes into the document when the field is bound (G4).
 */
export class BoundField {
  readonly id: string
  readonly kind: FieldKind
  /** Name on the wire: of the lock, the seed, the root or entry. */
  readonly wire: string
  readonly label: string
  readonly binding: Binding
  /**
   * What the field shows may be another record's, which the page showed before: it fills nothing (see Carried).
   */
  carried = false
  #base: Value
  #live = false

  constructor(id: string, kind: FieldKind, label: string, binding: Binding) {
    this.id = id
    this.kind = kind
    this.wire = wireName(id, kind)
    this.label = label
    this.binding = binding
    this.#base = binding.read() ?? ''
  }

  /** What the page had when the field was found. */
  get base(): Value {
    return this.#base
  }

  /** Reports whether the field is bound to the document. */
  get live(): boolean {
    return this.#live
  }

  /** Takes in one more radio button. One that comes chosen is what the page had. */
  add(element: HTMLInputElement): void {
    this.binding.add(element)
    if (!this.#live && element.checked) this.#base = element.value
  }

  /** Reports whether something was typed that is in no document yet. */
  get waitsWithText(): boolean {
    if (this.#live) return false
    const value = this.binding.read()
    return value !== undefined && !same(value, this.base)
  }

  /** Binds the field if the time has come. Reports whether the server should fill it from the page first (`SEED`). */
  consider(document: SharedDocument): boolean {
    if (this.#live || !document.met) return false
    if (!written(document.doc, this.wire)) {
      if (document.mode === 'viewer' || this.carried) return false
      if (!blank(this.base)) return true
    }
    this.#live = true
    this.binding.attach(document.doc, this.base)
    return false
  }

  /** Goes on with another document, which was built in the place of the first. */
  rebind(document: SharedDocument): void {
    if (this.#live) this.binding.attach(document.doc, this.base)
  }
}

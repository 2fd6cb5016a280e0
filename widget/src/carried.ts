import type { BoundField } from './bound.ts'
import { same } from './field.ts'
import type { Value } from './field.ts'
import { Lifetime } from './lifetime.ts'
import { Timer } from './timer.ts'

/** How often controls that were carried over are looked at, in milliseconds: what a page sets tells nobody of it. */
const LOOK_EVERY_MS = 200

/**
 * Remembers what controls showed when the record of the page changed under them. Until the page or the user changes it,
 * it may still be the former record's: another patient's. It is never taken for the new record's.
 */
export class Carried {
  #values = new WeakMap<Element, Value>()

  /** Notes what a field shows while its record ends. */
  note({ binding }: BoundField): void {
    const value = binding.read()
    for (const element of binding.elements) if (value !== undefined) this.#values.set(element, value)
  }

  /** Reports whether the element shows what it showed then. Once it does not, it never does again. */
  holds(element: Element, value: Value): boolean {
    const then = this.#values.get(element)
    if (then !== undefined && !same(then, value)) this.#values.delete(element)
    return then !== undefined && same(then, value)
  }
}

/** Watches fields that were carried over until somebody changes them: `renew` when it was the page, `touch` when the user. */
export class CarriedWatch {
  #fields = new Map<BoundField, { readonly life: Lifetime; readonly value: Value }>()
  #timer = new Timer()
  #renew: (field: BoundField) => void
  #touch: () => void

  constructor(renew: (field: BoundField) => void, touch: () => void) {
    this.#renew = renew
    this.#touch = touch
  }

  /** Reports whether there is any. */
  get any(): boolean {
    return this.#fields.size > 0
  }

  /** Begins to watch a field. */
  add(field: BoundField): void {
    field.carried = true
    const life = new Lifetime()
    this.#fields.set(field, { life, value: field.base })
    for (const element of field.binding.elements) {
      life.listen(element, 'input', ({ isTrusted }) => isTrusted && this.#touched(field), { capture: true })
    }
    this.#plan()
  }

  /** Watches a field no more. */
  drop(field: BoundField): void {
    this.#fields.get(field)?.life.end()
    this.#fields.delete(field)
  }

  /** Watches nothing more. */
  end(): void {
    for (const field of this.#fields.keys()) this.drop(field)
    this.#timer.clear()
  }

  #plan(): void {
    if (this.any && !this.#timer.running) this.#timer.set(LOOK_EVERY_MS, () => this.#look())
  }

  #touched(field: BoundField): void {
    field.carried = false
    this.drop(field)
    this.#touch()
  }

  #look(): void {
    for (const [field, { value }] of [...this.#fields]) {
      if (field.live) this.drop(field)
      else if (!same(field.binding.read(), value)) {
        this.drop(field)
        this.#renew(field)
      }
    }
    this.#plan()
  }
}

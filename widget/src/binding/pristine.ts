import type { Value } from '../field.ts'

/**
 * What the page itself put into a control before the user changed it for the first time. Frameworks render late, so it
 * is read anew until then (G4).
 */
export class Pristine {
  #read: () => Value | undefined
  #value: Value = ''
  #touched = false

  constructor(read: () => Value | undefined) {
    this.#read = read
  }

  /** Reports whether the user has changed the control. */
  get touched(): boolean {
    return this.#touched
  }

  get value(): Value {
    if (!this.#touched) this.#value = this.#read() ?? this.#value
    return this.#value
  }

  /** Ends it: the user changes the control, or has changed it since the value was read last. */
  touch(): void {
    this.#touched = true
  }
}

import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'

/** After so long without a sign of it, a composition counts as ended: remote desktops lose its end. */
const LOST_AFTER_MS = 4_000

/** Knows whether an input method composes a word in an element; meanwhile its text is neither read nor written (G4). */
export class Composition {
  #composing = false
  #life = new Lifetime()
  #timer = new Timer()
  #ended: () => void

  constructor(element: HTMLElement, ended: () => void) {
    this.#ended = ended
    for (const type of ['compositionstart', 'compositionupdate']) {
      this.#life.listen(element, type, () => this.#goesOn(), { capture: true })
    }
    for (const type of ['compositionend', 'blur']) this.#life.listen(element, type, () => this.#end(), { capture: true })
    this.#life.listen<KeyboardEvent>(element, 'keydown', (event) => event.isComposing || this.#end(), { capture: true })
  }

  /** Reports whether a word is being composed. */
  get composing(): boolean {
    return this.#composing
  }

  /** Stops listening; a word that is being composed counts as it is. */
  end(): void {
    this.#life.end()
    this.#end()
  }

  #goesOn(): void {
    this.#composing = true
    this.#timer.set(LOST_AFTER_MS, () => this.#end())
  }

  #end(): void {
    if (!this.#composing) return
    this.#composing = false
    this.#timer.clear()
    this.#ended()
  }
}

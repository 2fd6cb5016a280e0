import { applyUpdate, encodeStateAsUpdate } from 'yjs'
import type { Doc } from 'yjs'
import type { Leftover } from './edit.ts'
import { isChoice, valueIn } from './field.ts'
import type { Value } from './field.ts'
import { docOf } from './rebuilding.ts'
import { Touched } from './touched.ts'

/** Reason of a draft with the value that was given here to a field that others have changed, too. */
export const DISPUTED = 'changed'

/** A text of more lines, or a longer one, is merged like any other. */
const SHORT = /^.{0,40}$/

/**
 * The fields that were edited here while the page was apart, and by others too, as far as the two values can't be merged:
 * 37.3 and 37.9 make 37.39, which nobody has measured. Such are choices, and short texts of one line. The user has to
 * choose, once the document was built anew from the server's.
 */
export class Disputes {
  /** Reports of a field whether it holds one line; undefined when the page does not show it. */
  oneLine: (wire: string) => boolean | undefined = () => undefined
  /** What the fields had here; undefined: what they have when the document is built anew. */
  #mine = new Map<string, Value | undefined>()

  /** Looks at what the server has and the document lacks. Reports whether the document has to be built anew. */
  arise(doc: Doc, edited: Iterable<string>, state: Uint8Array): boolean {
    const candidates = [...edited].filter((wire) => this.#isWhole(wire, valueIn(doc, wire)))
    if (candidates.length > 0) {
      const touched = new Touched()
      let theirs: readonly string[] = []
      const merged = docOf(encodeStateAsUpdate(doc))
      merged.on('afterTransaction', (transaction) => (theirs = touched.by(transaction)))
      applyUpdate(merged, state)
      for (const wire of candidates) if (theirs.includes(wire)) this.#mine.set(wire, undefined)
    }
    return this.#mine.size > 0
  }

  /** Takes what another page has left of fields that were written since. Reports the same. */
  ariseFrom(left: readonly (readonly [string, Value | undefined])[]): boolean {
    for (const [wire, mine] of left) if (this.#isWhole(wire, mine)) this.#mine.set(wire, mine)
    return this.#mine.size > 0
  }

  /** Ends them: returns what the fields had here. */
  end(doc: Doc): Leftover[] {
    const all = [...this.#mine].map(([field, mine]) => ({ field, mine: mine ?? valueIn(doc, field), theirs: undefined }))
    this.#mine.clear()
    return all
  }

  #isWhole(wire: string, value: Value | undefined): boolean {
    return isChoice(wire) || (SHORT.test(String(value ?? '')) && this.oneLine(wire) !== false)
  }
}

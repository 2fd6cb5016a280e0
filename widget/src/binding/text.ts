import type { Doc, Text, YTextEvent } from 'yjs'
import { textOf } from '../field.ts'
import type { Value } from '../field.ts'
import { LocalEdit } from '../edit.ts'
import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'
import type { Binding, Editor } from './binding.ts'
import { mapCaret, rebase } from './caret.ts'
import type { Delta } from './caret.ts'
import { Composition } from './composition.ts'
import type { TextControl } from './control.ts'
import { diff } from './diff.ts'
import type { Splice } from './diff.ts'

/**
 * Keeps a text control and a Y.Text the same, both ways, by single splices (G4).
 *
 * `#agreed` is the text on which both last agreed. A local change is the difference between what the control showed
 * then and shows now; remote changes since then wait as deltas, for as long as an input method composes. Settling
 * moves the local change over the deltas, puts it into the document, and shows the outcome.
 */
export class TextBinding implements Binding {
  #control: TextControl
  #wire: string
  #editor: Editor
  #composition: Composition
  #life = new Lifetime()
  #again = new Timer()
  #text: Text | undefined
  #unobserve: (() => void) | undefined
  #agreed = ''
  /** What the control made of `#agreed`: a number field shows no letters. */
  #shown: string | undefined
  #deltas: Delta[] = []
  #settling = false

  constructor(control: TextControl, wire: string, editor: Editor) {
    this.#control = control
    this.#wire = wire
    this.#editor = editor
    this.#composition = new Composition(control.element, () => this.#settle())
    for (const type of ['input', 'change', 'blur']) {
      this.#life.listen(control.element, type, () => this.#mayHaveChanged(), { capture: true })
    }
  }

  get elements(): readonly HTMLElement[] {
    return [this.#control.element]
  }

  read(): Value | undefined {
    return this.#control.read()
  }

  attach(doc: Doc, base: Value): void {
    const before = this.#text === undefined ? String(base) : this.#agreed
    if (this.#text === undefined) this.#shown = String(base)
    this.#unobserve?.()
    const text = textOf(doc, this.#wire)
    const observe = (event: YTextEvent): void => this.#remote(event)
    text.observe(observe)
    this.#unobserve = () => text.unobserve(observe)
    this.#text = text
    this.#agreed = before
    const away = diff(before, text.toString())
    this.#deltas = away === undefined ? [] : [asDelta(away)]
    this.#settle()
  }

  detach(): void {
    this.#composition.end()
    this.#unobserve?.()
    this.#unobserve = undefined
    this.#text = undefined
    this.#again.clear()
    this.#life.end()
    this.#control.setReadOnly(false)
  }

  setReadOnly(readOnly: boolean): void {
    this.#control.setReadOnly(readOnly)
  }

  add(): void {
    // A text has one element.
  }

  remove(): boolean {
    return false
  }

  #mayHaveChanged(): void {
    if (this.#settling) return // an event of our own: what the page makes of a remote change is not sent back
    this.#settle()
    // Frameworks may write the value anew once their own handlers have run.
    if (this.#text !== undefined) this.#again.set(0, () => this.#settle())
  }

  #remote(event: YTextEvent): void {
    if (event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this) return
    this.#deltas.push(event.delta)
    this.#settle()
  }

  #settle(): void {
    if (this.#text === undefined || this.#settling || this.#composition.composing) return
    const value = this.#control.read()
    if (value === undefined) return
    this.#settling = true
    const selection = this.#control.selection()
    const splice = value === this.#shown ? undefined : diff(this.#agreed, value, selection?.end)
    const deltas = this.#deltas
    this.#deltas = []
    if (splice !== undefined) this.#put(this.#text, rebase(splice, deltas))
    this.#agreed = this.#text.toString() // another document may have come with the answer to the edit
    if (this.#agreed !== value && (value !== this.#shown || deltas.length > 0)) {
      this.#control.write(
        this.#agreed,
        selection && {
          ...selection,
          start: mapCaret(selection.start, splice, deltas),
          end: mapCaret(selection.end, splice, deltas),
        },
      )
    }
    this.#shown = this.#control.read()
    this.#settling = false
    if (this.#deltas.length > 0) this.#settle()
  }

  #put(text: Text, splices: readonly Splice[]): void {
    this.#editor.edit(this.#wire, this, () => {
      for (const { start, deleted, inserted } of splices) {
        if (deleted > 0) text.delete(start, deleted)
        if (inserted !== '') text.insert(start, inserted)
      }
    })
  }
}

function asDelta({ start, deleted, inserted }: Splice): Delta {
  return [
    ...(start > 0 ? [{ retain: start }] : []),
    ...(inserted === '' ? [] : [{ insert: inserted }]),
    ...(deleted > 0 ? [{ delete: deleted }] : []),
  ]
}

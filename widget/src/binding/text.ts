import type { Doc, Text, YTextEvent } from 'yjs'
import { textOf } from '../field.ts'
import type { Value } from '../field.ts'
import { LocalEdit } from '../edit.ts'
import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'
import type { Binding, Cause, Editor, Rendering } from './binding.ts'
import { mapCaret, rebase } from './caret.ts'
import type { Delta } from './caret.ts'
import { Composition } from './composition.ts'
import type { TextControl } from './control.ts'
import { diff } from './diff.ts'
import type { Splice } from './diff.ts'
import { watchPage } from './gesture.ts'
import { History, asDelta } from './history.ts'
import { hasFocus } from './native.ts'
import { Pristine } from './pristine.ts'
import { whileRendering } from './rendering.ts'

/** So long after a remote change was shown, what the page puts into the control is its answer to it, in milliseconds. */
const ECHO_MS = 100

/** Who has changed a control: the user, or the page. */
type Author = 'user' | Cause

/**
 * Keeps a text control and a Y.Text the same, both ways, by single splices (G4).
 *
 * `#agreed` is the text on which both last agreed. A local change is the difference between what the control showed
 * then and shows now; remote changes since then wait as deltas, for as long as an input method composes. Settling
 * moves the local change over the deltas, puts it into the document, and shows the outcome.
 */
export class TextBinding implements Binding {
  readonly pristine: Pristine
  rendered: (cause: Cause) => Rendering = () => 'kept'
  #control: TextControl
  #wire: string
  #editor: Editor
  #composition: Composition
  #life = new Lifetime()
  #again = new Timer()
  #rendering = new Timer()
  #echo = new Timer()
  #echoSince = 0
  #text: Text | undefined
  #unobserve: (() => void) | undefined
  #agreed = ''
  /** What the control made of `#agreed`: a number field shows no letters. */
  #shown: string | undefined
  #deltas: Delta[] = []
  #settling = false
  #readOnly = false
  #history = new History()

  constructor(control: TextControl, wire: string, editor: Editor) {
    this.#control = control
    this.#wire = wire
    this.#editor = editor
    const { element } = control
    this.pristine = new Pristine(() => control.read())
    this.#composition = new Composition(element, () => this.#settle('user'))
    for (const type of ['input', 'change', 'blur']) {
      this.#life.listen(element, type, (event) => this.#mayHaveChanged(event), { capture: true })
    }
    for (const type of ['focus', 'beforeinput']) {
      this.#life.listen(element, type, () => (this.pristine.value, this.#settle('page')), { capture: true })
    }
    this.#life.listen<InputEvent>(element, 'beforeinput', (event) => {
      if (/^history/.test(event.inputType)) this.#goBack(event, event.inputType === 'historyRedo')
    })
    this.#life.listen<KeyboardEvent>(element, 'keydown', (event) => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event
      if (ctrlKey === metaKey || altKey || !/^[zy]$/i.test(key)) return
      this.#goBack(event, shiftKey || /y/i.test(key))
    })
    this.#life.add(watchPage(element.ownerDocument, (by, at, target) => target !== element && this.#settle(by === 'reset' ? 'user' : by, at)))
  }

  get elements(): readonly HTMLElement[] {
    return [this.#control.element]
  }

  read(): Value | undefined {
    return this.#control.read()
  }

  shape(value: Value): Value {
    return this.#control.shape(String(value))
  }

  attach(doc: Doc, base: Value): void {
    const text = textOf(doc, this.#wire)
    const now = text.toString()
    let before = this.#agreed
    if (this.#text === undefined) {
      const value = this.#control.read()
      // What page and document both have was not put in twice.
      before = value !== undefined && value === this.#control.shape(now) ? now : String(base)
      this.#shown = this.#control.shape(before)
    }
    this.#unobserve?.()
    const observe = (event: YTextEvent): void => this.#remote(event)
    text.observe(observe)
    this.#unobserve = () => text.unobserve(observe)
    this.#text = text
    this.#agreed = before
    this.#history = new History()
    const away = diff(before, now)
    this.#deltas = away === undefined ? [] : [asDelta(away)]
    this.#settle('user')
    this.#echo.clear()
    whileRendering(this.#rendering, () => this.#settle('page'))
  }

  pause(): void {
    this.#unobserve?.()
    this.#unobserve = undefined
    this.#text = undefined
    this.#deltas = []
    for (const timer of [this.#again, this.#rendering, this.#echo]) timer.clear()
  }

  detach(): void {
    this.#composition.end()
    this.pause()
    this.#life.end()
    this.#control.setReadOnly(false)
  }

  setReadOnly(readOnly: boolean): void {
    this.#readOnly = readOnly
    this.#control.setReadOnly(readOnly)
  }

  add(): void {
    // A text has one element.
  }

  remove(): boolean {
    return false
  }

  #mayHaveChanged({ isTrusted, type }: Event): void {
    if (this.#settling) return // an event of our own: what the page makes of a remote change is not sent back
    const by = isTrusted || type === 'blur' || hasFocus(this.#control.element) ? 'user' : this.#echo.running ? 'page' : 'pressed'
    if (by === 'user' && type !== 'blur') this.pristine.touch()
    this.#settle(by)
    // Frameworks may write the value anew once their own handlers have run.
    if (this.#text !== undefined) this.#again.set(0, () => this.#settle(by))
  }

  #remote(event: YTextEvent): void {
    if (event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this) return
    this.#deltas.push(event.delta)
    this.#settle('page')
  }

  /** Merges what has changed on both sides. What the control shows beyond what it was given was put in by `by`. */
  #settle(by: Author, at = 0): void {
    if (this.#text === undefined || this.#settling || this.#composition.composing) return
    const read = this.#control.read()
    // Half a number or a date is left alone while the user is at it.
    if (read === undefined && (this.#deltas.length === 0 || hasFocus(this.#control.element))) return
    const value = read ?? this.#shown ?? ''
    const changed = value !== this.#shown
    const alone = this.#deltas.length === 0
    const isEcho = this.#echo.running && by !== 'user' && at < this.#echoSince
    if (alone && (!changed || isEcho)) {
      this.#shown = value
      return
    }
    const kept = changed && this.#judge(by, value, isEcho)
    if (this.#text === undefined) return // the judgement has released it
    this.#settling = true
    const selection = this.#control.selection()
    const splice = kept ? diff(this.#agreed, value, selection?.end) : undefined
    const deltas = this.#deltas
    this.#deltas = []
    for (const delta of deltas) this.#history.shift(delta)
    if (splice !== undefined) {
      const splices = rebase(splice, deltas)
      const before = this.#text.toString()
      if (this.#put(this.#text, splices)) this.#history.add(before, splices)
    }
    this.#agreed = this.#text.toString() // another document may have come with the answer to the edit
    if (this.#agreed !== value && (changed || deltas.length > 0)) {
      this.#control.write(
        this.#agreed,
        selection && {
          ...selection,
          start: mapCaret(selection.start, splice, deltas),
          end: mapCaret(selection.end, splice, deltas),
        },
      )
      this.#echoSince = performance.now()
      this.#echo.set(ECHO_MS, () => this.#heardEcho())
    }
    this.#shown = this.#control.read()
    this.#settling = false
    if (this.#deltas.length > 0) this.#settle('page')
  }

  /** Takes what the page has made of a remote change for what the control shows; it is not sent back. */
  #heardEcho(): void {
    if (!this.#composition.composing) this.#shown = this.#control.read()
  }

  /** Reports whether what the control shows is an edit. Where the user is at work, it is the user's. */
  #judge(by: Author, value: string, isEcho: boolean): boolean {
    if (by === 'user' || (this.pristine.touched && hasFocus(this.#control.element))) return true
    if (isEcho || value === this.#control.shape(this.#text?.toString() ?? '')) return false
    return this.rendered(by) === 'kept'
  }

  /** Undoes or redoes an edit of the user's in the browser's place, which knows nothing of what others wrote. */
  #goBack(event: Event, redo: boolean): void {
    if (this.#text === undefined || this.#readOnly || this.#composition.composing) return
    event.preventDefault()
    this.#settle('user')
    const text = this.#text
    this.#history.step(redo, this.#agreed, (splices) => {
      if (!this.#put(text, splices)) return false
      const { start, inserted } = splices.at(-1) ?? { start: 0, inserted: '' }
      const caret = start + inserted.length
      this.#agreed = text.toString()
      this.#settling = true
      this.#control.write(this.#agreed, { start: caret, end: caret })
      this.#settling = false
      this.#shown = this.#control.read()
      return true
    })
  }

  #put(text: Text, splices: readonly Splice[]): boolean {
    return this.#editor.edit(this.#wire, this, () => {
      for (const { start, deleted, inserted } of splices) {
        if (deleted > 0) text.delete(start, deleted)
        if (inserted !== '') text.insert(start, inserted)
      }
    })
  }
}

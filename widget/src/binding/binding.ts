import type { Doc } from 'yjs'
import type { Value } from '../field.ts'
import type { Pristine } from './pristine.ts'

/**
 * What becomes of a value that the page itself put into a bound control: it is kept as an edit, undone in favour of the
 * document, or the binding was released, to be attached again.
 */
export type Rendering = 'kept' | 'undone' | 'released'

/**
 * Why the page has changed a control: by itself; because the user pressed something, which may as well have loaded the
 * record; because the user changed another field, from which this one is calculated; in answer to something of others that
 * was shown, which the others' pages answer, too.
 */
export type Cause = 'page' | 'pressed' | 'calculated' | 'answer'

/** What keeps the controls of one field and its place in the document the same. */
export interface Binding {
  /** The elements; more than one for a group of radio buttons. */
  readonly elements: readonly HTMLElement[]
  readonly pristine: Pristine
  /** Asked when the page itself, not the user, has changed the control. */
  rendered: (cause: Cause) => Rendering
  /** What the page shows now. */
  read(): Value | undefined
  /** What the page would show of a value: a line of text has no line breaks. */
  shape(value: Value): Value
  /**
   * Begins to keep both the same. What the page had when it was last the same as a document is `base`: what was typed
   * since then goes into the document, and what the document has instead is shown.
   */
  attach(doc: Doc, base: Value): void
  /** Stops until it is attached again. */
  pause(): void
  /** Stops, and leaves the page as it is. */
  detach(): void
  setReadOnly(readOnly: boolean): void
  /** Takes in one more radio button. */
  add(element: HTMLElement): void
  /** Takes an element out. Reports whether another one is left. */
  remove(element: HTMLElement): boolean
}

/** What bindings ask of the document: an edit of one field, refused while none is possible. */
export interface Editor {
  edit(field: string, by: object | undefined, change: (doc: Doc) => void): boolean
}

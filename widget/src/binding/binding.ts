import type { Doc } from 'yjs'
import type { Value } from '../field.ts'

/** What keeps the controls of one field and its place in the document the same. */
export interface Binding {
  /** The elements; more than one for a group of radio buttons. */
  readonly elements: readonly HTMLElement[]
  /** What the page shows now. */
  read(): Value | undefined
  /**
   * Begins to keep both the same. What the page had when it was last the same as a document is `base`: what was typed
   * since then goes into the document, and what the document has instead is shown.
   */
  attach(doc: Doc, base: Value): void
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

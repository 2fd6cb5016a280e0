import type { Selection } from './caret.ts'

/** A text on the page, whatever element shows it. Positions are code units of what `read` gives. */
export interface TextControl {
  readonly element: HTMLElement
  /** The text; undefined while the element has something that it can't tell, such as a number half written. */
  read(): string | undefined
  /** What `read` gives once the text was written: some elements show no line breaks, or only numbers. */
  shape(text: string): string
  selection(): Selection | undefined
  /** Shows the text and tells the page. The selection is set only where the user has one; scroll is kept. */
  write(text: string, selection: Selection | undefined): void
  /** Makes it read-only or gives it back. Selecting and copying stay possible. */
  setReadOnly(readOnly: boolean): void
}

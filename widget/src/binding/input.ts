import type { Selection } from './caret.ts'
import type { TextControl } from './control.ts'
import { announce, borrowAttribute, hasFocus, setNative } from './native.ts'

/** An `input` with text, or a `textarea`. */
export class InputControl implements TextControl {
  readonly element: HTMLInputElement | HTMLTextAreaElement
  #giveBack: (() => void) | undefined

  constructor(element: HTMLInputElement | HTMLTextAreaElement) {
    this.element = element
  }

  read(): string | undefined {
    const { value, validity } = this.element
    return value === '' && validity?.badInput ? undefined : value
  }

  shape(text: string): string {
    const probe = this.element.cloneNode() as HTMLInputElement | HTMLTextAreaElement
    setNative(probe, 'value', text)
    return probe.value
  }

  selection(): Selection | undefined {
    const { selectionStart, selectionEnd, selectionDirection } = this.element
    if (!hasFocus(this.element) || selectionStart === null || selectionEnd === null) return undefined
    return { start: selectionStart, end: selectionEnd, direction: selectionDirection ?? 'none' }
  }

  write(text: string, selection: Selection | undefined): void {
    const { scrollTop, scrollLeft } = this.element
    setNative(this.element, 'value', text)
    // Numbers and dates have no selection that can be told or set.
    if (selection !== undefined && this.element.selectionStart !== null) {
      this.element.setSelectionRange(selection.start, selection.end, selection.direction)
    }
    this.element.scrollTop = scrollTop
    this.element.scrollLeft = scrollLeft
    announce(this.element)
  }

  setReadOnly(readOnly: boolean): void {
    if (readOnly === (this.#giveBack !== undefined)) return
    this.#giveBack?.()
    this.#giveBack = undefined
    if (!readOnly) return
    const aria = borrowAttribute(this.element, 'aria-readonly', 'true')
    const native = this.element.readOnly
    this.element.readOnly = true
    this.#giveBack = () => {
      this.element.readOnly = native
      aria()
    }
  }
}

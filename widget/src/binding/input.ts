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
    const { value } = this.element
    return value === '' && this.element.validity?.badInput ? undefined : value
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
    const { element } = this
    const { scrollTop, scrollLeft } = element
    // Numbers and dates have no selection that can be told or set.
    const select = ({ start, end, direction }: Selection): void => {
      if (element.selectionStart !== null) element.setSelectionRange(start, end, direction)
    }
    const put = (caret: Selection | undefined): void => {
      setNative(element, 'value', text)
      if (caret !== undefined) select(caret)
      announce(element)
    }
    put(selection)
    if (selection !== undefined && element.value !== text) {
      // An input mask takes what stands behind the caret for old: it believes what seems typed at the end.
      put({ start: text.length, end: text.length })
      if (element.value === text) select(selection)
    }
    element.scrollTop = scrollTop
    element.scrollLeft = scrollLeft
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

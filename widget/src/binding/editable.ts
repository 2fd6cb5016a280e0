import { Lifetime } from '../lifetime.ts'
import type { Selection } from './caret.ts'
import type { TextControl } from './control.ts'
import { announce, borrowAttribute, hasFocus } from './native.ts'

/** Elements that begin a line of their own when the browser splits the text into them. */
const BLOCKS = new Set(['DIV', 'P', 'LI'])

/** A `contenteditable` element that holds plain text: text nodes, line breaks, and blocks made by the browser. */
export class EditableControl implements TextControl {
  readonly element: HTMLElement
  #readOnly: Lifetime | undefined

  constructor(element: HTMLElement) {
    this.element = element
  }

  read(): string {
    return pieces(this.element)
      .map((piece) => piece.text)
      .join('')
  }

  shape(text: string): string {
    return text
  }

  selection(): Selection | undefined {
    const root = this.element.getRootNode() as Document & { getSelection?: () => globalThis.Selection | null }
    const selection = root.getSelection?.() ?? this.element.ownerDocument.getSelection()
    if (!hasFocus(this.element) || selection === null || selection.rangeCount === 0) return undefined
    const range = selection.getRangeAt(0)
    if (!this.element.contains(range.startContainer) || !this.element.contains(range.endContainer)) return undefined
    const start = this.#offsetOf(range.startContainer, range.startOffset)
    const end = this.#offsetOf(range.endContainer, range.endOffset)
    return { start, end }
  }

  write(text: string, selection: Selection | undefined): void {
    const { scrollTop, scrollLeft } = this.element
    this.#fill(text)
    if (selection !== undefined) this.#select(selection)
    this.element.scrollTop = scrollTop
    this.element.scrollLeft = scrollLeft
    announce(this.element)
  }

  setReadOnly(readOnly: boolean): void {
    if (readOnly === (this.#readOnly !== undefined)) return
    this.#readOnly?.end()
    this.#readOnly = undefined
    if (!readOnly) return
    this.#readOnly = new Lifetime()
    this.#readOnly.add(borrowAttribute(this.element, 'aria-readonly', 'true'))
    for (const type of ['beforeinput', 'drop', 'paste', 'cut']) {
      this.#readOnly.listen(this.element, type, (event) => event.preventDefault(), { capture: true })
    }
  }

  /** Where white space is kept, a line break is a character of the text; elsewhere it needs an element. */
  #fill(text: string): void {
    const document = this.element.ownerDocument
    const whiteSpace = document.defaultView?.getComputedStyle(this.element).whiteSpace ?? ''
    if (/^(pre|pre-wrap|pre-line|break-spaces)/.test(whiteSpace)) {
      this.element.textContent = text
      // The last line break is not shown unless something stands after it.
      if (text.endsWith('\n')) this.element.append(document.createElement('br'))
      return
    }
    const lines = text.split('\n').flatMap((line, index) => {
      const node = line === '' ? [] : [document.createTextNode(line)]
      return index === 0 ? node : [document.createElement('br'), ...node]
    })
    if (text.endsWith('\n')) lines.push(document.createElement('br'))
    this.element.replaceChildren(...lines)
  }

  #offsetOf(container: Node, offset: number): number {
    let before = 0
    for (const piece of pieces(this.element)) {
      if (piece.node === container) return before + (piece.break ? 0 : Math.min(offset, piece.text.length))
      const at = container.childNodes[offset]
      if (at !== undefined && (at === piece.node || at.contains(piece.node))) return before
      before += piece.text.length
    }
    return before
  }

  #select({ start, end }: Selection): void {
    const document = this.element.ownerDocument
    const range = document.createRange()
    const [from, to] = [this.#pointAt(start), this.#pointAt(end)]
    range.setStart(from.node, from.offset)
    range.setEnd(to.node, to.offset)
    const selection = document.getSelection()
    selection?.removeAllRanges()
    selection?.addRange(range)
  }

  #pointAt(position: number): { node: Node; offset: number } {
    let before = 0
    for (const piece of pieces(this.element)) {
      const length = piece.text.length
      if (!piece.break && position <= before + length) return { node: piece.node, offset: position - before }
      if (piece.break && position <= before) {
        const parent = piece.node.parentNode ?? this.element
        return { node: parent, offset: [...parent.childNodes].indexOf(piece.node as ChildNode) }
      }
      before += length
    }
    return { node: this.element, offset: this.element.childNodes.length }
  }
}

interface Piece {
  readonly node: Node
  readonly text: string
  readonly break: boolean
}

/** Returns what the element's nodes contribute to its text. The break that a browser leaves at the end is nothing. */
function pieces(element: HTMLElement): Piece[] {
  const found: Piece[] = []
  const walk = (parent: Node): void => {
    for (const node of parent.childNodes) {
      if (node.nodeType === 3) found.push({ node, text: (node as Text).data, break: false })
      else if (node.nodeName === 'BR') found.push({ node, text: '\n', break: true })
      else {
        if (BLOCKS.has(node.nodeName) && found.length > 0 && !found.at(-1)?.break) {
          found.push({ node, text: '\n', break: true })
        }
        walk(node)
      }
    }
  }
  walk(element)
  const last = found.at(-1)
  if (last?.node.nodeName === 'BR') found.splice(-1, 1, { ...last, text: '' })
  return found
}

import { Lifetime } from '../lifetime.ts'
import type { Selection } from './caret.ts'
import type { TextControl } from './control.ts'
import { diff } from './diff.ts'
import { announce, borrowAttribute, hasFocus } from './native.ts'
import { piecesOf } from './pieces.ts'
import type { Piece, WhiteSpace } from './pieces.ts'

/** A `contenteditable` element that holds plain text: text nodes, line breaks, and blocks made by the browser. */
export class EditableControl implements TextControl {
  readonly element: HTMLElement
  #readOnly: Lifetime | undefined

  constructor(element: HTMLElement) {
    this.element = element
  }

  read(): string {
    const text = this.#pieces()
      .map((piece) => piece.text)
      .join('')
    // Where spaces collapse, the browser writes those that would as spaces that do not.
    return this.#whiteSpace.spaces ? text : text.replaceAll('\u00a0', ' ')
  }

  shape(text: string): string {
    return this.#whiteSpace.spaces ? text : text.replaceAll(/[\u00a0\t\r\f]/g, ' ')
  }

  selection(): Selection | undefined {
    const root = this.element.getRootNode() as Document & { getSelection?: () => globalThis.Selection | null }
    const selection = root.getSelection?.() ?? this.element.ownerDocument.getSelection()
    if (!hasFocus(this.element) || selection === null || selection.rangeCount === 0) return undefined
    const range = selection.getRangeAt(0)
    if (!this.element.contains(range.startContainer) || !this.element.contains(range.endContainer)) return undefined
    const start = this.#offsetOf(range.startContainer, range.startOffset)
    const end = this.#offsetOf(range.endContainer, range.endOffset)
    const backward = selection.focusNode === range.startContainer && selection.focusOffset === range.startOffset
    return { start, end, direction: start < end && backward ? 'backward' : 'forward' }
  }

  write(text: string, selection: Selection | undefined): void {
    const { scrollTop, scrollLeft } = this.element
    if (!this.#patch(text)) this.#fill(text)
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

  get #whiteSpace(): WhiteSpace {
    const style = this.element.ownerDocument.defaultView?.getComputedStyle(this.element).whiteSpace ?? ''
    return { spaces: /^(pre$|pre-wrap|break)/.test(style), breaks: /^(pre|break)/.test(style) }
  }

  #pieces(): Piece[] {
    return piecesOf(this.element, this.#whiteSpace)
  }

  /** Changes one text node if that is enough: what else is in the element stays as the page made it. */
  #patch(text: string): boolean {
    const now = this.read()
    const splice = diff(now, text)
    if (splice === undefined) return true
    if (now.endsWith('\n') || text.endsWith('\n')) return false // a last line break stands or falls with an element
    const { start, deleted, inserted } = splice
    let before = 0
    for (const { node, text: part, at } of this.#pieces()) {
      const from = start - before
      before += part.length
      if (from > part.length || node?.nodeType !== 3) continue
      const fits = start + deleted <= before && at === undefined && part.length - deleted + inserted.length > 0
      if (!fits) return false
      ;(node as Text).replaceData(from, deleted, inserted)
      return this.read() === text // spaces may have collapsed
    }
    return false
  }

  /** Where white space is kept, a line break is a character of the text; elsewhere it needs an element. */
  #fill(text: string): void {
    const document = this.element.ownerDocument
    const { spaces, breaks } = this.#whiteSpace
    const shown = spaces ? text : text.replaceAll(/^ | $| (?= )/gm, '\u00a0')
    const nodes: (string | Node)[] = breaks
      ? [shown]
      : shown.split('\n').flatMap((line, index) => (index === 0 ? line : [document.createElement('br'), line]))
    // The last line break is not shown unless something stands after it.
    if (text.endsWith('\n')) nodes.push(document.createElement('br'))
    this.element.replaceChildren(...nodes.filter((node) => node !== ''))
  }

  #offsetOf(container: Node, offset: number): number {
    let before = 0
    const next = container.childNodes[offset]
    for (const { node, text, at } of this.#pieces()) {
      if (node === container && node.nodeType === 3) {
        return before + Math.min(at === undefined ? offset : at.filter((raw) => raw < offset).length, text.length)
      }
      if (node !== undefined && isBehind(node, container, next)) return before
      before += text.length
    }
    return before
  }

  #select({ start, end, direction }: Selection): void {
    const points = [this.#pointAt(start), this.#pointAt(end)]
    if (direction === 'backward') points.reverse()
    const [from, to] = points as [Point, Point]
    this.element.ownerDocument.getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset)
  }

  #pointAt(position: number): Point {
    let before = 0
    for (const { node, text, at } of this.#pieces()) {
      const inside = position - before
      if (node?.nodeType === 3 && inside <= text.length) return { node, offset: at?.[inside] ?? (at ? (at.at(-1) ?? -1) + 1 : inside) }
      if (node !== undefined && node.nodeType !== 3 && inside <= 0) {
        const parent = node.parentNode ?? this.element
        return { node: parent, offset: [...parent.childNodes].indexOf(node as ChildNode) }
      }
      before += text.length
    }
    return { node: this.element, offset: this.element.childNodes.length }
  }
}

/** Reports whether the node stands behind a point: behind all of `container`, or at or behind its child `next`. */
function isBehind(node: Node, container: Node, next: Node | undefined): boolean {
  if (next?.contains(node) === true) return true
  const follows = (next ?? container).compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING
  return follows !== 0 && (next !== undefined || !container.contains(node))
}

interface Point {
  readonly node: Node
  readonly offset: number
}

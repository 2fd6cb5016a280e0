import { element } from './element.ts'

const GAP = 8

/** One dark bubble at a time, below what it tells of or above where there is no room. */
export class Tooltip {
  #node: HTMLElement
  #view: Window

  constructor(root: ShadowRoot, document: Document) {
    this.#view = document.defaultView ?? window
    this.#node = element(document, 'div', 'tip')
    this.#node.setAttribute('role', 'tooltip')
    this.#node.hidden = true
    root.append(this.#node)
  }

  /** Shows the lines at the anchor; the first is the title. */
  show(anchor: Element, lines: readonly string[]): void {
    const [title = '', ...rest] = lines
    const document = this.#node.ownerDocument
    this.#node.replaceChildren(title, ...rest.map((line) => element(document, 'small', '', line)))
    this.#node.hidden = false
    const at = anchor.getBoundingClientRect()
    const { width, height } = this.#node.getBoundingClientRect()
    const below = at.bottom + GAP + height <= this.#view.innerHeight
    const left = Math.min(Math.max(GAP, at.left - 4), this.#view.innerWidth - width - GAP)
    this.#node.style.left = `${Math.max(0, left)}px`
    this.#node.style.top = `${below ? at.bottom + GAP : Math.max(0, at.top - GAP - height)}px`
  }

  /** Hides the bubble. */
  hide(): void {
    this.#node.hidden = true
  }
}

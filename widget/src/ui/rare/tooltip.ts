import { element } from '../element.ts'

const GAP = 8
/** Time to move the pointer from what is told of into the tooltip, in milliseconds. */
const LEAVE_MS = 250

/** One dark bubble at a time, below what it tells of or above where there is no room. It stays while the pointer is in it. */
export class Tooltip {
  #node = element('div.tip')
  #leave: ReturnType<typeof setTimeout> | undefined

  constructor(root: ShadowRoot) {
    const node = this.#node
    node.role = 'tooltip'
    node.hidden = true
    node.onpointerenter = () => clearTimeout(this.#leave)
    node.onpointerleave = () => this.hide()
    root.append(node)
  }

  /** Shows the lines at the anchor, the first as the title; without lines it goes, if the pointer does not go into it. */
  show(anchor: Element, [title, rest]: readonly string[]): void {
    clearTimeout(this.#leave)
    const node = this.#node
    if (title === undefined) {
      this.#leave = setTimeout(() => this.hide(), LEAVE_MS)
      return
    }
    node.hidden = false
    node.replaceChildren(title, element('small', rest ?? ''))
    const { left, top, bottom } = anchor.getBoundingClientRect()
    const { width, height } = node.getBoundingClientRect()
    const above = bottom + GAP + height > innerHeight
    node.style.left = `${Math.max(0, Math.min(left - 4, innerWidth - width - GAP))}px`
    node.style.top = `${Math.max(0, above ? top - GAP - height : bottom + GAP)}px`
  }

  /** Hides it at once. */
  hide(): void {
    clearTimeout(this.#leave)
    this.#node.hidden = true
  }
}

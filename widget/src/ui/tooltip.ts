import { element } from './element.ts'

const GAP = 8

/** One dark bubble at a time, below what it tells of or above where there is no room. */
export class Tooltip {
  #node = element('div.tip')

  constructor(root: ShadowRoot) {
    this.#node.role = 'tooltip'
    this.#node.hidden = true
    root.append(this.#node)
  }

  /** Shows the lines at the anchor, the first as the title; without lines it hides. */
  show(anchor: Element, [title, rest]: readonly string[]): void {
    const node = this.#node
    node.hidden = title === undefined
    if (title === undefined) return
    node.replaceChildren(title, element('small', rest ?? ''))
    const { left, top, bottom } = anchor.getBoundingClientRect()
    const { width, height } = node.getBoundingClientRect()
    const above = bottom + GAP + height > innerHeight
    node.style.left = `${Math.max(0, Math.min(left - 4, innerWidth - width - GAP))}px`
    node.style.top = `${Math.max(0, above ? top - GAP - height : bottom + GAP)}px`
  }
}

import { Lifetime } from '../lifetime.ts'
import { Decoration } from './decoration.ts'
import type { DecorationHooks } from './decoration.ts'
import { adopt, island } from './element.ts'
import { measure } from './geometry.ts'
import type { Look } from './geometry.ts'
import type { FieldView } from './model.ts'
import { FIELD_STYLES, LAYER_WIDTH, PAGE_STYLES } from './styles.ts'

/** What moves a field without any event that tells of it is noticed this often, in milliseconds. */
const LOOK_EVERY_MS = 400
/**
 * Of so many looks one is thorough: it notices what was put over a field without moving it. The first number holds after
 * something that styles alone may answer, such as a menu that opens under the pointer, the second on a page at rest.
 */
const THOROUGH_LOOKS = [5, 25] as const

/** A field to be decorated. */
export interface Decorated {
  readonly elements: readonly HTMLElement[]
  readonly view: FieldView
}

/**
 * Draws around fields, in layers that stand beside the page: one for each document, and one in each open dialog, which
 * lies over everything else. Nothing of the page is wrapped, moved or styled.
 */
export class Overlay {
  #hooks: DecorationHooks
  #language: string
  #moved: () => void
  #life = new Lifetime()
  #decorations = new Map<HTMLElement, Decoration>()
  #layers = new Map<Element, ShadowRoot>()
  #resized: ResizeObserver
  /** Elements that are less than a screen away from what can be seen; no other is measured. */
  #near = new Set<HTMLElement>()
  #nearby: IntersectionObserver
  #frame = 0
  #looks = 0
  #stirred = false
  /** Where the fields were at the last look. */
  #seen = ''

  /** `moved` hears that the page has changed in a way that may cover or uncover things. */
  constructor(hooks: DecorationHooks, language: string, moved: () => void) {
    this.#hooks = hooks
    this.#language = language
    this.#moved = moved
    const soon = (): void => this.#soon()
    for (const type of ['scroll', 'transitionend', 'toggle', 'load', 'resize']) {
      const listen = ({ target }: Event): void => {
        // Text that scrolls in a field moves nothing.
        if (type !== 'scroll' || !this.#decorations.has(target as HTMLElement)) soon()
      }
      this.#life.listen(window, type, listen, { capture: true, passive: true })
    }
    for (const type of ['pointerover', 'focusin', 'change', 'animationend']) {
      this.#life.listen(window, type, () => (this.#stirred = true), { capture: true, passive: true })
    }
    const changed = new MutationObserver(soon)
    changed.observe(document, { childList: true, subtree: true, attributeFilter: ['class', 'style', 'hidden', 'open'] })
    this.#resized = new ResizeObserver(soon)
    this.#life.add(() => changed.disconnect())
    this.#nearby = new IntersectionObserver((entries) => this.#cameNear(entries), { rootMargin: '100%' })
    this.#life.add(() => this.#resized.disconnect())
    this.#life.add(() => this.#nearby.disconnect())
    this.#life.add(() => cancelAnimationFrame(this.#frame))
    this.#life.every(LOOK_EVERY_MS, () => this.#look())
  }

  /** Shows these fields and no others. */
  show(fields: readonly Decorated[]): void {
    const old = this.#decorations
    this.#decorations = new Map()
    for (const { elements, view } of fields) {
      for (const target of elements) {
        const decoration = old.get(target) ?? this.#decorate(target, target === elements.at(-1))
        old.delete(target)
        decoration.show(view)
        target.toggleAttribute('data-corsia-held', view.tag?.kind === 'other')
        this.#decorations.set(target, decoration)
      }
    }
    for (const gone of old.values()) this.#drop(gone)
  }

  /** Flashes an element's field. */
  flash(target: HTMLElement): void {
    this.#decorations.get(target)?.flash()
  }

  /** Draws anew what stands below fields. */
  showBelow(): void {
    for (const decoration of this.#decorations.values()) decoration.showBelow()
    this.#soon()
  }

  /** Takes everything away. */
  end(): void {
    for (const decoration of this.#decorations.values()) this.#drop(decoration)
    for (const root of this.#layers.values()) root.host.remove()
    this.#life.end()
  }

  #decorate(target: HTMLElement, main: boolean): Decoration {
    this.#resized.observe(target)
    this.#nearby.observe(target) // which tells of it at once, and so has it placed
    return new Decoration(target, main, this.#hooks)
  }

  #drop({ target, node }: Decoration): void {
    target.removeAttribute('data-corsia-held')
    this.#resized.unobserve(target)
    this.#nearby.unobserve(target)
    this.#near.delete(target)
    node.remove()
  }

  #soon(): void {
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#moved()
      this.#place()
    })
  }

  #cameNear(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#near.add(target as HTMLElement)
      else if (this.#near.delete(target as HTMLElement)) this.#decorations.get(target as HTMLElement)?.hide()
    }
    this.#soon()
  }

  #look(): void {
    if (document.hidden) return
    const boxes = [...this.#near].map((target) => {
      const { x, y, width, height } = target.getBoundingClientRect()
      return [x, y, width, height]
    })
    const seen = boxes.join()
    const moved = seen !== this.#seen
    this.#seen = seen
    if (!moved && ++this.#looks % THOROUGH_LOOKS[this.#stirred ? 0 : 1] !== 0) return
    this.#stirred = false
    this.#place()
  }

  /** Measures everything first and writes afterwards, so that the browser lays out once. */
  #place(): void {
    const look: Look = new Map()
    const near = [...this.#near].flatMap((target) => this.#decorations.get(target) ?? [])
    const measured = near.map((decoration) => {
      const root = this.#layerOf(decoration.target)
      const { left, top, width } = root.host.getBoundingClientRect()
      const placement = measure(decoration.target, look, decoration.hasPeople)
      // The layer is as wide as its style says, unless the page is zoomed or scaled.
      return { decoration, root, placement, origin: { left, top, scale: width / LAYER_WIDTH || 1 } }
    })
    for (const { decoration, root, placement, origin } of measured) {
      if (decoration.node.parentNode !== root) {
        root.append(decoration.node)
        decoration.showBelow()
      }
      decoration.place(placement, origin)
    }
  }

  /** Returns the layer that lies over the element: of its document, or of the dialog that it is in. */
  #layerOf(target: HTMLElement): ShadowRoot {
    const page = target.ownerDocument
    const container = target.closest('dialog,[popover]') ?? page.documentElement
    const known = this.#layers.get(container)
    if (known?.host.isConnected) return known
    const root = island(container, 'corsia-fields', FIELD_STYLES, this.#language)
    if (known === undefined) this.#life.add(adopt(page, PAGE_STYLES))
    this.#layers.set(container, root)
    return root
  }
}

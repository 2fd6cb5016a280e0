import { Lifetime } from '../lifetime.ts'
import { Decoration } from './decoration.ts'
import type { DecorationHooks } from './decoration.ts'
import { PAGE_STYLES, FIELD_STYLES } from './styles.ts'
import { adopt, island } from './element.ts'
import { measure } from './geometry.ts'
import type { FieldView } from './model.ts'

/** What moves a field without any event that tells of it is noticed this often, in milliseconds. */
const LOOK_EVERY_MS = 400

/** A field to be decorated. */
export interface Decorated {
  readonly elements: readonly HTMLElement[]
  readonly view: FieldView
}

/**
 * Draws around fields, in layers that stand beside the page: one for each document, and one in each open modal dialog,
 * which lies over everything else. Nothing of the page is wrapped, moved or styled.
 */
export class Overlay {
  #hooks: DecorationHooks
  #life = new Lifetime()
  #decorations = new Map<HTMLElement, Decoration>()
  #layers = new Map<Element, { host: HTMLElement; root: ShadowRoot; end: () => void }>()
  #resize: ResizeObserver | undefined
  #frame = 0
  #view: Window

  constructor(page: Document, hooks: DecorationHooks) {
    this.#hooks = hooks
    this.#view = page.defaultView ?? window
    const soon = (): void => this.#soon()
    for (const type of ['scroll', 'transitionend', 'animationend', 'toggle', 'load', 'focusin', 'input']) {
      this.#life.listen(page, type, soon, { capture: true, passive: true })
    }
    this.#life.listen(this.#view, 'resize', soon)
    const changes = new MutationObserver(soon)
    changes.observe(page, { childList: true, subtree: true, attributeFilter: ['class', 'style', 'hidden', 'open'] })
    this.#life.add(() => changes.disconnect())
    if (typeof ResizeObserver !== 'undefined') {
      this.#resize = new ResizeObserver(soon)
      this.#resize.observe(page.documentElement)
      this.#life.add(() => this.#resize?.disconnect())
    }
    this.#life.every(LOOK_EVERY_MS, () => this.#place())
    this.#life.add(() => this.#view.cancelAnimationFrame(this.#frame))
  }

  /** Shows these fields and no others. */
  show(fields: readonly Decorated[]): void {
    const wanted = new Set<HTMLElement>()
    for (const { elements, view } of fields) {
      elements.forEach((target, index) => {
        wanted.add(target)
        this.#decorate(target, index === elements.length - 1).show(view)
        if (view.ring === 'other') target.setAttribute('data-corsia-held', '')
        else target.removeAttribute('data-corsia-held')
      })
    }
    for (const [target, decoration] of this.#decorations) if (!wanted.has(target)) this.#drop(target, decoration)
    this.#soon()
  }

  /** Flashes an element's field. */
  flash(target: HTMLElement): void {
    this.#decorations.get(target)?.flash()
  }

  /** Takes everything away. */
  end(): void {
    this.#life.end()
    for (const [target, decoration] of this.#decorations) this.#drop(target, decoration)
    for (const layer of this.#layers.values()) layer.end()
    this.#layers.clear()
  }

  #decorate(target: HTMLElement, main: boolean): Decoration {
    const known = this.#decorations.get(target)
    if (known !== undefined) return known
    const decoration = new Decoration(target, main, this.#hooks)
    this.#decorations.set(target, decoration)
    this.#resize?.observe(target)
    return decoration
  }

  #drop(target: HTMLElement, decoration: Decoration): void {
    target.removeAttribute('data-corsia-held')
    this.#resize?.unobserve(target)
    decoration.node.remove()
    this.#decorations.delete(target)
  }

  #soon(): void {
    if (this.#frame !== 0 || this.#life.ended) return
    this.#frame = this.#view.requestAnimationFrame(() => {
      this.#frame = 0
      this.#place()
    })
  }

  /** Measures everything first and writes afterwards, so that the browser lays out once. */
  #place(): void {
    if (this.#view.document.hidden) return
    const measured = [...this.#decorations.values()].map((decoration) => {
      const layer = this.#layerOf(decoration.target)
      return { decoration, layer, placement: measure(decoration.target), origin: layer.host.getBoundingClientRect() }
    })
    for (const { decoration, layer, placement, origin } of measured) {
      if (decoration.node.parentNode !== layer.root) layer.root.append(decoration.node)
      decoration.place(placement, origin)
    }
    for (const [container, layer] of this.#layers) {
      if (container.isConnected) continue
      layer.end()
      this.#layers.delete(container)
    }
  }

  /** Returns the layer that lies over the element: of its document, or of the modal dialog that it is in. */
  #layerOf(target: HTMLElement): { host: HTMLElement; root: ShadowRoot } {
    const document = target.ownerDocument
    const container = target.closest('dialog[open],[popover]') ?? document.documentElement
    const known = this.#layers.get(container)
    if (known !== undefined && known.host.isConnected) return known
    known?.end()
    const { host, root } = island(document, 'corsia-fields', FIELD_STYLES)
    container.append(host)
    const undress = adopt(document, PAGE_STYLES)
    const layer = {
      host,
      root,
      end: () => {
        host.remove()
        undress()
      },
    }
    this.#layers.set(container, layer)
    return layer
  }
}

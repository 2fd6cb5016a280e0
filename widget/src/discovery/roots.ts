import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'
import { documentIn, hostOf, isShown, placeIn } from './place.ts'

export const CANDIDATES = 'input,textarea,select,[contenteditable]'
/** What no observer tells of is looked for this often, in milliseconds, or more seldom: this many times as long as it takes. */
const SWEEP_MS = 1_000
const SWEEP_SHARE = 500

/** Who is told. */
export interface RootHooks {
  /** A document or shadow root is to be observed. */
  readonly observe: (root: Node) => void
  /** The page, or a frame's document: `life` ends when it is not shown any more. */
  readonly opened: (document: Document, life: Lifetime) => void
  /** These may be fields; documents and shadow roots may have come or gone. */
  readonly found: (candidates: ReadonlySet<Element>) => void
}

/**
 * Knows the documents and open shadow roots that the page consists of, frames of the same origin included. Roots that are
 * attached late, and frames that load slowly, are found by looking again and when the focus comes to them.
 */
export class Roots {
  #hooks: RootHooks
  #roots = new Map<Document | ShadowRoot, Lifetime>()
  /** Names of custom elements that are not defined yet. */
  #awaited = new Set<string>()
  #ended = false
  #sweeping = new Timer()

  constructor(hooks: RootHooks) {
    this.#hooks = hooks
    this.#sweeping.set(SWEEP_MS, () => this.#sweep())
  }

  /** Lets go of everything. */
  end(): void {
    this.#ended = true
    this.#sweeping.clear()
    for (const life of this.#roots.values()) life.end()
    this.#roots.clear()
  }

  /** Adds what may be a field in a document or shadow root, and listens there from then on. */
  enter(root: Document | ShadowRoot, found: Set<Element>): void {
    if (!this.#roots.has(root)) this.#open(root)
    this.within(root, found)
  }

  /** Adds what may be a field at a node and under it, shadow roots and frames included. */
  within(node: ParentNode & Node, found: Set<Element>): void {
    if (node.nodeType === Node.ELEMENT_NODE) this.#visit(node as Element, found)
    for (const element of node.querySelectorAll('*')) this.#visit(element, found)
  }

  /** Adds what is in a shadow root that the element got meanwhile. */
  enterNew(element: Element, found: Set<Element>): void {
    if (element.shadowRoot && !this.#roots.has(element.shadowRoot)) this.enter(element.shadowRoot, found)
  }

  /** Reports whether the element is on the page, and no other widget's. */
  has(element: Element): boolean {
    const { ownerDocument } = element
    return isShown(element) && (hostOf(ownerDocument) === undefined || !hasWidget(ownerDocument))
  }

  /** Lets go of roots that are not shown any more. */
  close(): void {
    for (const [root, life] of this.#roots) {
      const host = hostOf(root)
      if (host === undefined || (isShown(host) && rootIn(host) === root)) continue
      life.end()
      this.#roots.delete(root)
    }
  }

  #open(root: Document | ShadowRoot): void {
    const life = new Lifetime()
    this.#roots.set(root, life)
    this.#hooks.observe(root)
    const quiet = { capture: true, passive: true }
    life.listen(root, 'load', ({ target }) => this.#loaded(target as Element), quiet)
    if (root.nodeType !== Node.DOCUMENT_NODE) return
    life.listen(root, 'focusin', (event) => this.#reveal(event.composedPath() as Node[]), quiet)
    this.#hooks.opened(root as Document, life)
  }

  #visit(element: Element, found: Set<Element>): void {
    if (element.matches(CANDIDATES)) found.add(element)
    const inside = rootIn(element)
    if (inside !== undefined) this.enter(inside, found)
    else if (element.localName.includes('-')) this.#awaitDefinition(element)
  }

  #loaded(frame: Element): void {
    if (frame.localName !== 'iframe' && frame.localName !== 'frame') return
    const found = new Set<Element>()
    this.#visit(frame, found)
    this.#hooks.found(found)
  }

  /** Opens shadow roots that an event came out of. */
  #reveal(path: readonly Node[]): void {
    const found = new Set<Element>()
    for (const node of path) {
      if (node.nodeType === Node.DOCUMENT_FRAGMENT_NODE && !this.#roots.has(node as ShadowRoot)) this.enter(node as ShadowRoot, found)
    }
    if (found.size > 0) this.#hooks.found(found)
  }

  /** A custom element that is defined later gets its shadow root then, of which no observer tells. */
  #awaitDefinition({ localName, ownerDocument }: Element): void {
    const registry = ownerDocument.defaultView?.customElements
    if (registry === undefined || this.#awaited.has(localName) || registry.get(localName) !== undefined) return
    this.#awaited.add(localName)
    registry.whenDefined(localName).then(
      () => this.#ended || this.#look(),
      () => undefined, // not a valid name: never defined
    )
  }

  #sweep(): void {
    const began = performance.now()
    if (!document.hidden) this.#look()
    this.#sweeping.set(Math.max(SWEEP_MS, (performance.now() - began) * SWEEP_SHARE), () => this.#sweep())
  }

  /** Looks for roots that are not open yet. */
  #look(): void {
    const found = new Set<Element>()
    let fresh = false
    const enter = (inside: Document | ShadowRoot | null | undefined): void => {
      if (!inside || this.#roots.has(inside)) return
      fresh = true
      this.enter(inside, found)
    }
    for (const root of [...this.#roots.keys()]) {
      for (const { shadowRoot } of root.querySelectorAll('*')) if (shadowRoot !== null) enter(shadowRoot)
      for (const frame of root.querySelectorAll('iframe,frame')) enter(rootIn(frame))
    }
    if (fresh) this.#hooks.found(found)
  }
}

/** Returns the shadow root or the document that the element shows. */
function rootIn(element: Element): Document | ShadowRoot | undefined {
  if (element.shadowRoot !== null) return element.shadowRoot
  const document = documentIn(element)
  if (document === undefined || hasWidget(document)) return undefined
  placeIn(element, document)
  return document
}

/** Reports whether a frame's document has a widget of its own, which looks after it. */
function hasWidget(document: Document): boolean {
  return (document.defaultView as { CollabSDK?: unknown } | null)?.CollabSDK !== undefined
}

import type { FieldKind } from '../field.ts'
import { Lifetime } from '../lifetime.ts'
import { Exclusions, typeOf } from './exclusions.ts'

/** A control on the page that is to be a field. */
export interface Found {
  readonly element: HTMLElement
  readonly kind: FieldKind
}

/** What the page owner chose (G1); nothing here can bring back what the exclusions refuse. */
export interface ScanOptions {
  /** Selectors; when given, only what matches one of them is a field. */
  readonly include: readonly string[]
  /** Selectors of what is no field. */
  readonly exclude: readonly string[]
  /** Only what matches `include` or is under `[data-collab]` is a field. */
  readonly optIn: boolean
}

const CANDIDATES = 'input,textarea,select,[contenteditable]'
const WATCHED = [
  'type', 'autocomplete', 'contenteditable', 'data-collab', 'data-collab-ignore', 'id', 'name', 'multiple',
]

/**
 * Finds the fields of a page, in open shadow roots and frames of the same origin too, and goes on finding those that come
 * and those that go. The observer's calls are microtasks, so a new field is told of long before 100 ms (G2, G4).
 */
export class Scanner {
  #options: ScanOptions
  #tell: (come: readonly Found[], gone: readonly HTMLElement[]) => void
  #exclusions = new Exclusions()
  #known = new Map<HTMLElement, FieldKind>()
  #roots = new Set<Node>()
  #life = new Lifetime()
  #observer: MutationObserver

  constructor(options: ScanOptions, tell: (come: readonly Found[], gone: readonly HTMLElement[]) => void) {
    this.#options = options
    this.#tell = tell
    this.#observer = new MutationObserver((records) => this.#changed(records))
    this.#life.add(() => this.#observer.disconnect())
  }

  /** Begins with the document, and tells at once of what is there. */
  start(document: Document): void {
    this.#update(this.#open(document))
  }

  /** Stops watching. */
  end(): void {
    this.#life.end()
    this.#known.clear()
    this.#roots.clear()
  }

  /** Observes a document or shadow root and returns the elements in it that may be fields. */
  #open(root: Document | ShadowRoot): Element[] {
    if (this.#roots.has(root)) return []
    this.#roots.add(root)
    this.#observer.observe(root, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: WATCHED,
      attributeOldValue: true,
    })
    return this.#within(root)
  }

  /** Returns the candidates under a node, and opens the roots and frames there. */
  #within(node: ParentNode): Element[] {
    const self = node instanceof Element || 'matches' in node ? [node as Element] : []
    const found = [...self, ...node.querySelectorAll('*')]
    return found.flatMap((element) => {
      const inside = element.shadowRoot === null ? [] : this.#open(element.shadowRoot)
      if (element.localName.includes('-') && element.shadowRoot === null) this.#whenDefined(element)
      if (element.localName === 'iframe') inside.push(...this.#openFrame(element as HTMLIFrameElement))
      return element.matches(CANDIDATES) ? [element, ...inside] : inside
    })
  }

  #openFrame(frame: HTMLIFrameElement): Element[] {
    if (!this.#roots.has(frame)) {
      this.#roots.add(frame)
      this.#life.listen(frame, 'load', () => this.#update(this.#openFrame(frame)))
    }
    try {
      const view = frame.contentWindow as (Window & { CollabSDK?: unknown }) | null
      // A frame with a widget of its own looks after itself.
      return frame.contentDocument === null || view?.CollabSDK !== undefined ? [] : this.#open(frame.contentDocument)
    } catch {
      return [] // of another origin
    }
  }

  /** A custom element that is defined later gets its shadow root then, of which no observer tells. */
  #whenDefined(element: Element): void {
    const registry = element.ownerDocument.defaultView?.customElements
    if (registry === undefined || registry.get(element.localName) !== undefined) return
    registry.whenDefined(element.localName).then(
      () => this.#life.ended || this.#update(this.#within(element)),
      () => undefined, // not a valid name: never defined
    )
  }

  #changed(records: readonly MutationRecord[]): void {
    const again = new Set<Element>()
    for (const record of records) {
      const target = record.target as Element
      // A shadow root that was attached late is found as soon as something else happens to its host.
      if (target.shadowRoot) for (const element of this.#open(target.shadowRoot)) again.add(element)
      if (record.attributeName === 'type') this.#exclusions.note(target, record.oldValue)
      if (record.type === 'attributes') for (const element of this.#within(target)) again.add(element)
      for (const node of record.addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE) for (const element of this.#within(node as Element)) again.add(element)
      }
    }
    this.#update([...again])
  }

  #update(elements: readonly Element[]): void {
    const gone = [...this.#known.keys()].filter((element) => !element.isConnected)
    const come: Found[] = []
    for (const element of elements as HTMLElement[]) {
      const kind = element.isConnected && this.#wants(element) ? kindOf(element) : undefined
      const known = this.#known.get(element)
      if (known === kind || gone.includes(element)) continue
      if (known !== undefined) gone.push(element)
      if (kind !== undefined) come.push({ element, kind })
    }
    for (const element of gone) this.#known.delete(element)
    for (const { element, kind } of come) this.#known.set(element, kind)
    if (come.length > 0 || gone.length > 0) this.#tell(come, gone)
  }

  #wants(element: Element): boolean {
    if (!this.#exclusions.allows(element)) return false
    const { include, exclude, optIn } = this.#options
    if (exclude.some((selector) => element.matches(selector))) return false
    const included = include.some((selector) => element.matches(selector))
    return optIn ? included || element.closest('[data-collab]') !== null : included || include.length === 0
  }
}

function kindOf(element: Element): FieldKind {
  if (element.localName === 'select') return 'select'
  if (element.localName === 'textarea') return 'text'
  if (element.localName !== 'input') return 'editable'
  const type = typeOf(element)
  return type === 'checkbox' || type === 'radio' ? type : 'text'
}

import type { FieldKind } from '../field.ts'
import { Lifetime } from '../lifetime.ts'
import { exclusionsOfPage, typeOf } from './exclusions.ts'
import { ownName } from './identity.ts'
import { isUnder } from './place.ts'
import { CANDIDATES, Roots } from './roots.ts'
import type { RootHooks } from './roots.ts'

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

/** Who is told. `come` are new to the scanner, `gone` no fields any more; an element may be both, when it is another field now. */
export interface ScanHooks {
  readonly found: (come: readonly Found[], gone: readonly HTMLElement[]) => void
  readonly opened: RootHooks['opened']
}

interface Known {
  readonly kind: FieldKind
  readonly name: string | undefined
}

/** Attributes that decide about everything under the element, and those that decide about it alone. */
const INHERITED = ['data-collab', 'data-collab-ignore', 'contenteditable']
const OWN = ['type', 'autocomplete', 'id', 'name', 'multiple']

/**
 * Finds the fields of a page, in open shadow roots and frames of the same origin too, and goes on finding those that come
 * and those that go. The observer's calls are microtasks, so a new field is told of long before 100 ms (G2, G4).
 */
export class Scanner {
  #options: ScanOptions
  #hooks: ScanHooks
  #exclusions
  #known = new Map<HTMLElement, Known>()
  #life = new Lifetime()
  #roots: Roots

  constructor(options: ScanOptions, hooks: ScanHooks, exclusions = exclusionsOfPage) {
    this.#options = options
    this.#hooks = hooks
    this.#exclusions = exclusions
    const observer = new MutationObserver((records) => this.#changed(records))
    const watch = {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: [...INHERITED, ...OWN],
      attributeOldValue: true,
    }
    this.#roots = new Roots({
      observe: (root) => observer.observe(root, watch),
      opened: hooks.opened,
      found: (candidates) => this.#update(candidates, true),
    })
    this.#life.add(() => observer.disconnect())
    this.#life.add(() => this.#roots.end())
  }

  /** Begins with the document, and tells at once of what is there. */
  start(document: Document): void {
    const found = new Set<Element>()
    this.#roots.enter(document, found)
    this.#update(found, false)
  }

  /** Stops watching. */
  end(): void {
    this.#life.end()
    this.#known.clear()
  }

  #changed(records: readonly MutationRecord[]): void {
    const again = new Set<Element>()
    /** What was looked at with everything in it: the page is the same for all records. */
    const covered = new Set<Node>()
    let removed = false
    for (const { type, target, attributeName, oldValue, addedNodes, removedNodes } of records) {
      const element = target as Element
      if (type === 'attributes') {
        if (attributeName === 'type') this.#exclusions.note(element, oldValue)
        if (INHERITED.includes(attributeName ?? '')) this.#cover(element, again, covered)
        else if (element.matches(CANDIDATES)) again.add(element)
      }
      for (const node of addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE) this.#added(node as Element, target, again, covered)
      }
      for (const node of removedNodes) removed ||= node.nodeType === Node.ELEMENT_NODE
      // A shadow root that was attached late is found at once when something else happens to its host.
      if (target.nodeType === Node.ELEMENT_NODE) this.#roots.enterNew(element, again)
    }
    this.#update(again, removed)
  }

  #added(element: Element, target: Node, again: Set<Element>, covered: Set<Node>): void {
    if (element.isConnected) return this.#cover(element, again, covered)
    // What was there for a moment is no field, but may have been a password.
    for (const input of [element, ...element.querySelectorAll('input')]) this.#exclusions.note(input, null, target)
  }

  #cover(element: Element, again: Set<Element>, covered: Set<Node>): void {
    const isCovered = covered.has(element) || (element.parentNode !== null && covered.has(element.parentNode))
    covered.add(element)
    if (!isCovered) this.#roots.within(element, again)
  }

  /** Decides about elements; about those that are known, too, when something may have gone. */
  #update(elements: ReadonlySet<Element>, removed: boolean): void {
    if (removed) this.#roots.close()
    const gone = removed ? [...this.#known.keys()].filter((element) => !this.#roots.has(element)) : []
    for (const element of gone) this.#known.delete(element)
    const come: Found[] = []
    for (const element of elements as ReadonlySet<HTMLElement>) {
      const known = this.#known.get(element)
      this.#exclusions.note(element)
      const kind = this.#roots.has(element) && this.#wants(element, known) ? kindOf(element) : undefined
      const name = kind && ownName(element)
      if (known?.kind === kind && known?.name === name) continue
      if (known !== undefined) gone.push(element)
      if (kind === undefined) this.#known.delete(element)
      else {
        this.#known.set(element, { kind, name })
        come.push({ element, kind })
      }
    }
    if (come.length > 0 || gone.length > 0) this.#hooks.found(come, gone)
  }

  #wants(element: Element, known: Known | undefined): boolean {
    if (!this.#exclusions.allows(element, known?.kind === 'editable')) return false
    const { include, exclude, optIn } = this.#options
    if (exclude.some((selector) => element.matches(selector))) return false
    const included = include.some((selector) => element.matches(selector))
    return optIn ? included || isUnder(element, 'data-collab') : included || include.length === 0
  }
}

function kindOf(element: Element): FieldKind {
  if (element.localName === 'select') return 'select'
  if (element.localName === 'textarea') return 'text'
  if (element.localName !== 'input') return 'editable'
  const type = typeOf(element)
  return type === 'checkbox' || type === 'radio' ? type : 'text'
}

import { hash } from './hash.ts'

/** Longest id that is kept as it is, in code units: with `values/` before it, it must fit in 256 bytes of UTF-8. */
const LONGEST = 80

/**
 * Gives each field its stable id (G3): `id-<id>`, else `name-<name>`, else `placeholder-<hash>`, else
 * `position-<path>`; the second of the same kind gets `~2`, in the order of the page. An element keeps its id for life,
 * and when it leaves the page the id is free for the element that takes its place.
 */
export class Identity {
  #ids = new WeakMap<Element, string>()
  #taken = new Map<string, Element>()

  /** Returns the element's id. */
  idOf(element: Element): string {
    const known = this.#ids.get(element)
    if (known !== undefined && this.#taken.get(known) === element) return known
    const base = baseId(element)
    let id = base
    for (let index = 2; this.#taken.has(id); index++) id = `${base}~${index}`
    this.#ids.set(element, id)
    this.#taken.set(id, element)
    return id
  }

  /** Frees the element's id. */
  release(element: Element): void {
    const id = this.#ids.get(element)
    if (id !== undefined && this.#taken.get(id) === element) this.#taken.delete(id)
  }
}

/** Returns the id of a group of radio buttons, which is one field; undefined for a button without a name. */
export function groupKey(element: Element): string | undefined {
  const name = element.getAttribute('name')
  return element.getAttribute('type') === 'radio' && name ? shorten(`name-${name}`) : undefined
}

/** Returns the id without an index. */
export function baseId(element: Element): string {
  const group = groupKey(element)
  if (group !== undefined) return group
  const id = element.getAttribute('id')
  if (id) return shorten(`id-${id}`)
  const name = element.getAttribute('name')
  if (name) return shorten(`name-${name}`)
  const placeholder = element.getAttribute('placeholder') ?? element.getAttribute('aria-placeholder')
  if (placeholder) return `placeholder-${hash(placeholder.trim())}`
  return shorten(`position-${path(element)}`)
}

/** Returns the way to the element from the nearest ancestor with an id, or from the root: `#chart/div2/input1`. */
function path(element: Element): string {
  const steps: string[] = []
  for (let at: Element | null = element; at !== null; at = parentOf(at)) {
    const id = at === element ? '' : (at.getAttribute('id') ?? '')
    if (id !== '') {
      steps.unshift(`#${id}`)
      break
    }
    steps.unshift(`${at.localName}${place(at)}`)
  }
  return steps.join('/')
}

function parentOf(element: Element): Element | null {
  const root = element.parentNode
  return root !== null && 'host' in root ? (root as ShadowRoot).host : element.parentElement
}

/** Returns the element's number among its siblings of the same name, from 1. */
function place(element: Element): number {
  let number = 1
  for (let at = element.previousElementSibling; at !== null; at = at.previousElementSibling) {
    if (at.localName === element.localName) number++
  }
  return number
}

/** Makes the id printable, and short enough to be a key everywhere. */
function shorten(id: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  const printable = id.replace(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu, '_')
  return printable.length <= LONGEST ? printable : `${printable.slice(0, LONGEST - 14)}-${hash(id)}`
}

import { isGenerated } from './generated.ts'
import { hash } from './hash.ts'
import { hostOf, inPageOrder } from './place.ts'

/** Longest id that is kept as it is, in code units: with `values/` before it, it must fit in 256 bytes of UTF-8. */
const LONGEST = 80

/**
 * Gives each field its stable id (G3): `id-<id>`, else `name-<name>`, else `placeholder-<hash>`, else
 * `position-<path>`, with `@` and the host's for what is in a shadow root or frame. Of several with the same, the second in
 * the order of the page gets `~2`. A field keeps its id until it is released; the id is free then for what takes its place.
 */
export class Identity {
  /** What has an id, by the id without index, in the order of the page. */
  #taken = new Map<string, { readonly element: Element; readonly index: number }[]>()
  #bases = new Map<string, string>()

  /** Returns the ids of elements that came together; in which order they are given makes no difference. */
  name(elements: readonly Element[]): Map<Element, string> {
    const groups = new Map<string, Element[]>()
    for (const element of elements) {
      const base = baseId(element)
      const group = groups.get(base)
      if (group === undefined) groups.set(base, [element])
      else group.push(element)
    }
    const ids = new Map<Element, string>()
    for (const [base, group] of groups) {
      if (group.length > 1) group.sort(inPageOrder)
      for (const element of group) ids.set(element, this.#take(base, element))
    }
    return ids
  }

  /** Frees an id. */
  release(id: string): void {
    const base = this.#bases.get(id)
    if (base === undefined) return
    this.#bases.delete(id)
    const left = (this.#taken.get(base) ?? []).filter(({ index }) => indexed(base, index) !== id)
    if (left.length > 0) this.#taken.set(base, left)
    else this.#taken.delete(base)
  }

  /** Takes the first index that is free after the one before on the page; where none fits between, one after all. */
  #take(base: string, element: Element): string {
    const taken = this.#taken.get(base) ?? []
    let place = taken.length
    while (place > 0 && inPageOrder(taken[place - 1]?.element as Element, element) > 0) place--
    let index = (taken[place - 1]?.index ?? 0) + 1
    if (index >= (taken[place]?.index ?? Infinity)) index = Math.max(...taken.map((one) => one.index)) + 1
    taken.splice(place, 0, { element, index })
    this.#taken.set(base, taken)
    const id = indexed(base, index)
    this.#bases.set(id, base)
    return id
  }
}

/** Adds the index. A page may call a field `x~2` itself: that one always has an index of its own besides. */
function indexed(base: string, index: number): string {
  return index === 1 && !/~\d+$/.test(base) ? base : `${base}~${index}`
}

/** Returns what makes radio buttons one field: their name, within their form or root; undefined for any other element. */
export function groupOf(element: Element): { readonly owner: Node; readonly name: string } | undefined {
  const { type, name, form } = element as HTMLInputElement
  return type === 'radio' && name ? { owner: form ?? element.getRootNode(), name } : undefined
}

/** Returns the id without an index. */
export function baseId(element: Element): string {
  const own = ownName(element) ?? placeholderOf(element)
  const id = own ?? `position-${path(element)}`
  return shorten(id + scopeOf(element))
}

/**
 * Returns what the page calls the element, by which it is known as long as it does: `id-<id>` or `name-<name>`. Names
 * that a library made up are none.
 */
export function ownName(element: Element): string | undefined {
  const id = stable(element.getAttribute('id'))
  // Angular's forms name their controls by an attribute of their own.
  const name = stable(element.getAttribute('name')) ?? stable(element.getAttribute('formcontrolname'))
  const asGroup = name !== undefined && groupOf(element) !== undefined
  if (id !== undefined && !asGroup) return `id-${id}`
  return name === undefined ? undefined : `name-${name}`
}

/** Returns `@` and what tells the host of the node's shadow root or frame from others; empty on the page itself. */
export function scopeOf(node: Node): string {
  const host = hostOf(node.getRootNode())
  if (host === undefined) return ''
  return `@${ownName(host)?.replace(/^id-/, '#') ?? path(host)}${scopeOf(host)}`
}

function stable(name: string | null): string | undefined {
  return name === null || name === '' || isGenerated(name) ? undefined : name
}

function placeholderOf(element: Element): string | undefined {
  const placeholder = element.getAttribute('placeholder') ?? element.getAttribute('aria-placeholder')
  return placeholder ? `placeholder-${hash(placeholder.trim())}` : undefined
}

/** Returns the way to the element from the nearest ancestor with an id, or from the root: `#chart/div2/input1`. */
function path(element: Element): string {
  const steps: string[] = []
  for (let at: Element | null = element; at !== null; at = at.parentElement) {
    const id = at === element ? undefined : stable(at.getAttribute('id'))
    if (id !== undefined) {
      steps.unshift(`#${id}`)
      break
    }
    steps.unshift(`${at.localName}${place(at)}`)
  }
  return steps.join('/')
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

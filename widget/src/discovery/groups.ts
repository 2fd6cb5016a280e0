import type { BoundField } from '../bound.ts'
import { groupOf } from './identity.ts'
import { inPageOrder } from './place.ts'
import type { Found } from './scanner.ts'

/** Knows which radio buttons are one field: those of one name in one form, or outside of any form in one document. */
export class Groups {
  #owners = new WeakMap<Node, number>()
  #count = 0
  #fields = new Map<string, BoundField>()

  /** Sorts what has come into groups, each in the order of the page. */
  of(come: readonly Found[]): Map<string, HTMLElement[]> {
    const groups = new Map<string, HTMLElement[]>()
    for (const { element, kind } of come) {
      const key = kind === 'radio' ? this.#keyOf(element) : undefined
      if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), element])
    }
    for (const group of groups.values()) group.sort(inPageOrder)
    return groups
  }

  /** Returns the field of a group. */
  get(key: string): BoundField | undefined {
    return this.#fields.get(key)
  }

  /** Notes the field of a group. */
  set(key: string, field: BoundField): void {
    this.#fields.set(key, field)
  }

  /** Forgets a field. */
  delete(field: BoundField): void {
    for (const [key, one] of this.#fields) if (one === field) this.#fields.delete(key)
  }

  #keyOf(element: Element): string | undefined {
    const group = groupOf(element)
    if (group === undefined) return undefined
    const owner = this.#owners.get(group.owner) ?? ++this.#count
    this.#owners.set(group.owner, owner)
    return `${owner} ${group.name}`
  }
}

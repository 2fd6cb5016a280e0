import type { Doc, Transaction } from 'yjs'

/** Says which fields a transaction has changed. */
export class Touched {
  #names = new WeakMap<object, string>()

  /** Returns the wire names of the fields. */
  by({ changed, doc }: Transaction): string[] {
    return [...changed].flatMap(([type, keys]) => {
      const name = this.#nameOf(type, doc)
      if (name !== 'values') return name === undefined ? [] : name
      return [...keys].flatMap((key) => (key === null ? [] : `values/${key}`))
    })
  }

  #nameOf(type: object, doc: Doc): string | undefined {
    if (!this.#names.has(type)) for (const [name, root] of doc.share) this.#names.set(root, name)
    return this.#names.get(type)
  }
}

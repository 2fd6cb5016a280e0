import { Doc, applyUpdate, encodeStateAsUpdate } from 'yjs'
import { leftovers } from './edit.ts'
import type { Leftover } from './edit.ts'
import { same, valueIn } from './field.ts'

/** What a document that starts again from the server's state is, and what the one before it had besides. */
export interface Rebuilt {
  readonly fresh: Doc
  readonly rest: readonly Leftover[]
}

/**
 * Starts again from the server's document (D2c): what the old one has besides was refused or not yet sent. After the
 * server's document was restored to an earlier time (D8), that are only the fields that were edited here: `own`.
 */
export function rebuild(old: Doc, state: Uint8Array, own: ReadonlySet<string> | undefined): Rebuilt {
  const fresh = new Doc()
  applyUpdate(fresh, state)
  if (own !== undefined) return { fresh, rest: ownText(old, fresh, own) }
  return { fresh, rest: leftovers(docOf(encodeStateAsUpdate(old), state), fresh) }
}

/** Returns those of the fields that have another value in the one document than in the other. */
export function ownText(mine: Doc, theirs: Doc, fields: Iterable<string>): Leftover[] {
  const all = [...fields].map((field) => ({ field, mine: valueIn(mine, field), theirs: valueIn(theirs, field) }))
  return all.filter(({ mine, theirs }) => !same(mine, theirs))
}

/** Returns a document made of updates; empty ones are left out. */
export function docOf(...updates: readonly (Uint8Array | undefined)[]): Doc {
  const doc = new Doc()
  for (const update of updates) if (update !== undefined && update.length > 0) applyUpdate(doc, update)
  return doc
}

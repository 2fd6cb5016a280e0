import type { Doc } from 'yjs'
import { diff } from './binding/diff.ts'
import { choices, idOf, isChoice, textOf, valueIn } from './field.ts'
import type { Value } from './field.ts'

/** Origin of a transaction made here: which field, by which part. */
export class LocalEdit {
  constructor(
    readonly field: string,
    readonly by: object | undefined,
  ) {}
}

/** Origin of a transaction that came from the gateway. */
export class RemoteEdit {
  constructor(
    readonly userId: string,
    readonly sessionId: string,
    readonly revision: number,
  ) {}
}

/** Makes the field have the value, by the smallest change of the document. Call it inside a transaction. */
export function put(doc: Doc, wire: string, value: Value): void {
  if (isChoice(wire)) {
    choices(doc).set(idOf(wire), value)
    return
  }
  const text = textOf(doc, wire)
  const splice = diff(text.toString(), String(value))
  if (splice === undefined) return
  if (splice.deleted > 0) text.delete(splice.start, splice.deleted)
  if (splice.inserted !== '') text.insert(splice.start, splice.inserted)
}

/** A field in which one document has something that another lacks. */
export interface Leftover {
  readonly field: string
  readonly mine: Value | undefined
  readonly theirs: Value | undefined
}

/** Returns the fields whose values differ, by wire name. */
export function leftovers(mine: Doc, theirs: Doc): Leftover[] {
  const fields = new Set<string>()
  for (const doc of [mine, theirs]) {
    for (const name of doc.share.keys()) if (name !== 'values') fields.add(name)
    for (const id of choices(doc).keys()) fields.add(`values/${id}`)
  }
  return [...fields].flatMap((field) => {
    const leftover = { field, mine: valueIn(mine, field), theirs: valueIn(theirs, field) }
    return JSON.stringify(leftover.mine) === JSON.stringify(leftover.theirs) ? [] : leftover
  })
}

import type { Doc } from 'yjs'
import { same, valueIn } from '../field.ts'
import type { Value } from '../field.ts'
import { docOf } from '../rebuilding.ts'
import type { Known, Own } from './record.ts'

/** Returns the fields that a page has changed and left, and that were changed otherwise since: each with the page's value. */
export function changedSince(left: Own | undefined, known: Known | undefined, now: Doc): [string, Value | undefined][] {
  if (left === undefined || left.edits === 0 || known === undefined) return []
  const [base, mine] = [docOf(known.update), docOf(known.update, left.update)]
  return left.fields.flatMap((wire): [string, Value | undefined][] => {
    const [was, wanted, is] = [valueIn(base, wire), valueIn(mine, wire), valueIn(now, wire)]
    return same(was, is) || same(wanted, is) ? [] : [[wire, wanted]]
  })
}

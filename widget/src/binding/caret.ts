import type { Splice } from './diff.ts'

/** One change of a Y.Text as Yjs tells it: a list of things kept, put in and taken out. */
export type Delta = readonly { readonly retain?: number; readonly insert?: unknown; readonly delete?: number }[]

/** A selection in a text, in code units. */
export interface Selection {
  readonly start: number
  readonly end: number
  readonly direction?: 'forward' | 'backward' | 'none'
}

/**
 * Returns where a position is after the delta. What is put in exactly there comes after it, so that two people who
 * write at the same place do not write into each other's words; or before it, if it `gives` way.
 */
export function mapThrough(position: number, delta: Delta, gives = false): number {
  let before = 0
  let moved = position
  for (const { retain, insert, delete: deleted } of delta) {
    if (before > position) break
    if (retain !== undefined) before += retain
    else if (deleted !== undefined) {
      moved -= Math.max(0, Math.min(deleted, position - before))
      before += deleted
    } else if (before < position || gives) moved += lengthOf(insert)
  }
  return moved
}

/** Reports whether the code unit at the position is taken out by the delta. */
export function isDeleted(position: number, delta: Delta): boolean {
  let before = 0
  for (const { retain, delete: deleted } of delta) {
    if (before > position) break
    if (deleted !== undefined && position >= before && position < before + deleted) return true
    before += retain ?? deleted ?? 0
  }
  return false
}

/**
 * Moves a splice that was made before `deltas` to where it belongs after them. What others put in between the deleted
 * code units stays, so the outcome may be several splices; they are to be applied in their order.
 */
export function rebase(splice: Splice, deltas: readonly Delta[], gives = false): Splice[] {
  if (deltas.length === 0) return [splice]
  const after: Splice[] = []
  for (let unit = splice.start + splice.deleted - 1; unit >= splice.start; unit--) {
    const start = mapUnit(unit, deltas)
    const last = after.at(-1)
    if (start === undefined) continue
    if (last !== undefined && last.start === start + 1) after.splice(-1, 1, { ...last, start, deleted: last.deleted + 1 })
    else after.push({ start, deleted: 1, inserted: '' })
  }
  const start = deltas.reduce((position, delta) => mapThrough(position, delta, gives), splice.start)
  if (splice.inserted !== '') after.push({ start, deleted: 0, inserted: splice.inserted })
  return after
}

/** Moves a caret of a text that `splice` has changed to where it belongs once the splice is rebased over `deltas`. */
export function mapCaret(caret: number, splice: Splice | undefined, deltas: readonly Delta[]): number {
  const through = (position: number): number => deltas.reduce((at, delta) => mapThrough(at, delta), position)
  if (splice === undefined || caret < splice.start) return through(caret)
  const start = through(splice.start)
  const inside = caret - splice.start
  if (inside <= splice.inserted.length) return start + inside
  const original = caret - splice.inserted.length + splice.deleted
  const kept = rebase({ ...splice, inserted: '' }, deltas).reduce((sum, one) => sum + one.deleted, 0)
  return through(original) - kept + splice.inserted.length
}

function mapUnit(unit: number, deltas: readonly Delta[]): number | undefined {
  let at = unit
  for (const delta of deltas) {
    if (isDeleted(at, delta)) return undefined
    at = mapThrough(at + 1, delta) - 1
  }
  return at
}

function lengthOf(insert: unknown): number {
  return typeof insert === 'string' ? insert.length : insert === undefined ? 0 : 1
}

import { rebase } from './caret.ts'
import type { Delta } from './caret.ts'
import { apply } from './diff.ts'
import type { Splice } from './diff.ts'

/** How many steps can be taken back. */
const LONGEST = 100
/** Typing goes into the last step for so long after it, in milliseconds. */
const PAUSE_MS = 1_000

/**
 * What the user of one text can undo and redo: their own edits alone. Browsers keep their own history by positions of a
 * text that they believe to be theirs; after a remote change they take out the wrong characters.
 *
 * Each stack's last step can be applied to the text as it is, the one before it to what that gives, and so on.
 */
export class History {
  #past: Splice[][] = []
  #future: Splice[][] = []
  #last = 0

  /** Keeps what takes back an edit: splices made one after the other, `text` being what there was before. */
  add(text: string, splices: readonly Splice[]): void {
    this.#future = []
    const step = inverse(text, splices)
    const now = Date.now()
    const joined = now - this.#last < PAUSE_MS && join(this.#past.at(-1), step)
    this.#last = now
    if (joined) this.#past[this.#past.length - 1] = [joined]
    else if (this.#past.push(step) > LONGEST) this.#past.shift()
  }

  /** Moves all steps over a change that somebody else made. */
  shift(delta: Delta): void {
    for (const stack of [this.#past, this.#future]) {
      let others = splicesOf(delta)
      for (let index = stack.length - 1; index >= 0; index--) {
        ;[stack[index], others] = cross(stack[index] ?? [], others)
      }
    }
  }

  /** Hands the next step, to be applied to `text`, to `make`, and forgets it if that succeeds. */
  step(redo: boolean, text: string, make: (splices: readonly Splice[]) => boolean): void {
    const [from, to] = redo ? [this.#future, this.#past] : [this.#past, this.#future]
    const step = from.at(-1)
    this.#last = 0
    if (step === undefined || !make(step)) return
    from.pop()
    to.push(inverse(text, step))
  }
}

/** Returns the change as splices that are made one after the other. */
function splicesOf(delta: Delta): Splice[] {
  const splices: Splice[] = []
  let start = 0
  for (const { retain, insert, delete: deleted } of delta) {
    if (retain !== undefined) start += retain
    else if (deleted !== undefined) splices.push({ start, deleted, inserted: '' })
    else {
      const inserted = typeof insert === 'string' ? insert : '\ufffc' // an embed has the length of one
      splices.push({ start, deleted: 0, inserted })
      start += inserted.length
    }
  }
  return splices
}

/** Returns the change of one splice. */
export function asDelta({ start, deleted, inserted }: Splice): Delta {
  return [
    ...(start > 0 ? [{ retain: start }] : []),
    ...(inserted === '' ? [] : [{ insert: inserted }]),
    ...(deleted > 0 ? [{ delete: deleted }] : []),
  ]
}

function inverse(text: string, splices: readonly Splice[]): Splice[] {
  let now = text
  const back: Splice[] = []
  for (const splice of splices) {
    const { start, deleted, inserted } = splice
    back.unshift({ start, deleted: inserted.length, inserted: now.slice(start, start + deleted) })
    now = apply(now, splice)
  }
  return back
}

/** Returns one step for two, if the second goes on with what the first does: typing, or deleting backwards. */
function join(last: readonly Splice[] | undefined, next: readonly Splice[]): Splice | undefined {
  const [before, after] = [last?.[0], next[0]]
  if (before === undefined || after === undefined || (last?.length ?? 0) + next.length > 2) return undefined
  const typed = before.inserted + after.inserted === '' && after.start === before.start + before.deleted
  if (typed) return { ...before, deleted: before.deleted + after.deleted }
  const erased = before.deleted + after.deleted === 0 && after.start + after.inserted.length === before.start
  return erased ? { ...after, inserted: after.inserted + before.inserted } : undefined
}

/** Moves two series of splices, both made from the same text, over each other. */
function cross(mine: readonly Splice[], theirs: readonly Splice[]): [Splice[], Splice[]] {
  const [one, ...rest] = mine
  const [other, ...others] = theirs
  if (one === undefined || other === undefined) return [[...mine], [...theirs]]
  if (rest.length > 0) {
    const [first, away] = cross([one], theirs)
    const [second, further] = cross(rest, away)
    return [[...first, ...second], further]
  }
  if (others.length > 0) {
    const [moved, first] = cross(mine, [other])
    const [further, second] = cross(moved, others)
    return [further, [...first, ...second]]
  }
  return [rebase(one, [asDelta(other)]), rebase(other, [asDelta(one)], true)]
}

/** One change of a text: at `start`, `deleted` code units go and `inserted` comes. */
export interface Splice {
  readonly start: number
  readonly deleted: number
  readonly inserted: string
}

/**
 * Returns the smallest single splice that makes `after` of `before`; undefined when they are equal. Where several of the
 * same size do (in "aa" another "a" may be any of three), the one that ends at `caret`, a position in `after`, is
 * taken: it is what the user did. A surrogate pair is never split.
 */
export function diff(before: string, after: string, caret?: number): Splice | undefined {
  if (before === after) return undefined
  const smallest = between(before, after, Math.min(before.length, after.length))
  if (caret === undefined || caret > after.length) return smallest
  const atCaret = between(before, after, after.length - caret)
  return size(atCaret) <= size(smallest) ? atCaret : smallest
}

/** Applies a splice to a string. */
export function apply(text: string, splice: Splice): string {
  return text.slice(0, splice.start) + splice.inserted + text.slice(splice.start + splice.deleted)
}

/** Finds the splice whose unchanged end is at most `longestEnd` long. */
function between(before: string, after: string, longestEnd: number): Splice {
  const shorter = Math.min(before.length, after.length)
  let end = 0
  while (end < Math.min(longestEnd, shorter) && before.at(-1 - end) === after.at(-1 - end)) end++
  if (end > 0 && (splitsPair(before, before.length - end) || splitsPair(after, after.length - end))) end--
  let start = 0
  while (start < shorter - end && before[start] === after[start]) start++
  if (start > 0 && (splitsPair(before, start) || splitsPair(after, start))) start--
  return {
    start,
    deleted: before.length - end - start,
    inserted: after.slice(start, after.length - end),
  }
}

function size(splice: Splice): number {
  return splice.deleted + splice.inserted.length
}

/** Reports whether the position is between the two halves of a surrogate pair. */
function splitsPair(text: string, at: number): boolean {
  return isBetween(text.charCodeAt(at - 1), 0xd800, 0xdbff) && isBetween(text.charCodeAt(at), 0xdc00, 0xdfff)
}

function isBetween(unit: number, from: number, to: number): boolean {
  return unit >= from && unit <= to
}

const FIRST_MS = 500
const LONGEST_MS = 15_000

/**
 * Returns how long to wait before the next try, in milliseconds: full jitter over a doubling range, and never less than
 * a fifth of it, so that many clients that lost the same gateway come back spread out (G7, F6).
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const range = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  return Math.round(range * (0.2 + 0.8 * random()))
}

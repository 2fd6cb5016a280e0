import type { Timer } from '../timer.ts'

/** The first look is this soon, and each next one after twice the time, in milliseconds. */
const FIRST_MS = 100
/** The last look is at most so much later than the one before it, in milliseconds. */
const LAST_MS = 3_200

/**
 * Calls `look` again and again for some seconds, less and less often: a page that was slow to render may still put into a
 * control what it had before, of which no event tells (G4).
 */
export function whileRendering(timer: Timer, look: () => unknown, ms = FIRST_MS): void {
  timer.set(ms, () => {
    look()
    if (ms < LAST_MS) whileRendering(timer, look, ms * 2)
  })
}

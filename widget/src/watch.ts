import { Lifetime } from './lifetime.ts'

const TICK_MS = 5_000
/** A tick that comes this late, in milliseconds, tells that the computer slept or the page was frozen. */
const LATE_MS = 5_000

/**
 * Calls `work` when what the page knows of its connection may be long out of date: after a sleep, which the clock tells,
 * when the network comes back, and when the page is shown again (G7).
 */
export class Watch {
  #life = new Lifetime()
  #last = Date.now()

  constructor(work: () => void) {
    this.#life.every(TICK_MS, () => {
      const late = Date.now() - this.#last - TICK_MS
      this.#last = Date.now()
      if (late > LATE_MS) work()
    })
    this.#life.listen(window, 'online', work)
    this.#life.listen<PageTransitionEvent>(window, 'pageshow', ({ persisted }) => persisted && work())
    this.#life.listen(document, 'resume', work)
    this.#life.listen(document, 'visibilitychange', () => document.hidden || work())
  }

  /** Stops watching. */
  end(): void {
    this.#life.end()
  }
}

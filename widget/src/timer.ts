/** One timer that is set, set again and cleared; setting it anew replaces what was set. */
export class Timer {
  #handle: ReturnType<typeof setTimeout> | undefined

  /** Reports whether the timer is running. */
  get running(): boolean {
    return this.#handle !== undefined
  }

  /** Runs `work` once after `ms` milliseconds, instead of what was planned before. */
  set(ms: number, work: () => void): void {
    this.clear()
    this.#handle = setTimeout(() => {
      this.#handle = undefined
      work()
    }, ms)
  }

  /** Forgets what was planned. */
  clear(): void {
    if (this.#handle !== undefined) clearTimeout(this.#handle)
    this.#handle = undefined
  }
}

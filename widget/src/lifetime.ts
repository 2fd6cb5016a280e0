/** Collects what has to be undone (listeners, timers, nodes, styles) and undoes all of it, once, in reverse order. */
export class Lifetime {
  #undo: (() => void)[] = []
  #ended = false

  /** Reports whether `end` was called. */
  get ended(): boolean {
    return this.#ended
  }

  /** Keeps `undo` for the end; when the end has come already it runs at once. */
  add(undo: () => void): void {
    if (this.#ended) undo()
    else this.#undo.push(undo)
  }

  /** Listens until the end. */
  listen<E extends Event = Event>(
    target: EventTarget,
    type: string,
    handle: (event: E) => void,
    options: AddEventListenerOptions = {},
  ): void {
    const listener = handle as EventListener
    target.addEventListener(type, listener, options)
    this.add(() => target.removeEventListener(type, listener, options))
  }

  /** Runs `work` every `ms` milliseconds until the end. */
  every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms)
    this.add(() => clearInterval(timer))
  }

  /** Undoes everything. Further calls do nothing. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
  }
}

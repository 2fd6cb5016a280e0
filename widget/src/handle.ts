import type { LockAnswer } from './locks.ts'
import type { User } from './protocol.ts'
import type { Status } from './status.ts'
import type { FieldInfo, Widget, WidgetEvents } from './widget.ts'

/** What a page holds of its widget (G1). */
export class Handle {
  #widget: Widget
  #gone: () => void
  #state: 'new' | 'started' | 'destroyed' = 'new'

  constructor(widget: Widget, gone: () => void) {
    this.#widget = widget
    this.#gone = gone
  }

  /** Where things stand: connection, save state, mode, revision. */
  get status(): Status {
    return this.#widget.status
  }

  /** The fields of the page that are collaborative. */
  get fields(): readonly FieldInfo[] {
    return this.#widget.info()
  }

  /** Who is here, oneself included. */
  get users(): readonly User[] {
    return this.#widget.presence.users
  }

  /** Listens to an event. Returns what ends it. */
  on<K extends keyof WidgetEvents>(name: K, listener: (value: WidgetEvents[K]) => void): () => void {
    return this.#widget.events.on(name, listener)
  }

  /** Asks for the lock of a field, by its id; the empty id is the whole record. */
  lock(field: string): Promise<LockAnswer> {
    return this.#widget.lock(field)
  }

  /** Gives the lock of a field back. */
  unlock(field: string): void {
    this.#widget.unlock(field)
  }

  /** Begins; `init` calls it once the page is there. */
  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    this.#widget.start()
  }

  /** Ends the session and leaves nothing of the widget on the page. Calling it again does nothing. */
  destroy(): void {
    if (this.#state === 'destroyed') return
    this.#state = 'destroyed'
    this.#widget.end()
    this.#gone()
  }
}

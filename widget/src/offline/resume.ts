import type { Session } from '../protocol.ts'
import { fieldsOf, text } from '../protocol.ts'
import { whileDead } from './tab.ts'
import type { Tab } from './tab.ts'

/** What CONNECT needs to resume a session (C11). */
export type Resumable = Pick<Session, 'sessionId' | 'resumeKey'>

/**
 * Remembers the session in the tab, so that it can be resumed when the page has crashed and is loaded again. A duplicate
 * of the tab has a copy of the memory: it takes the session only when the page that had it is dead.
 */
export class Remembered {
  #name: string
  #tab: Tab

  constructor(gateway: string, tab: Tab) {
    this.#name = `corsia ${gateway}`
    this.#tab = tab
  }

  /** Returns the session of the page before this one, once. */
  async take(): Promise<Resumable | undefined> {
    let found: Resumable | undefined
    try {
      const { tab, sessionId, resumeKey } = fieldsOf(JSON.parse(sessionStorage.getItem(this.#name) ?? ''))
      this.forget()
      await whileDead(text(tab), async () => (found = { sessionId: text(sessionId), resumeKey: text(resumeKey) }))
    } catch {
      // There is none, or the browser keeps nothing: the page begins a session of its own.
    }
    return found
  }

  /** Keeps the session for a page that comes after a crash. */
  keep({ sessionId, resumeKey }: Session): void {
    try {
      sessionStorage.setItem(this.#name, JSON.stringify({ tab: this.#tab.id, sessionId, resumeKey }))
    } catch {
      // The browser keeps nothing: a page after a crash begins a session of its own.
    }
  }

  /** The session has ended, or the page leaves in good order. */
  forget(): void {
    try {
      sessionStorage.removeItem(this.#name)
    } catch {
      // The browser keeps nothing.
    }
  }
}

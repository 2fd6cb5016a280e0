import { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import { SharedDocument } from './document.ts'
import type { DocumentOptions, Draft } from './document.ts'
import { Emitter } from './emitter.ts'
import { Timer } from './timer.ts'

/** One resource on the connection. */
export interface OpenRecord {
  readonly channel: Channel
  readonly document: SharedDocument
}

interface Entry extends OpenRecord {
  /** What is to be done when the record is given up; undefined while it is on the page. */
  leaving: (() => void) | undefined
}

interface Events {
  /** The edits that wait in records whose page was left have become more or fewer. */
  changed: undefined
  draft: { readonly resourceId: string; readonly draft: Draft }
}

/**
 * Owns the documents of the connection: that of the page, and those of pages that were left with edits which are not on
 * the server. The latter live on until everything is there (G6), or until their page is shown again.
 */
export class Records {
  readonly events = new Emitter<Events>()
  #connection: Connection
  #options: DocumentOptions
  #entries = new Map<string, Entry>()
  #drafts = new Map<string, Map<string, Draft>>()
  #soon = new Timer()

  constructor(connection: Connection, options: DocumentOptions) {
    this.#connection = connection
    this.#options = options
    connection.events.on('state', (state) => state.name === 'open' && this.#leaveStrays(state.session.rooms))
  }

  /** Opens a record for the page: anew, or as it was left. */
  enter(resourceId: string): OpenRecord {
    const left = this.#entries.get(resourceId)
    if (left !== undefined) {
      left.leaving?.()
      left.leaving = undefined
      return left
    }
    const channel = new Channel(this.#connection, resourceId)
    const document = new SharedDocument(channel, this.#options)
    const entry: Entry = { channel, document, leaving: undefined }
    this.#entries.set(resourceId, entry)
    document.events.on('draft', (draft) => {
      this.drafts(resourceId).set(draft.field, draft)
      this.events.emit('draft', { resourceId, draft })
    })
    document.events.on('forgot', () => this.drafts(resourceId).clear())
    document.events.on('outbox', () => entry.leaving && this.#look())
    return entry
  }

  /** Leaves a record as soon as all its edits are on the server, and calls `last` just before. */
  leave(resourceId: string, last: () => void): void {
    const entry = this.#entries.get(resourceId)
    if (entry === undefined) return last()
    entry.leaving = last
    this.#giveUpSaved()
  }

  /** What was refused of a record, by wire name, until it is dismissed. */
  drafts(resourceId: string): Map<string, Draft> {
    const known = this.#drafts.get(resourceId) ?? new Map<string, Draft>()
    this.#drafts.set(resourceId, known)
    return known
  }

  /** The documents of the page and of those that were left. */
  get documents(): readonly SharedDocument[] {
    return [...this.#entries.values()].map(({ document }) => document)
  }

  /** Reports whether this browser's store has what waits in records whose page was left. */
  get stored(): boolean {
    return this.#left().every(({ document }) => document.stored || document.outbox.edits === 0)
  }

  /** Number of edits, of records whose page was left, that the server has not acknowledged. */
  get edits(): number {
    return this.#left().reduce((sum, { document }) => sum + document.outbox.edits, 0)
  }

  /** When the oldest of them was made, by `performance.now()`; undefined when there is none. */
  get since(): number | undefined {
    const times = this.#left().flatMap(({ document }) => document.outbox.since ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Gives up all of them, saved or not. */
  end(): void {
    this.#soon.clear()
    for (const entry of this.#left()) this.#giveUp(entry)
    this.events.clear()
  }

  /** A resumed session may be in rooms that were left while nobody heard of it (C11). */
  #leaveStrays(rooms: readonly string[]): void {
    for (const resourceId of rooms) if (!this.#entries.has(resourceId)) this.#connection.send('LEAVE_RESOURCE', { resourceId })
  }

  #left(): Entry[] {
    return [...this.#entries.values()].filter(({ leaving }) => leaving !== undefined)
  }

  /** Looks later: while a document is built anew its outbox is empty for a moment. */
  #look(): void {
    if (!this.#soon.running) this.#soon.set(0, () => this.#giveUpSaved())
  }

  #giveUpSaved(): void {
    for (const entry of this.#left()) if (entry.document.outbox.edits === 0) this.#giveUp(entry)
    this.events.emit('changed', undefined)
  }

  #giveUp(entry: Entry): void {
    this.#entries.delete(entry.channel.resourceId)
    entry.leaving?.()
    entry.document.end()
    entry.channel.end()
  }
}

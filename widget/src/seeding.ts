import type { Channel } from './channel.ts'
import type { SharedDocument } from './document.ts'
import { written } from './field.ts'
import type { Value } from './field.ts'
import { Timer } from './timer.ts'

/** After a seed that failed, the next try, in milliseconds. */
const AGAIN_MS = 3_000

/**
 * Has the server fill fields that nobody ever wrote with what the page shows (`SEED`, G4). The server does it once,
 * whoever asks and however often; this asks for each field once per join.
 */
export class Seeding {
  #channel: Channel
  #document: SharedDocument
  #asked = new Set<string>()
  #again = new Timer()

  constructor(channel: Channel, document: SharedDocument) {
    this.#channel = channel
    this.#document = document
  }

  /** Forgets what was asked for: after a join it may be asked for again, at the end nothing is. */
  end(): void {
    this.#asked.clear()
    this.#again.clear()
  }

  /** Asks for seeds, by wire name, and calls `done` when the document may have them. */
  ask(values: ReadonlyMap<string, Value>, done: () => void): void {
    const fresh = [...values].filter(([wire]) => !this.#asked.has(wire))
    if (fresh.length === 0) return
    for (const [wire] of fresh) this.#asked.add(wire)
    this.#channel.request('SEED', { values: Object.fromEntries(fresh) }, ({ code }) => {
      if (code !== '') {
        for (const [wire] of fresh) this.#asked.delete(wire)
        return this.#again.set(AGAIN_MS, done)
      }
      // The server's own writes are delivered like anybody's; if they were not, they are fetched.
      const lacks = fresh.some(([wire]) => !written(this.#document.doc, wire))
      if (lacks) this.#document.sync(done)
      else done()
    })
  }
}

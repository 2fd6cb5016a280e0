import type { Channel } from './channel.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { text } from './protocol.ts'

/** So many delivery ids are remembered; what is older does not come again (W4). */
const REMEMBERED = 500

/** What the hospital's systems said about the resource (`RESOURCE_UPDATED`, W4, G9). Times are as the system wrote them. */
export interface Push {
  /** Each comes once (W4). */
  readonly deliveryId: string
  /** The record that it is about. */
  readonly resourceId: string
  /** Name of the system. */
  readonly source: string
  /** What happened, in the words of the system. */
  readonly eventType: string
  /** The system's own version of the record. */
  readonly version: unknown
  /** When, as the system wrote it. */
  readonly occurredAt: unknown
  /** What the system sent along. */
  readonly data: unknown
}

/** Hears what the hospital's systems say, each delivery once: it comes by the bus and by the inbox. It changes no field. */
export class Pushes {
  readonly events = new Emitter<{ push: Push }>()
  #life = new Lifetime()
  #known = new Set<string>()

  constructor(channel: Channel) {
    this.#life.add(
      channel.events.on('message', ({ event, fields }) => {
        if (event !== 'RESOURCE_UPDATED' || !this.#isNew(text(fields['deliveryId']))) return
        const { version, occurredAt, data } = fields
        const [deliveryId, source, eventType] = ['deliveryId', 'source', 'eventType'].map((name) => text(fields[name])) as [string, string, string]
        this.events.emit('push', { deliveryId, resourceId: channel.resourceId, source, eventType, version, occurredAt, data })
      }),
    )
  }

  /** Stops listening. */
  end(): void {
    this.#life.end()
    this.events.clear()
  }

  #isNew(id: string): boolean {
    if (id === '') return true
    if (this.#known.has(id)) return false
    this.#known.add(id)
    for (const oldest of this.#known) {
      if (this.#known.size <= REMEMBERED) break
      this.#known.delete(oldest)
    }
    return true
  }
}

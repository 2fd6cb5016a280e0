import type { Channel } from './channel.ts'
import { Outbox } from './outbox.ts'
import type { Batch } from './outbox.ts'
import { LOST, bytes, list, number, text } from './protocol.ts'
import type { Answer, Fields } from './protocol.ts'
import { Timer } from './timer.ts'

/** How long to wait before trying again what the gateway could not do, when it does not say, in milliseconds. */
const RETRY_MS = 2_000
/** Failures in a row after which a batch counts as refused. */
const FAILURES_BEFORE_REFUSAL = 5

const TRY_AGAIN = new Set(['BACKPRESSURE', 'RATE_LIMITED', 'UNAVAILABLE', 'DRAINING', 'INTERNAL'])

/** Returns how long to wait before asking again, in milliseconds; undefined when that would be of no use. */
export function retryAfter({ code, fields }: Answer): number | undefined {
  return TRY_AGAIN.has(code) ? number(fields['retryAfterMs']) || RETRY_MS : undefined
}

/** The document, as its sender needs it. */
export interface Author {
  /** Reports whether the server takes updates now. */
  readonly ready: boolean
  /** Returns what a server with this state vector lacks. */
  lackedBy(stateVector: Uint8Array): Uint8Array
  saved(batch: Batch, revision: number): void
  /** What waits, or whether the server takes it, has changed. */
  changed(): void
  /** The server refuses the edits of these fields; with an empty list, the client id that they were made under. */
  refused(fields: readonly string[] | 'all', why: Fields): void
  /** The server has lost this session of the room. */
  lost(): void
}

/** Sends what is in the outbox, one batch at a time, until it is acknowledged or refused (D2). */
export class Sender {
  readonly outbox = new Outbox()
  #channel: Channel
  #author: Author
  #hold = new Timer()
  #failures = 0

  constructor(channel: Channel, author: Author) {
    this.#channel = channel
    this.#author = author
  }

  /** Reports whether the server said that it can't store now. */
  get held(): boolean {
    return this.#hold.running
  }

  /** Sends what waits, if it can be sent now. */
  flush(): void {
    if (!this.#author.ready || this.#hold.running) return
    const batch = this.outbox.take()
    if (batch === undefined) return
    this.#channel.request('Y_UPDATE', { update: batch.update }, (answer) => {
      if (this.outbox.flying !== batch) return
      if (answer.code === '') this.#saved(batch, number(answer.fields['revision']))
      else this.#notSaved(answer)
    })
  }

  /** The connection is lost: what was under way must be sent again. */
  giveBack(): void {
    this.#hold.clear()
    this.outbox.giveBack()
  }

  #saved(batch: Batch, revision: number): void {
    this.outbox.acknowledge()
    this.#failures = 0
    this.#author.saved(batch, revision)
    this.flush()
  }

  #notSaved(answer: Answer): void {
    const { code, fields } = answer
    if (code === 'UPDATE_REJECTED') return this.#refuse(list(fields['fields']).map(text), fields)
    if (code === 'FOREIGN_CLIENT' || code === 'RESYNC_REQUIRED') return this.#refuse([], fields)
    if (code === 'MISSING_DEPENDENCY') return this.#sendMore(fields)
    this.outbox.giveBack()
    if (code === LOST) return
    if (code === 'NOT_JOINED') return this.#author.lost()
    const wait = retryAfter(answer)
    const failed = code === 'INTERNAL' && ++this.#failures >= FAILURES_BEFORE_REFUSAL
    if (failed || wait === undefined) return this.#refuse('all', fields)
    this.#hold.set(wait, () => {
      this.#author.changed()
      this.flush()
    })
    this.#author.changed()
  }

  /** The server lacks what the batch builds on: sends everything that it lacks, once; then the document starts anew. */
  #sendMore(fields: Fields): void {
    const has = bytes(fields['stateVector'])
    if (has.length === 0 || ++this.#failures > 1) return this.#refuse([], fields)
    this.outbox.replace(this.#author.lackedBy(has))
    this.flush()
  }

  #refuse(fields: readonly string[] | 'all', why: Fields): void {
    this.outbox.giveBack()
    this.#author.refused(fields, why)
  }
}

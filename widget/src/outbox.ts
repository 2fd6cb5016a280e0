import { mergeUpdates } from 'yjs'

/** Local changes that the server has not acknowledged. */
export interface Batch {
  readonly update: Uint8Array
  /** Wire names of the fields that it changes. */
  readonly fields: ReadonlySet<string>
  /** How many edits it merges. */
  readonly edits: number
  /** When its first edit was made, by `performance.now()`. */
  readonly since: number
}

/**
 * Holds the local updates from the edit to the acknowledgement. One batch at most is under way; what comes meanwhile
 * waits and becomes one update, so a slow server sees fewer and larger ones, never a queue of them.
 */
export class Outbox {
  #waiting: Batch[] = []
  #flying: Batch | undefined

  /** The batch under way. */
  get flying(): Batch | undefined {
    return this.#flying
  }

  /** Number of edits not acknowledged. */
  get edits(): number {
    return this.#all().reduce((sum, batch) => sum + batch.edits, 0)
  }

  /** Fields with edits not acknowledged, by wire name. */
  get fields(): Set<string> {
    return new Set(this.#all().flatMap((batch) => [...batch.fields]))
  }

  /** When the oldest edit not acknowledged was made, by `performance.now()`. */
  get since(): number | undefined {
    return this.#all()[0]?.since
  }

  /** All that is not acknowledged, as one update; empty when there is nothing. */
  get update(): Uint8Array {
    if (this.#waiting.length > 1) this.#waiting = [merge(this.#waiting)]
    return merge(this.#all()).update
  }

  /** Adds edits, as one update. */
  add(update: Uint8Array, fields: readonly string[], edits: number, since: number): void {
    this.#waiting.push({ update, fields: new Set(fields), edits, since })
  }

  /** Takes all that waits as one batch, to be sent; undefined when nothing waits or a batch is under way. */
  take(): Batch | undefined {
    if (this.#flying !== undefined || this.#waiting.length === 0) return undefined
    this.#flying = merge(this.#waiting)
    this.#waiting = []
    return this.#flying
  }

  /** Drops the batch under way: the server has it. */
  acknowledge(): void {
    this.#flying = undefined
  }

  /** Puts the batch under way back to the front: it must be sent again. */
  giveBack(): void {
    if (this.#flying !== undefined) this.#waiting.unshift(this.#flying)
    this.#flying = undefined
  }

  /** Puts one update, which holds all of them, in the place of everything. */
  replace(update: Uint8Array): void {
    const all = this.#all()
    const edits = Math.max(1, this.edits)
    this.#flying = undefined
    this.#waiting = [{ ...merge(all), update, edits }]
  }

  /** Forgets everything. */
  clear(): void {
    this.#flying = undefined
    this.#waiting = []
  }

  #all(): Batch[] {
    return this.#flying === undefined ? this.#waiting : [this.#flying, ...this.#waiting]
  }
}

function merge(batches: readonly Batch[]): Batch {
  const first = batches[0]
  if (first !== undefined && batches.length === 1) return first
  return {
    update: batches.length === 0 ? new Uint8Array() : mergeUpdates(batches.map((batch) => batch.update)),
    fields: new Set(batches.flatMap((batch) => [...batch.fields])),
    edits: batches.reduce((sum, batch) => sum + batch.edits, 0),
    since: first?.since ?? performance.now(),
  }
}

import { mergeUpdates } from 'yjs'

/** So many updates are kept apart before they are merged. */
const MERGE_AFTER = 256

/** What the server has of a document, as far as it is known here: without the edits that it has not acknowledged. */
export class ServerState {
  #updates: Uint8Array[] = []

  /** Adds what came from the server, or what it has acknowledged. */
  add(update: Uint8Array): void {
    this.#updates.push(update)
    if (this.#updates.length > MERGE_AFTER) this.replace(this.update)
  }

  /** Puts one update in the place of all. */
  replace(update: Uint8Array): void {
    this.#updates = [update]
  }

  /** All of it, as one update. */
  get update(): Uint8Array {
    return mergeUpdates(this.#updates)
  }
}

import { encodeStateAsUpdate } from 'yjs'
import type { Doc } from 'yjs'
import type { Channel } from './channel.ts'
import type { Lifetime } from './lifetime.ts'
import type { Known, Own } from './offline/record.ts'
import { LOST, bytes } from './protocol.ts'
import type { Answer, ResourceState } from './protocol.ts'
import { docOf } from './rebuilding.ts'
import { retryAfter } from './sending.ts'
import { Timer } from './timer.ts'

/** What may be otherwise in a moment is tried again after this time, in milliseconds: so often, a lock lasts no longer. */
const AGAIN_MS = 3_000
const TRIES = 10

/** Somebody else may have to give back first what this builds on, or a lock may end. */
const MAY_CHANGE = new Set(['MISSING_DEPENDENCY', 'UPDATE_REJECTED'])

/** How it ended: `apart` when the connection or the session was lost, and nobody knows what the server has. */
export type Outcome = 'healed' | 'refused' | 'apart'

/** The document, as its healing needs it. */
export interface Healed {
  readonly channel: Pick<Channel, 'request'>
  readonly doc: Doc
  readonly own: Own
  readonly known: Known
  /** Looks at what the server has; reports whether the user has to choose between that and what is not acknowledged. */
  readonly disputes: { arise(doc: Doc, edited: Iterable<string>, state: Uint8Array): boolean }
  /** The server has what it had lost; with `all`, what it had not acknowledged too. Goes on in the document's new life. */
  healed(state: ResourceState, all: boolean): void
}

/**
 * Gives back to the server what a restore has lost (D8): what it had acknowledged, by whomever it was written. The server
 * takes it while a recovery is open, under the client ids of the document's life before.
 */
export class Healing {
  #life: Lifetime

  constructor(life: Lifetime) {
    this.#life = life
  }

  /**
   * Gives back what the page has, and what is typed meanwhile. What is not acknowledged goes with it, unless it was refused
   * or the user has to choose: that is dealt with after the next join.
   */
  async ofPage(document: Healed, state: ResourceState): Promise<Outcome> {
    const { own, known } = document
    const all = own.refused === undefined && !document.disputes.arise(document.doc, own.fields, state.state)
    const lost = (): Doc => docOf(document.known.update, state.state, all ? document.own.update : undefined)
    // What the page itself could not show yet comes back from the server, or never: else it would appear here alone.
    dropPending(document.doc)
    for (;;) {
      const { edits } = document.own
      const outcome = await this.give(document.channel, known.epoch, state.stateVector, lost)
      if (outcome !== 'healed') return outcome
      if (all && document.own.edits > edits) continue
      document.healed(state, all)
      return outcome
    }
  }

  /** Gives back of what an epoch had what the state vector lacks. */
  async give(channel: Healed['channel'], epoch: number, stateVector: Uint8Array, lost: () => Doc): Promise<Outcome> {
    let has = stateVector
    for (let tries = 0; ; ) {
      const update = lackedBy(lost(), has)
      const answer = await new Promise<Answer>((done) => channel.request('Y_UPDATE', { update, heals: epoch }, done))
      const { code, fields } = answer
      if (code === '') return 'healed'
      if (code === LOST || code === 'NOT_JOINED') return 'apart'
      const server = bytes(fields['stateVector'])
      if (server.length > 0) has = server
      const wait = retryAfter(answer) ?? (MAY_CHANGE.has(code) && ++tries < TRIES ? AGAIN_MS : undefined)
      if (wait === undefined) return 'refused'
      await this.#pause(wait)
    }
  }

  /** Never ends when the page does before. */
  #pause(ms: number): Promise<void> {
    const timer = new Timer()
    this.#life.add(() => timer.clear())
    return new Promise((done) => timer.set(ms, done))
  }
}

/** Forgets what builds on something that never came. */
function dropPending({ store }: Doc): void {
  store.pendingStructs = null
  store.pendingDs = null
}

/** Returns what a state vector lacks of a document, as far as the document has all that it builds on. */
function lackedBy(doc: Doc, stateVector: Uint8Array): Uint8Array {
  dropPending(doc)
  return encodeStateAsUpdate(doc, stateVector)
}

import type { Doc } from 'yjs'
import type { Draft } from './drafts.ts'
import type { ResourceState } from './protocol.ts'

/** An acknowledged batch: it is on the server's disk. `since` is the local time of its first edit. */
export interface Saved {
  /** Ids of the fields that were written. */
  readonly fields: readonly string[]
  /** How many edits it was. */
  readonly edits: number
  /** Position in the history of the record. */
  readonly revision: number
  /** When the first of them was typed: `performance.now()` of this page. */
  readonly since: number
  /** From then to the acknowledgement, in milliseconds. */
  readonly ms: number
}

/** A change by another session, as it was shown here. */
export interface Arrived {
  /** Ids of the fields that changed. */
  readonly fields: readonly string[]
  /** Who wrote it. */
  readonly userId: string
  /** In which session. */
  readonly sessionId: string
  /** Position in the history of the record. */
  readonly revision: number
}

/** Whether the document is in step with the gateway, and if not, why not. */
export type DocumentState =
  | { readonly name: 'apart' }
  | { readonly name: 'joining' }
  | { readonly name: 'joined' }
  | { readonly name: 'refused'; readonly code: string }

/** What a document tells of. */
export interface DocumentEvents {
  state: DocumentState
  joined: ResourceState
  /** The document was built anew from the server's (D2c): what observed the old one observes this one. */
  replaced: Doc
  /** Something of others is about to be shown. */
  arriving: undefined
  arrived: Arrived
  saved: Saved
  /** The document was read from this browser's store: the page can be used, though the server was not reached. */
  restored: undefined
  /** The number of unsaved edits, whether they are kept here, or whether the server takes them, has changed. */
  outbox: { readonly edits: number }
  draft: Draft
  /** All drafts are forgotten. */
  forgot: undefined
}

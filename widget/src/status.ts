import type { ConnectionState } from './connection.ts'
import type { DocumentState } from './document.ts'
import type { Failure } from './offline/vault.ts'
import type { Mode } from './protocol.ts'

/** Where everything typed on this page is (G6): the least that is true of all of it. */
export type Save = 'unsaved' | 'here' | 'server'

/** What the page may know of the widget. */
export interface Status {
  /** `'refused'`: the gateway does not let the user in, see `reason`; `'closed'`: after `destroy()`. */
  readonly connection: 'connecting' | 'connected' | 'offline' | 'refused' | 'closed'
  /** Where everything typed on this page is. */
  readonly save: Save
  /** Edits that the server has not acknowledged, fields with text that is in no document, drafts that are kept nowhere. */
  readonly waiting: number
  /** Undefined until the record was received. */
  readonly mode: Mode | undefined
  /** Position in the history of the record; 0 before it was received. */
  readonly revision: number
  /** Why the connection or the record was refused. */
  readonly reason: string | undefined
  /** When the next try to connect is, in local milliseconds. */
  readonly retryAt: number | undefined
  /** Why this browser does not keep, or cannot read, what it should; undefined when it does. */
  readonly store: Failure['code'] | undefined
  /** What the gateway does without at the moment, by its names: it goes on, perhaps slower (F1). */
  readonly degraded: readonly string[]
}

/** What the status is made of. */
export interface StatusParts {
  readonly connection: ConnectionState
  readonly everOpen: boolean
  readonly document: DocumentState
  readonly met: boolean
  readonly mode: Mode
  readonly revision: number
  readonly edits: number
  /** Fields with text that is in no document yet. */
  readonly loose: number
  /** Texts that are in no document any more, because they were refused. */
  readonly drafts: number
  /** Whether all that is on this page alone is in this browser's own store, too. */
  readonly stored: boolean
  readonly store: Failure['code'] | undefined
  readonly degraded: readonly string[]
}

/** Says where things stand, never more than is true: "server" only when nothing waits anywhere. */
export function statusOf(parts: StatusParts): Status {
  const { connection, document } = parts
  const waiting = parts.edits + parts.loose + (parts.stored ? 0 : parts.drafts)
  const refused = document.name === 'refused' ? document.code : undefined
  return {
    connection: connectionOf(parts),
    save: waiting === 0 ? 'server' : parts.stored ? 'here' : 'unsaved',
    waiting,
    mode: parts.met ? parts.mode : undefined,
    revision: parts.revision,
    reason: connection.name === 'refused' ? connection.reason : refused,
    retryAt: connection.name === 'waiting' ? connection.until : undefined,
    store: parts.store,
    degraded: parts.degraded,
  }
}

function connectionOf({ connection, everOpen, document }: StatusParts): Status['connection'] {
  switch (connection.name) {
    case 'open':
      return document.name === 'refused' ? 'refused' : document.name === 'joined' ? 'connected' : 'connecting'
    case 'refused':
    case 'closed':
      return connection.name
    case 'connecting':
      return everOpen || connection.attempt > 0 ? 'offline' : 'connecting'
    case 'waiting':
      return 'offline'
    case 'idle':
      return 'connecting'
  }
}

import type { ConnectionState } from './connection.ts'
import type { DocumentState } from './document.ts'
import type { Mode } from './protocol.ts'

/** Where everything typed on this page is (G6): the least that is true of all of it. */
export type Save = 'unsaved' | 'here' | 'server'

/** What the page may know of the widget. */
export interface Status {
  /** `'refused'`: the gateway does not let the user in, see `reason`; `'closed'`: after `destroy()`. */
  readonly connection: 'connecting' | 'connected' | 'offline' | 'refused' | 'closed'
  /** Where everything typed on this page is. */
  readonly save: Save
  /** Edits that the server has not acknowledged. */
  readonly waiting: number
  /** Undefined until the record was received. */
  readonly mode: Mode | undefined
  /** Position in the history of the record; 0 before it was received. */
  readonly revision: number
  /** Why the connection or the record was refused. */
  readonly reason: string | undefined
  /** When the next try to connect is, in local milliseconds. */
  readonly retryAt: number | undefined
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
  /** Whether the edits that wait are all in this browser's own store. */
  readonly stored: boolean
}

/** Says where things stand, never more than is true: "server" only when nothing waits anywhere. */
export function statusOf(parts: StatusParts): Status {
  const { connection, document } = parts
  const waiting = parts.edits + parts.loose
  const refused = document.name === 'refused' ? document.code : undefined
  return {
    connection: connectionOf(parts),
    save: waiting === 0 ? 'server' : parts.loose === 0 && parts.stored ? 'here' : 'unsaved',
    waiting,
    mode: parts.met ? parts.mode : undefined,
    revision: parts.revision,
    reason: connection.name === 'refused' ? connection.reason : refused,
    retryAt: connection.name === 'waiting' ? connection.until : undefined,
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

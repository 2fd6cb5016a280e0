/**
 * Shapes of what the widget and the gateway say to each other (rules C, A, R, D and L of docs/protocol.md).
 * What arrives is `unknown` and is decoded here, at the edge; what does not fit becomes empty, never a throw.
 */

/** What a session may do in a resource (R2). */
export type Mode = 'editor' | 'viewer'

/** A person in the room, with all their sessions (R1). */
export interface User {
  /** From the token, as are `name` and `role`. */
  readonly userId: string
  /** What colleagues see. */
  readonly name: string
  /** Empty when the token names none. */
  readonly role: string
  /** The most that one of their sessions may do. */
  readonly mode: Mode
  /** Ids of their sessions on this record: one a browser tab. */
  readonly sessions: readonly string[]
  /** When the first of these joined, in milliseconds UTC. */
  readonly joinedAt: number
  /** For their avatar: `#rrggbb`, or empty. */
  readonly color: string
}

/** A lock as the gateway tells it; `field` is empty for the whole resource. Times are milliseconds UTC. */
export interface Lock {
  /** Names the grant. */
  readonly lockId: string
  /** Empty for the whole record. */
  readonly field: string
  /** The holder. */
  readonly userId: string
  /** The holder's session. */
  readonly sessionId: string
  /** The holder's name. */
  readonly name: string
  /** Number of the grant; grows for ever. */
  readonly fence: number
  /** Milliseconds UTC. */
  readonly acquiredAt: number
  /** Milliseconds UTC; renewed while the holder is active. */
  readonly expiresAt: number
}

/** Somebody asks for a lock that this session holds (L7). */
export interface LockRequest {
  readonly lockId: string
  readonly field: string
  readonly userId: string
  readonly sessionId: string
  readonly name: string
  readonly message: string
}

/** Somebody asks for a lock that this session holds (L7). */
export interface LockRequest {
  readonly lockId: string
  readonly field: string
  readonly userId: string
  readonly sessionId: string
  readonly name: string
  readonly message: string
}

/** The answer to authentication (C4). */
export interface Session {
  readonly sessionId: string
  /** With it the session can be resumed after its transport was lost (C11). */
  readonly resumeKey: string
  readonly userId: string
  readonly name: string
  readonly heartbeatInterval: number
  /** Whether it may break locks (L7). */
  readonly breakGlass: boolean
  /** The rooms that a resumed session is in (C11). */
  readonly rooms: readonly string[]
}

/** The answer to a join (R1). */
export interface ResourceState {
  readonly mode: Mode
  readonly users: readonly User[]
  readonly locks: readonly Lock[]
  readonly state: Uint8Array
  readonly stateVector: Uint8Array
  readonly revision: number
  /** Which of its lives the document is in: a restore begins another (D8). Zero when the gateway does not say. */
  readonly epoch: number
  /** The life that began when the content was erased last: what is kept of those before it is forgotten (O7). Zero: it never was. */
  readonly erased: number
  /** The life of the document of which the server takes back, at this moment, what a restore lost (D8). */
  readonly heals: unknown
  /** The Yjs client id granted to this session (D7); undefined for viewers. */
  readonly clientId: number | undefined
}

/** An object as it came over the wire. */
export type Fields = Readonly<Record<string, unknown>>

/** The answer to an event: `fields` of what was asked for, or of the error, whose code is empty when all is well. */
export interface Answer {
  readonly code: string
  readonly fields: Fields
}

/** Code of an answer that never came because the connection was lost; it is not one of the gateway's. */
export const LOST = 'LOST'

/** Returns the object, or an empty one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** Returns the string, or the empty one. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Returns the finite number, or zero. */
export function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

/** Returns the list, or an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Returns binary data, however it came: ArrayBuffer, typed array, or a list of byte values. Empty for anything else. */
export function bytes(value: unknown): Uint8Array {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer ? new Uint8Array(value) : Uint8Array.from(list(value) as number[])
}

/** Decodes the acknowledgement of any event. */
export function answer(value: unknown): Answer {
  const fields = fieldsOf(value)
  if (fields['ok'] === true) return { code: '', fields }
  const error = fieldsOf(fields['error'])
  return { code: text(error['code']) || 'INTERNAL', fields: error }
}

/** Decodes CONNECTED. */
export function session(value: unknown): Session {
  const fields = fieldsOf(value)
  const userId = text(fields['userId'])
  return {
    sessionId: text(fields['sessionId']),
    resumeKey: text(fields['resumeKey']),
    userId,
    name: text(fields['name']) || userId,
    heartbeatInterval: number(fields['heartbeatInterval']) || 30_000,
    breakGlass: fieldsOf(fields['permissions'])['breakGlass'] === true,
    rooms: list(fields['rooms']).map(text),
  }
}

/** Decodes a user. */
export function user(value: unknown): User {
  const fields = fieldsOf(value)
  const userId = text(fields['userId'])
  return {
    userId,
    name: text(fields['name']) || userId,
    role: text(fields['role']),
    mode: mode(fields['mode']),
    sessions: list(fields['sessions']).map(text),
    joinedAt: number(fields['joinedAt']),
    color: text(fields['color']),
  }
}

/** Decodes a lock. */
export function lock(value: unknown): Lock {
  const fields = fieldsOf(value)
  const userId = text(fields['userId'])
  return {
    lockId: text(fields['lockId']),
    field: text(fields['field']),
    userId,
    sessionId: text(fields['sessionId']),
    name: text(fields['name']) || userId,
    fence: number(fields['fence']),
    acquiredAt: number(fields['acquiredAt']) || Date.now(),
    expiresAt: number(fields['expiresAt']),
  }
}

/** Decodes LOCK_REQUESTED. */
export function lockRequest(value: unknown): LockRequest {
  const { lockId, field, userId, sessionId, name } = lock(value)
  return { lockId, field, userId, sessionId, name, message: text(fieldsOf(value)['message']) }
}

/** Decodes RESOURCE_STATE. */
export function resourceState(fields: Fields): ResourceState {
  return {
    mode: mode(fields['mode']),
    users: list(fields['users']).map(user),
    locks: list(fields['locks']).map(lock),
    state: bytes(fields['state']),
    stateVector: bytes(fields['stateVector']),
    revision: number(fields['revision']),
    epoch: number(fields['epoch']),
    erased: number(fields['erased']),
    heals: fields['heals'],
    clientId: number(fields['clientId']) || undefined,
  }
}

function mode(value: unknown): Mode {
  return value === 'viewer' ? 'viewer' : 'editor'
}

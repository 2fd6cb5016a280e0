/**
 * Names and shapes of what the widget and the gateway say to each other (rules C, A, R, D and L of docs/protocol.md).
 * What arrives is `unknown` and is decoded here, at the edge; what does not fit is `undefined`, never a throw.
 */

/** What a session may do in a resource (R2). */
export type Mode = 'editor' | 'viewer'

/** A person in the room, with all their sessions (R1). */
export interface User {
  readonly userId: string
  readonly name: string
  readonly role: string
  readonly mode: Mode
  readonly sessions: readonly string[]
  readonly joinedAt: number
  readonly color: string
}

/** A lock as the gateway tells it; `field` is empty for the whole resource. Times are milliseconds UTC. */
export interface Lock {
  readonly lockId: string
  readonly field: string
  readonly userId: string
  readonly sessionId: string
  readonly name: string
  readonly fence: number
  readonly acquiredAt: number
  readonly expiresAt: number
}

/** The answer to authentication (C4). */
export interface Session {
  readonly sessionId: string
  readonly userId: string
  readonly name: string
  readonly role: string
  readonly serverTime: number
  readonly heartbeatInterval: number
}

/** The answer to a join (R1). */
export interface ResourceState {
  readonly mode: Mode
  readonly users: readonly User[]
  readonly locks: readonly Lock[]
  readonly state: Uint8Array
  readonly stateVector: Uint8Array
  readonly revision: number
  /** The Yjs client id granted to this session (D7); undefined for viewers. */
  readonly clientId: number | undefined
}

/** A refusal: the code, and the further fields of the event that it stands for. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number | undefined
  readonly fields: Fields
}

/** The answer to an event sent with a callback. */
export type Answer = { readonly ok: true; readonly fields: Fields } | { readonly ok: false; readonly error: Refusal }

/** An object as it came over the wire. */
export type Fields = Readonly<Record<string, unknown>>

/** Code of an answer that never came because the connection was lost or silent; it is not one of the gateway's. */
export const LOST = 'LOST'

/** Returns the object, or an empty one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** Returns the string, or the empty one. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Returns the finite number, or `otherwise`. */
export function number(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise
}

/** Returns the strings of a list; what is none is left out. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

/** Returns binary data, however it came: ArrayBuffer, typed array, or a list of byte values. */
export function bytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return Array.isArray(value) ? Uint8Array.from(value as number[]) : undefined
}

/** Decodes the acknowledgement of any event. */
export function answer(value: unknown): Answer {
  const fields = fieldsOf(value)
  if (fields['ok'] === true) return { ok: true, fields }
  return { ok: false, error: refusal(fields['error']) }
}

/** Decodes an error object. */
export function refusal(value: unknown): Refusal {
  const fields = fieldsOf(value)
  const retry = number(fields['retryAfterMs'], -1)
  return {
    code: text(fields['code']) || 'INTERNAL',
    message: text(fields['message']),
    retryAfterMs: retry >= 0 ? retry : undefined,
    fields,
  }
}

/** Makes an answer that says that none came. */
export function lost(message: string): Answer {
  return { ok: false, error: { code: LOST, message, retryAfterMs: undefined, fields: {} } }
}

/** Decodes CONNECTED. */
export function session(value: unknown): Session | undefined {
  const fields = fieldsOf(value)
  const sessionId = text(fields['sessionId'])
  if (sessionId === '') return undefined
  return {
    sessionId,
    userId: text(fields['userId']),
    name: text(fields['name']) || text(fields['userId']),
    role: text(fields['role']),
    serverTime: number(fields['serverTime'], Date.now()),
    heartbeatInterval: Math.max(100, number(fields['heartbeatInterval'], 30_000)),
  }
}

/** Decodes a user. */
export function user(value: unknown): User | undefined {
  const fields = fieldsOf(value)
  const userId = text(fields['userId'])
  if (userId === '') return undefined
  return {
    userId,
    name: text(fields['name']) || userId,
    role: text(fields['role']),
    mode: mode(fields['mode']),
    sessions: texts(fields['sessions']),
    joinedAt: number(fields['joinedAt']),
    color: text(fields['color']),
  }
}

/** Decodes a lock. */
export function lock(value: unknown): Lock {
  const fields = fieldsOf(value)
  return {
    lockId: text(fields['lockId']),
    field: text(fields['field']),
    userId: text(fields['userId']),
    sessionId: text(fields['sessionId']),
    name: text(fields['name']) || text(fields['userId']),
    fence: number(fields['fence']),
    acquiredAt: number(fields['acquiredAt']),
    expiresAt: number(fields['expiresAt']),
  }
}

/** Decodes RESOURCE_STATE. */
export function resourceState(value: unknown): ResourceState {
  const fields = fieldsOf(value)
  const clientId = number(fields['clientId'])
  return {
    mode: mode(fields['mode']),
    users: list(fields['users']).flatMap((one) => user(one) ?? []),
    locks: list(fields['locks']).map(lock),
    state: bytes(fields['state']) ?? new Uint8Array(),
    stateVector: bytes(fields['stateVector']) ?? new Uint8Array(),
    revision: number(fields['revision']),
    clientId: clientId > 0 ? clientId : undefined,
  }
}

function mode(value: unknown): Mode {
  return value === 'viewer' ? 'viewer' : 'editor'
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

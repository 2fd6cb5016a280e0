import { fieldsOf, text } from '../protocol.ts'

/** Whose token it is: tenant and user. */
export type Who = readonly [tenant: string, userId: string]

/**
 * Reads from a token, without verifying it, whose it is (A3): enough to choose the store of a user, which only ever shows
 * what this browser has already. Undefined when it cannot be read; the gateway will refuse such a token.
 */
export function whoOf(token: string): Who | undefined {
  try {
    const part = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    const json = new TextDecoder().decode(Uint8Array.from(atob(part), (char) => char.charCodeAt(0)))
    const claims = fieldsOf(JSON.parse(json))
    const user = text(claims['userId']) || text(claims['sub'])
    return user === '' ? undefined : [text(claims['tenant']) || 'default', user]
  } catch {
    return undefined
  }
}

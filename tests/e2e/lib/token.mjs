// Owns tokens: RS256 with the development key, by Node's own crypto.
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const segment = value => Buffer.from(JSON.stringify(value)).toString('base64url')
const keys = new Map()

/** Returns a token with these claims, signed with the private key of a file. It is good for an hour unless they say else. */
export function makeToken(file, claims) {
  if (!keys.has(file)) keys.set(file, createPrivateKey(readFileSync(file)))
  const now = Math.floor(Date.now() / 1000)
  const input = segment({ alg: 'RS256', typ: 'JWT' }) + '.' + segment({ iat: now, exp: now + 3600, ...claims })
  return input + '.' + sign('RSA-SHA256', Buffer.from(input), keys.get(file)).toString('base64url')
}

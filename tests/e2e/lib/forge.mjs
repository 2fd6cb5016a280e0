// Owns forged updates: structs of the Yjs V1 format as no yjs client would write them.
import * as encoding from 'lib0/encoding'

const fromOrigin = 0x80
const fromRight = 0x40
const withKey = 0x20

/** Kinds of content. */
export const kinds = { deleted: 1, json: 2, binary: 3, string: 4, embed: 5, format: 6, type: 7, any: 8, doc: 9 }

/**
 * One struct. origin and right are [client, clock] pairs, parent is the name of a root or such a pair, write gets the
 * encoder after the head.
 */
export function struct({ origin, right, parent = 'notes', key, kind = kinds.string, write = e => encoding.writeVarString(e, 'X') }) {
  return e => {
    encoding.writeUint8(e, kind | (origin ? fromOrigin : 0) | (right ? fromRight : 0) | (key === undefined ? 0 : withKey))
    for (const id of [origin, right]) if (id) writeId(e, id)
    if (!origin && !right) {
      encoding.writeVarUint(e, typeof parent === 'string' ? 1 : 0)
      if (typeof parent === 'string') encoding.writeVarString(e, parent)
      else writeId(e, parent)
      if (key !== undefined) encoding.writeVarString(e, key)
    }
    write(e)
  }
}

function writeId(e, [client, clock]) {
  encoding.writeVarUint(e, client)
  encoding.writeVarUint(e, clock)
}

/** An update of one client's structs from a clock on, and of deletions {client: [[clock, length], …]}. */
export function forge(client, clock, structs, deletions = {}) {
  const e = encoding.createEncoder()
  encoding.writeVarUint(e, structs.length > 0 ? 1 : 0)
  if (structs.length > 0) {
    for (const n of [structs.length, client, clock]) encoding.writeVarUint(e, n)
    for (const write of structs) write(e)
  }
  encoding.writeVarUint(e, Object.keys(deletions).length)
  for (const [id, ranges] of Object.entries(deletions)) {
    for (const n of [Number(id), ranges.length, ...ranges.flat()]) encoding.writeVarUint(e, n)
  }
  return encoding.toUint8Array(e)
}

export { encoding }

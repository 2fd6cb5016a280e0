import { createDecoder, readAny } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeAny } from 'lib0/encoding'
import type { Draft } from '../document.ts'
import type { Value } from '../field.ts'
import { bytes, fieldsOf, list, number, text } from '../protocol.ts'
import type { Fields, Mode } from '../protocol.ts'

/** Of records of another format nothing is known: they are left alone. */
const FORMAT = 1

/** What a tab has of a resource that is nowhere else: it must survive the tab. */
export interface Own {
  readonly epoch: number
  /** Edits that the server has not acknowledged, as one Yjs update; empty when there are none. */
  readonly update: Uint8Array
  /** Wire names of the fields that these edits change, and the number of edits. */
  readonly fields: readonly string[]
  readonly edits: number
  /** Fields whose edits the server refused: they become drafts (D2c). Undefined when nothing was refused. */
  readonly refused: readonly string[] | 'all' | undefined
  readonly why: Fields
  /** Text that is in no document yet, by wire name. */
  readonly loose: Readonly<Record<string, Value>>
  readonly drafts: readonly Draft[]
}

/** The server's document as it was last known: what the page shows when it is opened offline. */
export interface Known {
  readonly epoch: number
  readonly revision: number
  readonly mode: Mode
  readonly update: Uint8Array
  /** See SharedDocument.seeds: without them nobody can tell whether a page that differs is old (G4). */
  readonly seeds: Readonly<Record<string, readonly (Value | null)[]>>
}

/** Returns a record as bytes. */
export function encode(record: Own | Known): Uint8Array<ArrayBuffer> {
  const encoder = createEncoder()
  writeAny(encoder, { format: FORMAT, ...record } as never)
  return toUint8Array(encoder) as Uint8Array<ArrayBuffer>
}

/** Returns what `encode` was given, as fields. It throws when it was something else. */
function decode(data: Uint8Array): Fields {
  const fields = fieldsOf(readAny(createDecoder(data)))
  if (fields['format'] !== FORMAT) throw new Error('a record of another format')
  return fields
}

/** Decodes what a tab had. */
export function ownOf(data: Uint8Array): Own {
  const fields = decode(data)
  const refused = fields['refused']
  return {
    epoch: number(fields['epoch']),
    update: bytes(fields['update']),
    fields: list(fields['fields']).map(text),
    edits: number(fields['edits']),
    refused: Array.isArray(refused) ? refused.map(text) : refused === 'all' ? refused : undefined,
    why: fieldsOf(fields['why']),
    loose: fieldsOf(fields['loose']) as Own['loose'],
    drafts: list(fields['drafts']) as Draft[],
  }
}

/** Decodes the server's document. */
export function knownOf(data: Uint8Array): Known {
  const fields = decode(data)
  return {
    epoch: number(fields['epoch']),
    revision: number(fields['revision']),
    mode: fields['mode'] === 'viewer' ? 'viewer' : 'editor',
    update: bytes(fields['update']),
    seeds: fieldsOf(fields['seeds']) as Known['seeds'],
  }
}

/** Reports whether there is anything in it that must be kept. */
export function isEmpty({ edits, loose, drafts }: Own): boolean {
  return edits === 0 && drafts.length === 0 && Object.keys(loose).length === 0
}

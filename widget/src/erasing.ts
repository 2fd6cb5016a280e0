import { getState } from 'yjs'
import type { ContentString, Doc, Item } from 'yjs'
import type { Draft } from './drafts.ts'
import { choices, idOf, isChoice, textOf, valueIn } from './field.ts'
import type { Value } from './field.ts'
import type { Known, Own } from './offline/record.ts'
import { docOf } from './rebuilding.ts'

/** Why a draft is kept that was never in the document: the user's own words, and nothing of what was erased. */
const NEVER_THERE = new Set(['unsent', 'left', 'removed'])

/** A document whose content was erased (O7). */
interface Erased {
  readonly doc: Doc
  readonly own: Own
  readonly known: Known
  readonly seeds: Map<string, unknown>
  /** Begins anew from the server's document, with these drafts alone. */
  startAnew(drafts: readonly Draft[]): void
}

/**
 * Forgets what the server has erased: the page shows none of it any more. What the user has typed and the server never had
 * is kept as drafts.
 */
export function erase(document: Erased): void {
  const { doc, own, known } = document
  const drafts = ownDrafts(doc, own, known)
  document.seeds.clear()
  // A choice shows what it showed until it is given another: the document that begins anew has none for it.
  doc.transact(() => {
    for (const id of choices(doc).keys()) {
      const value = valueIn(doc, `values/${id}`)
      if (value !== undefined) choices(doc).set(id, blankOf(value))
    }
  }, 'erased')
  document.startAnew(drafts)
}

/** Returns what of a record is the user's own and was never on the server: of each field what was typed, without what was there. */
export function ownDrafts(doc: Doc, own: Own, known: Known | undefined): Draft[] {
  const server = docOf(known?.update)
  const typed = own.fields.flatMap((field): Draft[] => {
    const mine = isChoice(field) ? chosen(doc, server, field) : words(doc, server, field)
    return mine === undefined || mine === '' ? [] : [{ field, mine, reason: 'erased', by: '' }]
  })
  return [...own.drafts.filter(({ reason }) => NEVER_THERE.has(reason)), ...typed]
}

/** Returns the text that one document has of a field and the other never had. */
function words(doc: Doc, server: Doc, field: string): string {
  let text = ''
  for (let item = textOf(doc, field)._start; item !== null; item = item.right) {
    if (!item.deleted && item.countable) text += ((item.content as ContentString).str ?? '').slice(lacking(item, server))
  }
  return text
}

function chosen(doc: Doc, server: Doc, field: string): Value | undefined {
  const item = choices(doc)._map.get(idOf(field))
  return item !== undefined && !item.deleted && lacking(item, server) < item.length ? valueIn(doc, field) : undefined
}

/** Returns where in an item begins what the document lacks. */
function lacking({ id, length }: Item, { store }: Doc): number {
  return Math.min(length, Math.max(0, getState(store, id.client) - id.clock))
}

function blankOf(value: Value): Value {
  return typeof value === 'boolean' ? false : Array.isArray(value) ? [] : ''
}

import type { Doc, Map as YMap, Text } from 'yjs'

/** What kind of control a field is; the first two are texts, the others are entries of the map `values`. */
export type FieldKind = 'text' | 'editable' | 'select' | 'checkbox' | 'radio'

/** Value of a field: the text, the chosen option or options, or whether the box is ticked. */
export type Value = string | boolean | readonly string[]

const CHOICE_PREFIX = 'values/'

/** Reports whether the kind is text. */
export function isText(kind: FieldKind): boolean {
  return kind === 'text' || kind === 'editable'
}

/** Returns the name of a field on the wire: the root of a text, `values/<id>` for an entry of the map. */
export function wireName(id: string, kind: FieldKind): string {
  return isText(kind) ? id : CHOICE_PREFIX + id
}

/** Returns the field's id without what tells an entry of the map from a root. */
export function idOf(wire: string): string {
  return isChoice(wire) ? wire.slice(CHOICE_PREFIX.length) : wire
}

/** Reports whether the wire name is that of an entry of the map. */
export function isChoice(wire: string): boolean {
  return wire.startsWith(CHOICE_PREFIX)
}

/** Returns the map of all choices. */
export function choices(doc: Doc): YMap<unknown> {
  return doc.getMap('values')
}

/** Returns the text of a field. */
export function textOf(doc: Doc, wire: string): Text {
  return doc.getText(wire)
}

/** Reports whether anybody ever wrote the field; a text that was emptied again counts as written (G4). */
export function written(doc: Doc, wire: string): boolean {
  if (isChoice(wire)) return choices(doc)._map.has(idOf(wire))
  return textOf(doc, wire)._start !== null
}

/** Returns the field's value in the document. An entry of the map that is no value of a field is undefined. */
export function valueIn(doc: Doc, wire: string): Value | undefined {
  if (!isChoice(wire)) return textOf(doc, wire).toString()
  const value = choices(doc).get(idOf(wire))
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return Array.isArray(value) ? value.map(String) : undefined
}

/** Reports whether two values are the same. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  return a === b || (Array.isArray(a) && Array.isArray(b) && JSON.stringify(a) === JSON.stringify(b))
}

/** Reports whether a value is what a field has that nobody filled in. */
export function blank(value: Value): boolean {
  return value === '' || value === false || (Array.isArray(value) && value.length === 0)
}

/** Returns the value as text, to be shown or copied. */
export function shown(value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? '✓' : '–'
  return typeof value === 'string' ? value : value.join(', ')
}

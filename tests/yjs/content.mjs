import * as Y from 'yjs'

export const toBase64 = bytes => Buffer.from(bytes).toString('base64')
export const fromBase64 = text => new Uint8Array(Buffer.from(text, 'base64'))

/** The roots of every history, by type. */
export const ROOTS = { t0: 'Text', t1: 'Text', m: 'Map', a: 'Array', x: 'XmlFragment' }

export function openRoots (doc) {
  const { t0, t1, m, a, x } = { t0: doc.getText('t0'), t1: doc.getText('t1'), m: doc.getMap('m'), a: doc.getArray('a'), x: doc.getXmlFragment('x') }
  return { t0, t1, m, a, x }
}

/** A value with what JSON cannot say tagged, keys in order. */
function tagged (v) {
  if (v === undefined) return { $undefined: true }
  if (typeof v === 'bigint') return { $bigint: v.toString() }
  if (v instanceof Uint8Array) return { $bytes: toBase64(v) }
  if (v instanceof Y.Doc) return { $doc: v.guid }
  if (v instanceof Y.AbstractType) return typeContent(v)
  if (typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0))) return { $number: Object.is(v, -0) ? '-0' : String(v) }
  if (Array.isArray(v)) return v.map(tagged)
  if (v && typeof v === 'object') return Object.fromEntries(Object.keys(v).sort().map(k => [k, tagged(v[k])]))
  return v
}

function typeContent (t) {
  if (t instanceof Y.Text) {
    return { delta: t.toDelta().map(op => ({ insert: tagged(op.insert), attributes: tagged(op.attributes || {}) })), attributes: tagged(t.getAttributes()) }
  }
  if (t instanceof Y.XmlHook) return { hook: t.hookName, entries: tagged(Object.fromEntries([...t.keys()].map(k => [k, t.get(k)]))) }
  if (t instanceof Y.XmlElement) return { element: t.nodeName, attributes: tagged(t.getAttributes()), children: t.toArray().map(tagged) }
  if (t instanceof Y.XmlFragment) return { fragment: t.toArray().map(tagged) }
  if (t instanceof Y.Array) return t.toArray().map(tagged)
  if (t instanceof Y.Map) return { map: Object.fromEntries([...t.keys()].sort().map(k => [k, tagged(t.get(k))])) }
  throw new Error('unknown shared type')
}

/** Everything that a reader of the document can see, as one string. */
export function contentOf (doc) {
  return JSON.stringify(Object.fromEntries(Object.entries(openRoots(doc)).map(([name, type]) => [name, typeContent(type)])))
}

/** A value as the engine's MapJSON and ListJSON tell it. */
function plain (v) {
  if (v === undefined) return null
  if (typeof v === 'bigint') return { $bigint: v.toString() }
  if (v instanceof Uint8Array) return { $bytes: toBase64(v) }
  if (v instanceof Y.Doc) return { guid: v.guid }
  if (v instanceof Y.Text) return t2s(v)
  if (v instanceof Y.XmlElement) return { nodeName: v.nodeName, attributes: plain(v.getAttributes()), children: v.toArray().map(plain) }
  if (v instanceof Y.AbstractType) return v instanceof Y.Map ? plain(Object.fromEntries([...v.keys()].map(k => [k, v.get(k)]))) : v.toArray().map(plain)
  if (Array.isArray(v)) return v.map(plain)
  if (v && typeof v === 'object') return Object.fromEntries(Object.keys(v).sort().map(k => [k, plain(v[k])]))
  return v === 0 ? 0 : v // no minus zero
}

/** The plain text of a Y.Text: its strings alone. Y.XmlText would print its formats. */
const t2s = text => text.toDelta().map(op => typeof op.insert === 'string' ? op.insert : '').join('')

export function plainMap (doc) {
  return JSON.stringify(plain(doc.getMap('m')))
}

export function plainList (doc) {
  return JSON.stringify(plain(doc.getArray('a')))
}

/** Which field a change of a type belongs to: the root, and the first key below it. */
export function fieldOf (type, key) {
  let field = key === null ? '' : key
  while (type._item !== null) {
    field = type._item.parentSub === null ? '' : type._item.parentSub
    type = type._item.parent
  }
  for (const [name, root] of type.doc.share) if (root === type) return name + '/' + field
  throw new Error('type of no root')
}

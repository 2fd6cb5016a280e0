// Updates that are well-formed and yet lie about the document (SPEC D6): whatever the gateway accepts of them, clients must
// be able to apply, and those who saw it come must see what a newcomer sees.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { connect } from './lib/client.mjs'
import { encoding, forge, kinds, struct } from './lib/forge.mjs'
import { main, marker, test, until } from './lib/suite.mjs'

const text = value => e => encoding.writeVarString(e, value)

/** [what is forged, (client ids of the honest writer h and the attacker a) → update]. In "notes", h:0 to h:7 is abcdef💊. */
const lies = [
  ['an item between an item and itself', (h, a) => forge(a, 0, [struct({ origin: [h, 2], right: [h, 2] })])],
  ['an item whose right neighbour is left of its left one', (h, a) => forge(a, 0, [struct({ origin: [h, 4], right: [h, 1] })])],
  ['an item right before its left neighbour', (h, a) => forge(a, 0, [struct({ origin: [h, 3], right: [h, 2] })])],
  ['an item between two others in the wrong order', (h, a) => forge(a, 0, [struct({ origin: [h, 0], right: [h, 1] }), struct({ origin: [h, 4], right: [h, 5] }), struct({ origin: [a, 1], right: [a, 0] })])],
  ['an item that begins at its right neighbour', (h, a) => forge(a, 0, [struct({ right: [h, 3] })])],
  ['an item between two fields', (h, a) => forge(a, 0, [struct({ origin: [h, 2], right: [h, 10] })])],
  ['an item between a value and a text', (h, a) => forge(a, 0, [struct({ origin: [h, 13], right: [h, 2] })])],
  ['an item right of a value of the map', (h, a) => forge(a, 0, [struct({ origin: [h, 13] })])],
  ['an item left of a value of the map', (h, a) => forge(a, 0, [struct({ right: [h, 13] })])],
  ['an item whose left neighbour is itself', (h, a) => forge(a, 0, [struct({ origin: [a, 0] })])],
  ['an item whose right neighbour is itself', (h, a) => forge(a, 0, [struct({ right: [a, 0] })])],
  ['an item whose left neighbour comes after it', (h, a) => forge(a, 0, [struct({ origin: [a, 1] }), struct({})])],
  ['an item inside a text', (h, a) => forge(a, 0, [struct({ parent: [h, 2] })])],
  ['an item inside itself', (h, a) => forge(a, 0, [struct({ parent: [a, 0] })])],
  ['a type inside a type that is made later', (h, a) => forge(a, 0, [struct({ parent: [a, 1] }), struct({ kind: kinds.type, write: e => encoding.writeVarUint(e, 2) })])],
  ['a split through an emoji', (h, a) => forge(a, 0, [struct({ origin: [h, 6], right: [h, 7] })])],
  ['a deletion of half an emoji', h => forge(0, 0, [], { [h]: [[6, 1]] })],
  ['ranges of deletions that overlap', h => forge(0, 0, [], { [h]: [[1, 3], [2, 2], [1, 1]] })],
  ['deletions out of order', h => forge(0, 0, [], { [h]: [[4, 1], [0, 1]] })],
  ['a deletion of nothing', h => forge(0, 0, [], { [h]: [[1, 0]] })],
  ['a text without characters', (h, a) => forge(a, 0, [struct({ write: text('') })])],
  ['a list of no values', (h, a) => forge(a, 0, [struct({ kind: kinds.any, write: e => encoding.writeVarUint(e, 0) })])],
  ['a deleted run of no length', (h, a) => forge(a, 0, [struct({ kind: kinds.deleted, write: e => encoding.writeVarUint(e, 0) })])],
  ['JSON that is none', (h, a) => forge(a, 0, [struct({ kind: kinds.json, write: e => { encoding.writeVarUint(e, 1); text('{broken')(e) } })])],
  ['JSON that is undefined', (h, a) => forge(a, 0, [struct({ kind: kinds.json, write: e => { encoding.writeVarUint(e, 1); text('undefined')(e) } })])],
  ['an embed that is no JSON', (h, a) => forge(a, 0, [struct({ kind: kinds.embed, write: text('{broken') })])],
  ['a format that is no JSON', (h, a) => forge(a, 0, [struct({ kind: kinds.format, write: e => { text('bold')(e); text('{broken')(e) } })])],
  ['a format named __proto__', (h, a) => forge(a, 0, [struct({ kind: kinds.format, write: e => { text('__proto__')(e); text('{"x":1}')(e) } })])],
  ['a value named __proto__', (h, a) => forge(a, 0, [struct({ parent: 'values', key: '__proto__', kind: kinds.any, write: e => { encoding.writeVarUint(e, 1); encoding.writeAny(e, 'x') } })])],
  ['a type of an unknown kind', (h, a) => forge(a, 0, [struct({ kind: kinds.type, write: e => encoding.writeVarUint(e, 99) })])],
  ['an element without a name', (h, a) => forge(a, 0, [struct({ kind: kinds.type, write: e => { encoding.writeVarUint(e, 3); text('')(e) } })])],
  ['a sub-document', (h, a) => forge(a, 0, [struct({ kind: kinds.doc, write: e => { text('guid')(e); encoding.writeAny(e, {}) } })])],
  ['a sub-document whose options are no object', (h, a) => forge(a, 0, [struct({ kind: kinds.doc, write: e => { text('guid')(e); encoding.writeAny(e, 7) } })])],
  ['characters among the values', (h, a) => forge(a, 0, [struct({ parent: 'values' })])],
  ['a value among the characters', (h, a) => forge(a, 0, [struct({ parent: 'notes', key: 'x', kind: kinds.any, write: e => { encoding.writeVarUint(e, 1); encoding.writeAny(e, 1) } })])],
  ['two characters as one value', (h, a) => forge(a, 0, [struct({ parent: 'values', key: 'sex', write: text('two') })])],
  ['collected structs', (h, a) => forge(a, 0, [e => { encoding.writeUint8(e, 0); encoding.writeVarUint(e, 3) }])],
  ['an item after collected structs', (h, a) => forge(a, 0, [e => { encoding.writeUint8(e, 0); encoding.writeVarUint(e, 3) }, struct({ origin: [a, 2] })])],
  ['a field without a name', (h, a) => forge(a, 0, [struct({ parent: '' })])],
]

/** All that a document holds: each field's runs of characters and values in order, also the deleted ones, and its keys. */
function content(doc) {
  const fields = [...doc.share].filter(([, type]) => type._start || type._map.size > 0).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(fields.map(([name, type]) => [name, sequence(type), [...type._map].map(([key, item]) => `${key}=${units(item)}`).sort()]))
}

function sequence(type) {
  const out = []
  for (let item = type._start; item; item = item.right) out.push(...units(item))
  return out
}

/** What an item holds, one by one with its id, however the items are split. */
function units(item) {
  const values = item.deleted ? [] : item.content.str ?? item.content.getContent().map(c => c?.toJSON?.() ?? c)
  return Array.from({ length: item.length }, (_, k) => `${item.id.client}:${item.id.clock + k} ${JSON.stringify(values[k])}`)
}

for (const [what, make] of lies) {
  test(`Everybody agrees after ${what}, or it is refused (D6)`, async () => {
    const room = `page:/forged/${what}`
    const [honest, witness, attacker] = [await connect('usr_honest'), await connect('usr_witness'), await connect('usr_attacker')]
    const writer = await honest.join(room)
    const seen = await witness.join(room, { mode: 'viewer' })
    const forger = await attacker.join(room)
    await writer.edit(d => { d.getText('notes').insert(0, 'abcdef💊'); d.getText('dose').insert(0, '5 mg'); d.getMap('values').set('x', 1); d.getMap('values').set('sex', 'f') })
    await seen.shows('dose', '5 mg')
    const [h, a] = [writer.state.clientId, forger.state.clientId]
    const answer = await forger.send(make(h, a))
    if (!answer.ok) assert.ok(['MALFORMED_UPDATE', 'MISSING_DEPENDENCY'].includes(answer.error.code), JSON.stringify(answer))
    await writer.insert('notes', marker)
    const { revision } = await writer.edit(d => { // so that the text is in many pieces, here and not where it was seen to come
      for (const letter of 'ace') d.getText('notes').delete(d.getText('notes').toString().indexOf(letter), 1)
    })
    await until(`revision ${revision} at the witness`, () => seen.revision === revision && writer.revision === revision)
    const newcomer = await (await connect('usr_newcomer')).join(room, { mode: 'viewer' })
    for (const [whose, { doc }] of Object.entries({ witness: seen, writer, newcomer })) {
      assert.ok(!doc.store.pendingStructs && !doc.store.pendingDs, `${whose} has pending structs`)
    }
    assert.equal(content(newcomer.doc), content(seen.doc), `${answer.ok ? 'accepted' : 'refused'}: a newcomer sees something else than the witness`)
    assert.equal(content(writer.doc), content(seen.doc), 'the writer sees something else than the witness')
    assert.deepEqual([...Y.encodeStateVector(newcomer.doc)].sort(), [...Y.encodeStateVector(seen.doc)].sort())
  })
}

await main()

// Mutated updates against a room of honest yjs clients (SPEC D6). Args: {seed, mutations}.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { connect } from './lib/client.mjs'
import { args, main, marker, test, until } from './lib/suite.mjs'
import { generator } from './lib/random.mjs'

const room = 'page:/hostile/mutations'
const random = generator(args.seed)
const below = n => Math.floor(random() * n)

/** An update that an honest client might send, of all kinds of content. */
function honest(doc) {
  const made = []
  const take = u => made.push(u)
  doc.on('update', take)
  doc.transact(() => {
    const text = doc.getText(['notes', 'dose', 'content'][below(3)])
    const values = doc.getMap('values')
    switch (below(7)) {
      case 0: text.insert(below(text.length + 1), `text ${marker} 💊`); break
      case 1: if (text.length > 0) text.delete(below(text.length), 1); else text.insert(0, 'x'); break
      case 2: values.set(`key${below(4)}`, [1, 2.5, null, 'x', { a: [true] }, new Uint8Array([1, 2])][below(6)]); break
      case 3: text.insertEmbed(0, { image: 'x' }); break
      case 4: text.insert(0, 'bold', { bold: true }); break
      case 5: values.set('nested', new Y.Map([['a', new Y.Text('deep')]])); break
      default: doc.getArray('list').push([below(100), 'x'])
    }
  })
  doc.off('update', take)
  return Y.mergeUpdates(made)
}

/** The update with a few of its bytes changed, taken out, doubled or moved. */
function mutate(update, others) {
  let bytes = Array.from(update)
  for (let n = 1 + (random() < 0.2 ? below(3) : 0); n > 0; n--) {
    const at = below(bytes.length)
    switch (below(6)) {
      case 0: bytes[at] ^= 1 << below(8); break
      case 1: bytes[at] = below(256); break
      case 2: bytes.splice(at, 1 + below(4)); break
      case 3: bytes.splice(at, 0, ...bytes.slice(at, at + below(8))); break
      case 4: bytes[at] = Math.max(0, bytes[at] + (random() < 0.5 ? 1 : -1)); break
      default: if (others.length > 0) bytes = [...bytes.slice(0, at), ...others[below(others.length)].slice(below(20))]
    }
    if (bytes.length === 0) bytes = [0]
  }
  return Uint8Array.from(bytes)
}

/**
 * All that a document shows but how its text looks, as text that two equal documents share: each yjs client tidies formats
 * by itself, and what it makes of mutated ones is its own.
 */
const shown = doc => JSON.stringify(sorted(JSON.parse(JSON.stringify([
  ...['notes', 'dose', 'content'].map(f => doc.getText(f).toDelta().flatMap(({ insert }) => (typeof insert === 'string' ? [...insert] : [insert]))),
  doc.getMap('values').toJSON(), doc.getArray('list').toJSON(),
]))))

/** A value with the keys of its objects in order. */
function sorted(v) {
  if (Array.isArray(v)) return v.map(sorted)
  return v && typeof v === 'object' ? Object.fromEntries(Object.keys(v).sort().map(k => [k, sorted(v[k])])) : v
}

/** Fails with the first place where two documents differ. */
function same(got, want, whose) {
  const [a, b] = [shown(got), shown(want)]
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  assert.ok(a === b, `${whose} differs: ${a.slice(Math.max(0, at - 60), at + 60)} is not ${b.slice(Math.max(0, at - 60), at + 60)}`)
}

test('Honest clients can apply whatever is accepted, and agree with a newcomer (D6)', async () => {
  const witness = await connect('usr_witness')
  const seen = await witness.join(room)
  const honestly = await (await connect('usr_honest')).join(room)
  const codes = {}
  const sent = []
  let attacker
  let doc
  for (let i = 0; i < args.mutations; i++) {
    if (!attacker || attacker.ended) attacker = await connect('usr_hostile')
    if (!doc || doc.client !== attacker || doc.stale) doc = await attacker.join(room)
    if (i % 25 === 0) assert.equal((await honestly.send(honest(honestly.doc))).ok, true, 'an honest client goes on')
    const mirror = new Y.Doc()
    Y.applyUpdate(mirror, Y.encodeStateAsUpdate(seen.doc))
    mirror.clientID = doc.state.clientId
    const update = mutate(honest(mirror), sent)
    sent.push(Array.from(update))
    let answer
    try {
      answer = await attacker.socket.timeout(10_000).emitWithAck('Y_UPDATE', { resourceId: room, update })
    } catch (error) {
      if (!attacker.ended) throw error
      continue // disconnected for malformed updates
    }
    const code = answer.ok ? 'ok' : answer.error.code
    codes[code] = (codes[code] ?? 0) + 1
    doc.stale = code === 'FOREIGN_CLIENT' || code === 'RESYNC_REQUIRED'
    assert.ok(['ok', 'MALFORMED_UPDATE', 'MISSING_DEPENDENCY', 'FOREIGN_CLIENT', 'RESYNC_REQUIRED', 'UPDATE_TOO_LARGE'].includes(code),
      `mutation ${i}: ${JSON.stringify(answer)} for ${Buffer.from(update).toString('hex')}`)
    if (answer.ok) {
      await until('the update at the witness', () => seen.revision >= answer.revision)
      assert.ok(!seen.doc.store.pendingStructs && !seen.doc.store.pendingDs, `mutation ${i} leaves pending structs: ${Buffer.from(update).toString('hex')}`)
    }
  }
  process.stderr.write(`answers: ${JSON.stringify(codes)}\n`)
  assert.ok(codes.ok > args.mutations / 20 && codes.MALFORMED_UPDATE > args.mutations / 20, `too one-sided: ${JSON.stringify(codes)}`)
  const newcomer = await (await connect('usr_newcomer')).join(room, { mode: 'viewer' })
  await until('the last update at the honest client', () => honestly.revision >= seen.revision && seen.revision >= honestly.revision)
  same(honestly.doc, seen.doc, 'the honest client')
  same(newcomer.doc, seen.doc, 'a newcomer')
  assert.deepEqual(Y.encodeStateVector(newcomer.doc), Y.encodeStateVector(seen.doc))
}, 90_000)

await main()

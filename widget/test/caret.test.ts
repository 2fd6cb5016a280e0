import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Doc, applyUpdate, encodeStateAsUpdate } from 'yjs'
import type { Text } from 'yjs'
import { mapCaret, mapThrough, rebase } from '../src/binding/caret.ts'
import type { Delta } from '../src/binding/caret.ts'
import { diff } from '../src/binding/diff.ts'
import type { Splice } from '../src/binding/diff.ts'

const deltas: [string, number, Delta, number][] = [
  ['before an insertion', 1, [{ retain: 2 }, { insert: 'xy' }], 1],
  ['after an insertion', 3, [{ retain: 2 }, { insert: 'xy' }], 5],
  ['exactly where something is put in: it comes after', 2, [{ retain: 2 }, { insert: 'xy' }], 2],
  ['after a deletion', 5, [{ retain: 1 }, { delete: 3 }], 2],
  ['inside a deletion', 3, [{ retain: 1 }, { delete: 3 }], 1],
  ['after an embed', 3, [{ retain: 2 }, { insert: { image: 1 } }], 4],
]
for (const [name, position, delta, want] of deltas) {
  test(`a position ${name}`, () => assert.equal(mapThrough(position, delta), want))
}

test('a caret behind text typed here moves with both changes', () => {
  const splice: Splice = { start: 4, deleted: 0, inserted: 'new ' }
  assert.equal(mapCaret(8, splice, [[{ insert: '>> ' }]]), 11)
  assert.equal(mapCaret(2, splice, [[{ insert: '>> ' }]]), 5)
  assert.equal(mapCaret(10, splice, [[{ retain: 6 }, { insert: '!' }]]), 10)
  assert.equal(mapCaret(12, splice, [[{ retain: 6 }, { insert: '!' }]]), 13)
})

/** Applies splices as the text binding does. */
function put(text: Text, splices: readonly Splice[]): void {
  for (const { start, deleted, inserted } of splices) {
    if (deleted > 0) text.delete(start, deleted)
    if (inserted !== '') text.insert(start, inserted)
  }
}

const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 12 })

test('a splice moved over remote changes gives what Yjs gives for two who write at once', () => {
  fc.assert(
    fc.property(texts, texts, fc.array(texts, { maxLength: 3 }), (base, mine, theirs) => {
      const here = new Doc()
      const there = new Doc()
      here.clientID = 2 // the later one: what it puts in at the same place comes behind, as the caret rule has it
      there.clientID = 1
      here.getText('f').insert(0, base)
      applyUpdate(there, encodeStateAsUpdate(here))
      const witness = new Doc()
      applyUpdate(witness, encodeStateAsUpdate(here))

      const splice = diff(base, mine)
      const seen: Delta[] = []
      witness.getText('f').observe((event) => seen.push(event.delta))
      for (const next of theirs) {
        const step = diff(there.getText('f').toString(), next)
        if (step !== undefined) there.transact(() => put(there.getText('f'), [step]))
        applyUpdate(witness, encodeStateAsUpdate(there))
      }
      const moved = splice === undefined ? [] : rebase(splice, seen)
      put(witness.getText('f'), moved)

      // Nothing that others put in is lost, nothing that was put in here is, and nothing deleted here is left.
      const result = witness.getText('f').toString()
      const last = theirs.at(-1) ?? base
      if (splice === undefined) assert.equal(result, last)
      else {
        assert.ok(result.includes(splice.inserted))
        const removed = moved.reduce((sum, one) => sum + one.deleted, 0)
        assert.equal(result.length, last.length - removed + splice.inserted.length)
        assert.ok(removed <= splice.deleted)
      }
    }),
  )
})

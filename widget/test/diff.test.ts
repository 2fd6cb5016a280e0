import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { apply, diff } from '../src/binding/diff.ts'

const texts = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '👍', '🏽', 'é'), maxLength: 24 })

test('a diff makes the one text of the other', () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(24), (before, after, caret) => {
      const splice = diff(before, after, caret)
      if (before === after) assert.equal(splice, undefined)
      else assert.equal(splice && apply(before, splice), after)
    }),
  )
})

test('a diff never splits a surrogate pair', () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(24), (before, after, caret) => {
      const splice = diff(before, after, caret)
      if (splice === undefined) return
      const parts = [before.slice(0, splice.start), splice.inserted, before.slice(splice.start + splice.deleted)]
      for (const part of parts) assert.doesNotThrow(() => encodeURIComponent(part))
    }),
  )
})

test('an insertion at a caret costs no more than what was inserted', () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(24), (before, inserted, at) => {
      const units = [...before]
      const start = units.slice(0, at).join('').length
      const after = before.slice(0, start) + inserted + before.slice(start)
      const splice = diff(before, after, start + inserted.length)
      if (inserted === '') return
      assert.equal(splice?.deleted, 0)
      assert.equal(splice?.inserted.length, inserted.length)
    }),
  )
})

const cases: [string, string, string, number | undefined, ReturnType<typeof diff>][] = [
  ['the same', 'abc', 'abc', 3, undefined],
  ['a letter in a row of the same, at the caret', 'aaa', 'aaaa', 2, { start: 1, deleted: 0, inserted: 'a' }],
  ['a letter taken out of such a row', 'aaa', 'aa', 1, { start: 1, deleted: 1, inserted: '' }],
  ['without a caret the smallest', 'one two', 'one 2 two', undefined, { start: 3, deleted: 0, inserted: ' 2' }],
  ['a caret elsewhere does not make it larger', 'one two', 'one 2 two', 9, { start: 3, deleted: 0, inserted: ' 2' }],
  ['everything replaced', 'abc', 'xyz', 3, { start: 0, deleted: 3, inserted: 'xyz' }],
  ['one emoji for another with the same first half', '👍', '👎', 2, { start: 0, deleted: 2, inserted: '👎' }],
]
for (const [name, before, after, caret, want] of cases) {
  test(`diff: ${name}`, () => assert.deepEqual(diff(before, after, caret), want))
}

import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { en } from '../src/ui/messages.en.ts'
import { MISSING } from '../src/ui/part.ts'
import { it } from '../src/ui/rare/messages.it.ts'
import { en as rareEn } from '../src/ui/rare/words.en.ts'
import { it as rareIt } from '../src/ui/rare/words.it.ts'

/** Words that are the same in both languages. */
const COMMON = new Set(['corsia', 'server', 'no'])
/** Words that give English away. */
const ENGLISH = /\b(the|you|your|is|are|was|not|of|and|to|for|this|field|lock|text|saved|here|now|page|record|with|from)\b/i

type Words = Readonly<Record<string, unknown>>
const pairs: [string, Words, Words][] = [
  ['often needed', en, it],
  ['rarely needed', rareEn, rareIt],
  ['codes', rareEn.codes, rareIt.codes],
  ['the missing part', { missing: MISSING[0] }, { missing: MISSING[1] }],
]

/** Says a word or phrase, with values that no language has. */
function said(words: unknown, value: string | number = 'Q1'): string {
  return typeof words === 'function' ? String((words as (...values: unknown[]) => string)(value, value)) : String(words)
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}{4,}/gu) ?? []
}

for (const [name, english, italian] of pairs) {
  test(`G8 both languages have the same words: ${name}`, () => {
    assert.deepEqual(Object.keys(italian).sort(), Object.keys(english).sort())
    for (const [key, words] of Object.entries(english)) assert.equal(typeof italian[key], typeof words, key)
  })

  test(`G8 no English is left in Italian: ${name}`, () => {
    for (const [key, words] of Object.entries(italian)) {
      if (key === 'tag' || typeof words === 'object') continue
      const [a, b] = [said(english[key]), said(words)]
      assert.doesNotMatch(b, ENGLISH, key)
      const left = wordsOf(b).filter((word) => wordsOf(a).includes(word) && !COMMON.has(word))
      assert.deepEqual(left, [], `${key}: ${b}`)
      assert.notEqual(b.trim(), '', key)
    }
  })

  test(`G8 what is put into a phrase is said in both languages: ${name}`, () => {
    for (const [key, words] of Object.entries(english)) {
      if (typeof words !== 'function') continue
      for (const value of [1, 2, 'Anna']) {
        for (const one of [words, italian[key]]) assert.ok(said(one, value).includes(String(value)), `${key} ${value}`)
      }
    }
  })
}

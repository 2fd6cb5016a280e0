import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { TextBinding } from '../src/binding/text.ts'
import type { TextControl } from '../src/binding/control.ts'
import type { Selection } from '../src/binding/caret.ts'
import { LocalEdit, RemoteEdit } from '../src/edit.ts'
import { trusted } from './dom.ts'

/** A text on a page without the page. */
class Pad implements TextControl {
  readonly element = document.createElement('textarea')
  value = ''
  caret: Selection = { start: 0, end: 0 }
  read = (): string => this.value
  shape = (text: string): string => text
  selection = (): Selection => this.caret
  setReadOnly = (): void => undefined

  write(text: string, selection: Selection | undefined): void {
    this.value = text
    this.caret = selection ?? this.caret
    assert.ok(this.caret.start >= 0 && this.caret.end <= text.length, 'the caret is in the text')
  }

  /** Puts text in the place of other text, as a keyboard does. */
  splice(at: number, deleted: number, inserted: string): string {
    const gone = this.value.slice(at, at + deleted)
    this.tell('beforeinput')
    this.value = this.value.slice(0, at) + inserted + this.value.slice(at + deleted)
    this.caret = { start: at + inserted.length, end: at + inserted.length }
    this.tell('input')
    return gone
  }

  tell(type: string, fields: object = {}): void {
    this.element.dispatchEvent(trusted(Object.assign(new Event(type), fields)))
  }
}

/** Two people and one text. Every character that anybody puts in is another one, so that each can be accounted for. */
class Pair {
  pad = new Pad()
  here = new Doc()
  there = new Doc()
  mine = new Set<string>()
  /** Characters that somebody has deleted. */
  deleted = new Set<string>()
  binding: TextBinding
  /** Where the word stands that is composed, and its length. */
  word: { at: number; length: number } | undefined
  #next = 0x4e00
  #started: string

  constructor(length: number) {
    this.there.clientID = 1
    this.here.clientID = 2
    this.#started = this.fresh(length)
    this.there.getText('f').insert(0, this.#started)
    this.sync()
    const edit = (field: string, by: object | undefined, change: (doc: Doc) => void): boolean => {
      this.here.transact(() => change(this.here), new LocalEdit(field, by))
      return true
    }
    this.binding = new TextBinding(this.pad, 'f', { edit })
    this.pad.value = this.#started
    this.binding.attach(this.here, this.#started)
  }

  get base(): string {
    return this.#started
  }

  fresh(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.#next++)).join('')
  }

  local(at: number, deleted: number, length: number): void {
    const inserted = this.fresh(length)
    for (const one of inserted) this.mine.add(one)
    const start = this.word?.at ?? at % (this.pad.value.length + 1)
    for (const one of this.pad.splice(start, this.word?.length ?? deleted, inserted)) this.deleted.add(one)
    if (this.word !== undefined) this.word.length = length
  }

  compose(at: number): void {
    this.word ??= { at: at % (this.pad.value.length + 1), length: 0 }
    this.pad.tell('compositionstart')
  }

  composed(): void {
    this.word = undefined
    this.pad.tell('compositionend')
  }

  remote(at: number, deleted: number, length: number): void {
    const text = this.there.getText('f')
    const before = text.toString()
    const start = at % (before.length + 1)
    this.there.transact(() => {
      const gone = before.slice(start, start + deleted)
      for (const one of gone) this.deleted.add(one)
      if (gone !== '') text.delete(start, gone.length)
      text.insert(start, this.fresh(length))
    })
  }

  sync(): void {
    const theirs = encodeStateAsUpdate(this.there, encodeStateVector(this.here))
    applyUpdate(this.there, encodeStateAsUpdate(this.here, encodeStateVector(this.there)))
    applyUpdate(this.here, theirs, new RemoteEdit('u', 's', 1))
  }

  /** Puts another document in the place of the first, as after a refusal (D2c). */
  replace(): void {
    this.sync()
    const next = new Doc()
    next.clientID = this.here.clientID + 1
    applyUpdate(next, encodeStateAsUpdate(this.there))
    this.here = next
    this.binding.attach(next, '')
  }

  check(undone: boolean): void {
    this.composed()
    this.sync()
    this.sync()
    const text = this.there.getText('f').toString()
    assert.equal(this.here.getText('f').toString(), text, 'both documents')
    assert.equal(this.pad.value, text, 'the page')
    assert.equal(new Set(text).size, text.length, 'nothing is doubled')
    for (let code = 0x4e00; code < this.#next; code++) {
      const one = String.fromCharCode(code)
      if (this.deleted.has(one) || (undone && this.mine.has(one))) continue
      assert.ok(text.includes(one), `${one} is lost`)
    }
    if (!undone) for (const one of this.deleted) assert.ok(!text.includes(one), `${one} is back`)
    this.binding.detach()
  }
}

const place = fc.nat(40)
const few = fc.nat(4)
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ what: fc.constant('local' as const), place, deleted: few, length: few }) },
    { weight: 5, arbitrary: fc.record({ what: fc.constant('remote' as const), place, deleted: few, length: few }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constantFrom<'sync' | 'compose' | 'composed' | 'replace'>('sync', 'compose', 'composed', 'replace'), at: place }) },
  ),
  { maxLength: 30 },
)

test('G4 whatever two people do, composing or not, nothing is lost or doubled and all come to the same', () => {
  fc.assert(
    fc.property(fc.nat(12), steps, (length, all) => {
      const pair = new Pair(length)
      for (const step of all) {
        if ('place' in step) pair[step.what](step.place, step.deleted, step.length)
        else pair[step.what](step.at)
      }
      pair.check(false)
    }),
    { numRuns: 400 },
  )
})

const undoing = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constant('local' as const), place, deleted: few, length: few }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant('remote' as const), place, deleted: few, length: few }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('sync', 'undo', 'redo' as const) }) },
  ),
  { maxLength: 30 },
)

test('G4 undoing and redoing never takes what somebody else wrote, and undoing all leaves nothing of one\'s own', () => {
  fc.assert(
    fc.property(fc.nat(12), undoing, (length, all) => {
      const pair = new Pair(length)
      const key = (name: string): void => pair.pad.tell('keydown', { key: name, ctrlKey: true, metaKey: false, altKey: false, shiftKey: false })
      let byRemote = new Set<string>()
      for (const step of all) {
        if ('place' in step) {
          const before = new Set(pair.deleted)
          pair[step.what](step.place, step.deleted, step.length)
          if (step.what === 'remote') byRemote = new Set([...byRemote, ...[...pair.deleted].filter((one) => !before.has(one))])
        } else if (step.what === 'sync') pair.sync()
        else key(step.what === 'undo' ? 'z' : 'y')
      }
      pair.sync()
      for (let number = 0; number < 60; number++) key('z')
      const text = pair.pad.value
      for (const one of pair.mine) assert.ok(!text.includes(one), `${one} was not undone`)
      for (const one of pair.base) if (!byRemote.has(one) && !pair.deleted.has(one)) assert.ok(text.includes(one))
      pair.check(true)
    }),
    { numRuns: 400 },
  )
})

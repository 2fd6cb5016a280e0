import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fc from 'fast-check'
import * as Y from 'yjs'
import { trimYjs } from '../trim.mjs'

const here = dirname(fileURLToPath(import.meta.url))
let folder = ''
let trimmed: typeof Y

before(async () => {
  const source = join(dirname(createRequire(import.meta.url).resolve('yjs/package.json')), 'dist/yjs.mjs')
  folder = await mkdtemp(join(here, '.trim-'))
  await writeFile(join(folder, 'yjs.mjs'), trimYjs(await readFile(source, 'utf8')))
  trimmed = (await import(pathToFileURL(join(folder, 'yjs.mjs')).href)) as typeof Y
})
after(() => rm(folder, { recursive: true, force: true }))

test('a library that has changed stops the build', () => {
  assert.throws(() => trimYjs('class Doc {\n}\n'), /see trim\.mjs/)
})

test('D1 the trimmed engine and the whole one read each other, in any order', () => {
  const edits = fc.array(fc.record({ at: fc.nat(30), remove: fc.nat(4), text: fc.string({ maxLength: 4, unit: fc.constantFrom('a', 'b', '👍') }), key: fc.constantFrom('x', 'y') }), { maxLength: 25 })
  fc.assert(
    fc.property(edits, edits, fc.nat(), (mine, theirs, seed) => {
      const small = new trimmed.Doc()
      const whole = new Y.Doc()
      const updates: [Uint8Array[], Uint8Array[]] = [[], []]
      small.on('update', (update: Uint8Array) => updates[0].push(update))
      whole.on('update', (update: Uint8Array) => updates[1].push(update))
      for (const [doc, list] of [[small, mine], [whole, theirs]] as const) {
        for (const { at, remove, text, key } of list) {
          const field = doc.getText('f')
          const start = Math.min(at, field.length)
          doc.transact(() => {
            field.delete(start, Math.min(remove, field.length - start))
            field.insert(start, text)
            doc.getMap('values').set(key, text)
          })
        }
      }
      const turn = (list: Uint8Array[]): Uint8Array[] => (seed % 2 === 0 ? [...list].reverse() : [trimmed.mergeUpdates(list)])
      const [ours, others] = [[...updates[0]], [...updates[1]]]
      for (const update of others.length === 0 ? [] : turn(others)) trimmed.applyUpdate(small, update)
      for (const update of ours.length === 0 ? [] : turn(ours)) Y.applyUpdate(whole, update)
      assert.equal(small.getText('f').toString(), whole.getText('f').toString())
      assert.deepEqual(small.getMap('values').get('x'), whole.getMap('values').get('x'))
      assert.deepEqual(trimmed.encodeStateVector(small).length, Y.encodeStateVector(whole).length)
    }),
    { numRuns: 60 },
  )
})

test('what other editors keep in the document is carried through unchanged', () => {
  const rich = new Y.Doc()
  const element = new Y.XmlElement('p')
  rich.getXmlFragment('xml').insert(0, [element, new Y.XmlText('words')])
  element.insert(0, [new Y.XmlText('inner')])
  element.setAttribute('class', 'x')
  rich.getText('f').insert(0, 'bold', { bold: true })
  rich.getText('f').insertEmbed(1, { image: 'x.png' })
  rich.getMap('m').set('hook', new Y.XmlHook('h'))
  rich.getMap('m').set('list', Y.Array.from([1, { a: null }, new Uint8Array([1])]))
  rich.getMap('d').set('document', new Y.Doc({ guid: 'inner', meta: { kind: 'x' } }))
  const small = new trimmed.Doc()
  trimmed.applyUpdate(small, Y.encodeStateAsUpdate(rich))
  const again = new Y.Doc()
  Y.applyUpdate(again, trimmed.encodeStateAsUpdate(small))
  assert.equal(again.getXmlFragment('xml').toString(), rich.getXmlFragment('xml').toString())
  assert.deepEqual(again.getText('f').toDelta(), rich.getText('f').toDelta())
  assert.deepEqual(again.getMap('m').toJSON(), rich.getMap('m').toJSON())
  assert.deepEqual(Y.encodeStateAsUpdate(again), Y.encodeStateAsUpdate(rich))
})

test('what a text tells of its changes is the same as of the whole engine, and telling it writes nothing', () => {
  const edits = fc.array(fc.record({ at: fc.nat(30), remove: fc.nat(4), text: fc.string({ maxLength: 4, unit: fc.constantFrom('a', 'b', '👍') }), bold: fc.boolean() }), { maxLength: 20 })
  fc.assert(
    fc.property(edits, fc.boolean(), (all, rich) => {
      const whole = new Y.Doc()
      const small = new trimmed.Doc()
      const told: unknown[][] = [[], []]
      const plain = (delta: readonly Record<string, unknown>[]): unknown[] => delta.map(({ attributes: _, ...op }) => op)
      let wrote = 0
      whole.getText('f').observe(({ delta }) => told[0]?.push(...plain(delta)))
      small.getText('f').observe(({ delta }) => told[1]?.push(...plain(delta)))
      small.on('update', (_update: Uint8Array, origin: unknown) => (wrote += origin === 'remote' ? 0 : 1))
      const source = new Y.Doc()
      source.on('update', (update: Uint8Array) => {
        Y.applyUpdate(whole, update)
        trimmed.applyUpdate(small, update, 'remote')
      })
      for (const { at, remove, text, bold } of all) {
        const field = source.getText('f')
        const start = Math.min(at, field.length)
        source.transact(() => {
          field.delete(start, Math.min(remove, field.length - start))
          field.insert(start, text, rich && bold ? { bold: true } : undefined)
        })
      }
      assert.equal(small.getText('f').toString(), source.getText('f').toString())
      assert.equal(small.getText('f').length, source.getText('f').length)
      if (!rich) assert.deepEqual(told[1], told[0])
      assert.equal(wrote, 0)
    }),
    { numRuns: 100 },
  )
})

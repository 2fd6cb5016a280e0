// node --expose-gc bench.mjs FOLDER : times yjs; prints the figures as JSON, milliseconds unless named otherwise
import fs from 'node:fs'
import * as Y from 'yjs'

const read = name => new Uint8Array(fs.readFileSync(process.argv[2] + '/' + name))
const packed = Buffer.from(read('updates'))
const updates = []
for (let at = 0; at < packed.length;) {
  const length = packed.readUInt32LE(at)
  updates.push(new Uint8Array(packed.subarray(at + 4, at + 4 + length)))
  at += 4 + length
}
const [state, recent, form, key] = ['state', 'recent', 'form', 'key'].map(read)
const text = fs.readFileSync(process.argv[2] + '/text', 'utf8')

const timed = f => { const start = performance.now(); f(); return performance.now() - start }
const median = times => times.sort((a, b) => a - b)[times.length >> 1]
const repeated = (n, f) => median(Array.from({ length: n }, () => timed(f)))
const load = update => { const doc = new Y.Doc(); Y.applyUpdate(doc, update); return doc }
const heap = () => { global.gc(); global.gc(); const m = process.memoryUsage(); return m.heapUsed + m.external + m.arrayBuffers }

const figures = {}
const doc = new Y.Doc()
figures.single = timed(() => updates.forEach(update => Y.applyUpdate(doc, update)))
if (doc.getText('text').toString() !== text) throw new Error('text differs')
figures.load = repeated(15, () => load(state))
figures.encode = repeated(15, () => Y.encodeStateAsUpdate(doc))
figures.diff = repeated(25, () => Y.encodeStateAsUpdate(doc, recent))
figures.merge = repeated(5, () => Y.mergeUpdates(updates.slice(0, 1000)))
let before = heap()
const forms = Array.from({ length: 1000 }, () => load(form))
figures.formBytes = (heap() - before) / forms.length
figures.keyMicroseconds = 1000 * median(forms.map(doc => timed(() => Y.applyUpdate(doc, key))))
before = heap()
const kept = load(state)
figures.docBytes = heap() - before
if (kept.getText('text').length !== text.length) throw new Error('text differs')
console.log(JSON.stringify(figures))

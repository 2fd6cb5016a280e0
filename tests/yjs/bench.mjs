// node --expose-gc bench.mjs FOLDER : times yjs; prints the figures as JSON, milliseconds of processor time unless
// named otherwise, which is what the engine costs however busy the machine is
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

const processorTime = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
const timed = f => { const start = processorTime(); f(); return processorTime() - start }
const repeated = (n, f) => { f(); return timed(() => { for (let i = 0; i < n; i++) f() }) / n }
const elapsed = f => { const start = performance.now(); f(); return performance.now() - start }
const median = times => times.sort((a, b) => a - b)[times.length >> 1]
const load = update => { const doc = new Y.Doc(); Y.applyUpdate(doc, update); return doc }
const heap = () => { global.gc(); global.gc(); const m = process.memoryUsage(); return m.heapUsed + m.external + m.arrayBuffers }

const figures = {}
const doc = new Y.Doc()
figures.single = timed(() => updates.forEach(update => Y.applyUpdate(doc, update)))
if (doc.getText('text').toString() !== text) throw new Error('text differs')
figures.load = repeated(50, () => load(state))
figures.encode = repeated(50, () => Y.encodeStateAsUpdate(doc))
figures.diff = repeated(200, () => Y.encodeStateAsUpdate(doc, recent))
figures.merge = repeated(5, () => Y.mergeUpdates(updates.slice(0, 1000)))
let before = heap()
const forms = Array.from({ length: 1000 }, () => load(form))
figures.formBytes = (heap() - before) / forms.length
figures.keyMicroseconds = 1000 * median(forms.map(doc => elapsed(() => Y.applyUpdate(doc, key))))
before = heap()
const kept = load(state)
figures.docBytes = heap() - before
if (kept.getText('text').length !== text.length) throw new Error('text differs')
console.log(JSON.stringify(figures))

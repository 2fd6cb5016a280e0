// Reads states with npm yjs: one in base64 a line comes in, its content goes out. What a field holds is told in full, with
// the order of its parts, and everything that a state lacks is an error.
import { createInterface } from 'node:readline'
import * as Y from 'yjs'

const { texts, map } = JSON.parse(process.argv[2])
console.log = console.error // yjs likes to say things on standard output, which is for Go

for await (const line of createInterface({ input: process.stdin })) {
  const answer = { content: '', error: '' }
  try {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, Buffer.from(JSON.parse(line), 'base64'))
    if (doc.store.pendingStructs || doc.store.pendingDs) throw new Error('the state is incomplete')
    const values = Object.entries(doc.getMap(map).toJSON()).sort(([a], [b]) => (a < b ? -1 : 1))
    const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b)
    answer.content = JSON.stringify([texts.map(name => doc.getText(name).toDelta()), values, clocks])
  } catch (e) {
    answer.error = String(e.stack ?? e)
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}

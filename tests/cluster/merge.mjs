// Merges updates by npm yjs: a line {field, updates: [base64, …]} is answered by {text}.
import { createInterface } from 'node:readline'
import process from 'node:process'
import * as Y from 'yjs'

for await (const line of createInterface({ input: process.stdin })) {
  const { field, updates } = JSON.parse(line)
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'base64'))
  process.stdout.write(JSON.stringify({ text: doc.getText(field).toString() }) + '\n')
}

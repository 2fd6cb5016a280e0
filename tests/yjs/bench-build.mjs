// node bench-build.mjs FOLDER : makes with yjs, from FOLDER/edits.json, what both engines are timed on
import fs from 'node:fs'
import * as Y from 'yjs'

const folder = process.argv[2] + '/'
const edits = JSON.parse(fs.readFileSync(folder + 'edits.json', 'utf8'))

const doc = new Y.Doc()
doc.clientID = 1234567890
const text = doc.getText('text')
const updates = []
doc.on('update', update => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(update.length)
  updates.push(length, update)
})
edits.forEach(({ Position, Deleted, Inserted }, i) => {
  if (i === edits.length - 100) fs.writeFileSync(folder + 'recent', Y.encodeStateVector(doc))
  doc.transact(() => {
    if (Deleted > 0) text.delete(Position, Deleted)
    if (Inserted !== '') text.insert(Position, Inserted)
  })
})
fs.writeFileSync(folder + 'updates', Buffer.concat(updates))
fs.writeFileSync(folder + 'state', Y.encodeStateAsUpdate(doc))
fs.writeFileSync(folder + 'text', text.toString())

// A form: 20 fields of 100 characters, and one keystroke of somebody else.
const form = new Y.Doc()
form.clientID = 77001
for (let field = 0; field < 20; field++) {
  for (let i = 0; i < 5; i++) form.getText('field' + field).insert(i * 20, 'abcdefghij0123456789')
}
const state = Y.encodeStateAsUpdate(form)
const other = new Y.Doc()
other.clientID = 99
Y.applyUpdate(other, state)
other.on('update', update => fs.writeFileSync(folder + 'key', update))
other.getText('field7').insert(100, 'z')
fs.writeFileSync(folder + 'form', state)

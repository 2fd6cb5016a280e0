// A page whose gateway goes away and comes back: the client's own reconnection, and the return to its documents (F5, C11).
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { io } from 'socket.io-client'
import { tokenFor } from './lib/client.mjs'
import { marker, until, url } from './lib/suite.mjs'

const room = 'page:/reconnect'
const socket = io(url, { path: '/ws/', auth: { token: tokenFor('usr_page') }, reconnectionDelay: 50, reconnectionDelayMax: 200 })
const doc = new Y.Doc()
const seen = { connected: 0, draining: 0, reasons: [] }
const unsaved = new Set()

socket.on('CONNECTED', async me => {
  seen.connected++
  Object.assign(socket.auth, { sessionId: me.sessionId, resumeKey: me.resumeKey })
  const state = await socket.emitWithAck('JOIN_RESOURCE', { resourceId: room, mode: 'editor', stateVector: Y.encodeStateVector(doc) })
  Y.applyUpdate(doc, new Uint8Array(state.state), 'server')
  doc.clientID = state.clientId
  for (const update of unsaved) send(update)
})
socket.on('SERVER_DRAINING', () => { seen.draining++ })
socket.on('disconnect', reason => seen.reasons.push(reason))
socket.on('Y_UPDATE', m => Y.applyUpdate(doc, new Uint8Array(m.update), 'server'))
doc.on('update', (update, origin) => {
  if (origin === 'server') return
  unsaved.add(update)
  send(update)
})

function send(update) {
  if (!socket.connected) return // and so not in socket.io-client's own buffer
  socket.emit('Y_UPDATE', { resourceId: room, update }, answer => {
    assert.equal(answer.ok, true, JSON.stringify(answer))
    unsaved.delete(update)
  })
}

const commands = {
  async type({ text }) { doc.getText('notes').insert(doc.getText('notes').length, text + marker) },
  async saved({ connected }) {
    await until('connection', () => seen.connected >= connected)
    await until('end of saving', () => unsaved.size === 0)
  },
  async gone() { await until('the loss', () => !socket.connected) },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let error = ''
  try {
    await commands[command.do](command)
  } catch (e) {
    error = String(e.stack ?? e)
  }
  process.stdout.write(JSON.stringify({ error, text: doc.getText('notes').toString(), ...seen }) + '\n')
}
process.exit(0)

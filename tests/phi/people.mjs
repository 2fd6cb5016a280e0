// A person with unmodified npm clients, socket.io-client and yjs, who does what Go says and keeps all that comes in: a line
// {do, …} is answered by {…} or {error}.
import { createInterface } from 'node:readline'
import process from 'node:process'
import { io } from 'socket.io-client'
import * as Y from 'yjs'

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)
console.log = console.error // standard output is for Go

const people = new Map()
/** What came in, with its bytes in base64. */
const plain = (value) => JSON.stringify(value, (_, part) => part?.type === 'Buffer' ? Buffer.from(part.data).toString('base64') : part)

const deeds = {
  /** Connects: `auth`, `query` and `headers` are the socket's. */
  come: ({ who, url, auth, query, headers, transports }) => new Promise((resolve, reject) => {
    const socket = io(url, { path: '/ws/', forceNew: true, reconnection: false, auth, query, extraHeaders: headers, transports })
    const person = { socket, heard: [], doc: new Y.Doc() }
    people.set(who, person)
    socket.onAny((name, ...values) => person.heard.push(plain([name, ...values])))
    socket.on('CONNECTED', (me) => resolve({ session: me.sessionId }))
    socket.on('connect_error', (error) => reject(new Error(plain([error.message, error.data]))))
    socket.on('Y_UPDATE', ({ update }) => Y.applyUpdate(person.doc, new Uint8Array(update), 'server'))
  }),
  /** Sends any event and returns its acknowledgement as it came. */
  async emit({ who, name, fields }) {
    return { answer: plain(await people.get(who).socket.timeout(20_000).emitWithAck(name, fields)) }
  },
  async join({ who, resource, type, mode = 'editor' }) {
    const person = people.get(who)
    const state = await person.socket.timeout(20_000).emitWithAck('JOIN_RESOURCE', { resourceId: resource, resourceType: type, mode })
    if (!state.ok) throw new Error(plain(state))
    Y.applyUpdate(person.doc, new Uint8Array(state.state), 'server')
    if (state.clientId) person.doc.clientID = state.clientId
    return {}
  },
  /** Types into a field, one update a piece; deletes the text again when told to. */
  async type({ who, resource, field, pieces, remove = false }) {
    const { socket, doc } = people.get(who)
    const send = async (edit) => {
      const before = Y.encodeStateVector(doc)
      edit(doc.getText(field))
      const answer = await socket.timeout(20_000).emitWithAck('Y_UPDATE', { resourceId: resource, update: Y.encodeStateAsUpdate(doc, before) })
      if (!answer.ok) throw new Error(plain(answer))
    }
    for (const piece of pieces) await send((text) => text.insert(text.length, piece))
    if (remove) await send((text) => text.delete(0, text.length))
    return {}
  },
  async heard({ who }) { return { heard: people.get(who).heard.join('\n') } },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  try {
    say(await deeds[command.do](command))
  } catch (error) {
    say({ error: String(error?.message ?? error) })
  }
}

// Owns the people of the crash test: writers, who keep their documents when the gateway dies and send again what was not
// acknowledged, and watchers, who note everything they are shown.
import { io } from 'socket.io-client'
import * as Y from 'yjs'
import { fields, tokensOf } from './ledger.mjs'
import { pause } from './suite.mjs'

const maxUnacked = 40 // edits under way at a time

/** Connects anew until it works or is not wanted any more. */
async function reach(url, token, wanted, phase = () => {}) {
  for (let tries = 1; wanted(); tries++) {
    phase(`connecting for the ${tries}. time`)
    // A transport that dies before its first packet is noticed by this time-out alone.
    const socket = io(url, { path: '/ws/', transports: ['websocket'], forceNew: true, reconnection: false, timeout: 2000, auth: { token } })
    const there = await new Promise(done => {
      socket.once('CONNECTED', () => done(true))
      socket.once('connect', () => phase('connected'))
      for (const event of ['connect_error', 'disconnect']) socket.once(event, () => done(false))
    })
    if (there) return socket
    phase('refused')
    socket.close()
    await pause(20)
  }
}

const gone = socket => new Promise(done => (socket.connected ? socket.once('disconnect', done) : done()))

/** One clinician in one room. */
export class Writer {
  doc = new Y.Doc()
  unacked = [] // {update, token, deletes}, in the order of making
  trouble = []
  typing = true
  #mine = [] // own tokens that are in a text and acknowledged
  #count = 0

  constructor({ url, token, room, name, ledger, random, resend }) {
    Object.assign(this, { url, token, room, name, ledger, random, resend })
    this.doc.on('update', (update, origin) => {
      if (origin !== 'server') this.unacked.push({ update, ...origin })
    })
    ledger.watch(this.doc) // what another writer wrote is shown here too
  }

  /** Stays connected and types until it is told to stop. Resolves when its socket is gone. */
  async live(wanted) {
    const socket = await reach(this.url, this.token, wanted, phase => { this.phase = phase })
    if (!socket) return
    const left = gone(socket)
    this.phase = 'joining'
    socket.on('Y_UPDATE', m => Y.applyUpdate(this.doc, new Uint8Array(m.update), 'server'))
    const state = await this.#join(socket, left)
    if (state) {
      this.phase = 'typing'
      this.#sendAgain(socket, new Uint8Array(state.stateVector))
      while (socket.connected) {
        if (this.typing && this.unacked.length < maxUnacked) this.#send(socket, this.edit())
        await pause(this.random() * 25)
      }
    }
    this.phase = 'leaving'
    await left
    this.phase = ''
  }

  /** Types while nobody is there to hear it. */
  offline() { for (let i = this.random() * 3; i > 1; i--) this.edit() }

  async #join(socket, left) {
    const state = await Promise.race([left, new Promise(done => {
      socket.emit('JOIN_RESOURCE', { resourceId: this.room, mode: 'editor', stateVector: Y.encodeStateVector(this.doc) }, done)
    })])
    if (!state?.ok) {
      if (state?.error) this.trouble.push(`${this.name}: join: ${JSON.stringify(state.error)}`)
      return undefined
    }
    Y.applyUpdate(this.doc, new Uint8Array(state.state), 'server')
    this.doc.clientID = state.clientId
    return state
  }

  /** After a loss: either each update that was not acknowledged, or all that the server lacks at once. */
  #sendAgain(socket, known) {
    if (this.unacked.length === 0) return
    if (this.resend === 'each') {
      for (const edit of [...this.unacked]) this.#send(socket, edit)
      return
    }
    const edits = [...this.unacked]
    this.#emit(socket, Y.encodeStateAsUpdate(this.doc, known), edits)
  }

  #send(socket, edit) { if (edit) this.#emit(socket, edit.update, [edit]) }

  #emit(socket, update, edits) {
    socket.emit('Y_UPDATE', { resourceId: this.room, update }, answer => {
      if (!answer.ok) {
        this.trouble.push(`${this.name}: ${JSON.stringify({ ...answer.error, stateVector: undefined })}`)
        return
      }
      for (const edit of edits) this.#acked(edit)
    })
  }

  #acked(edit) {
    const at = this.unacked.indexOf(edit)
    if (at < 0) return // acknowledged before, on the connection that died
    this.unacked.splice(at, 1)
    this.ledger.acked(edit)
    if (!edit.deletes && edit.field) this.#mine.push(edit)
  }

  /** Makes one edit: mostly an insertion at a boundary, sometimes an entry of the map, sometimes a deletion. */
  edit() {
    const what = this.random()
    if (what < 0.1 && this.#mine.length > 0) return this.#erase()
    const token = `<${this.name}.${this.#count++}>`
    const origin = { token, field: what < 0.2 ? '' : fields[Math.floor(this.random() * fields.length)] }
    this.ledger.made(token, this.room)
    this.doc.transact(() => {
      if (!origin.field) {
        this.doc.getMap('values').set(token, true)
        return
      }
      const text = this.doc.getText(origin.field)
      text.insert(this.#boundary(text.toString()), token)
    }, origin)
    return this.unacked.at(-1)
  }

  /** A place between two tokens: half of the time the end, as people type. */
  #boundary(text) {
    const next = this.random() < 0.5 ? -1 : text.indexOf('<', Math.floor(this.random() * text.length))
    return next < 0 ? text.length : next
  }

  #erase() {
    const [{ token, field }] = this.#mine.splice(Math.floor(this.random() * this.#mine.length), 1)
    const text = this.doc.getText(field)
    const at = text.toString().indexOf(token)
    if (at < 0) {
      this.trouble.push(`${this.name}: its own acknowledged ${token} is not in its document: ${tokensOf(text.toString()).length} others are`)
      return undefined
    }
    this.ledger.deleting(token)
    this.doc.transact(() => text.delete(at, token.length), { token, deletes: true })
    return this.unacked.at(-1)
  }
}

/** Somebody who looks on, with an empty document after each connection. */
export class Watcher {
  constructor({ url, token, room, ledger }) { Object.assign(this, { url, token, room, ledger }) }

  async live(wanted) {
    const socket = await reach(this.url, this.token, wanted, phase => { this.phase = phase })
    if (!socket) return
    const left = gone(socket)
    this.phase = 'looking on'
    const doc = new Y.Doc()
    this.ledger.watch(doc)
    const show = update => Y.applyUpdate(doc, new Uint8Array(update))
    socket.on('Y_UPDATE', m => show(m.update))
    socket.on('RESOURCE_STATE', m => show(m.state))
    socket.emit('JOIN_RESOURCE', { resourceId: this.room, mode: 'viewer' })
    await left
    this.phase = ''
  }
}

/** Loads a room's document as somebody does who comes for the first time. */
export async function load(url, token, room) {
  const socket = await reach(url, token, () => true)
  const state = await socket.timeout(10_000).emitWithAck('JOIN_RESOURCE', { resourceId: room, mode: 'viewer' })
  socket.close()
  if (!state.ok) throw new Error(`load ${room}: ${JSON.stringify(state)}`)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, new Uint8Array(state.state))
  return { doc, revision: state.revision }
}

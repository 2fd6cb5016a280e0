// Owns a client as a hospital's page has it: the unmodified npm packages socket.io-client and yjs, and no more of the
// protocol than they need.
import { io } from 'socket.io-client'
import * as Y from 'yjs'
import { afterwards, key, marker, until, url } from './suite.mjs'
import { makeToken } from './token.mjs'

/** A token of a user. Its name carries the marker, as no log may show names. */
export function tokenFor(user, claims = {}) {
  return makeToken(key, { userId: user, name: `Dr ${marker} ${user}`, role: 'nurse', ...claims })
}

/** Opens a socket without waiting for anything. */
export function open(options = {}) {
  const socket = io(url, { path: '/ws/', transports: ['websocket'], forceNew: true, reconnection: false, ...options })
  afterwards(() => socket.close())
  return socket
}

/** Connects a user and waits for CONNECTED. */
export async function connect(user, { claims, token, ...options } = {}) {
  const client = new Client(open({ auth: { token: token ?? tokenFor(user, claims) }, ...options }))
  client.user = user
  client.me = await client.next('CONNECTED')
  return client
}

/** One session: it keeps every event until a test asks for it. */
export class Client {
  events = []
  ended = ''

  constructor(socket) {
    this.socket = socket
    socket.onAny((name, fields) => this.events.push({ name, fields }))
    socket.on('disconnect', reason => { this.ended = reason })
    socket.on('connect_error', error => { this.error = error })
  }

  /** Sends an event and returns its acknowledgement. */
  call(name, fields) { return this.socket.timeout(10_000).emitWithAck(name, fields) }

  /** call for what must succeed. */
  async ok(name, fields) {
    const answer = await this.call(name, fields)
    if (answer.ok !== true) throw new Error(`${name}: ${JSON.stringify(answer)}`)
    return answer
  }

  /** call for what must be refused: returns the error. */
  async refusal(name, fields) {
    const answer = await this.call(name, fields)
    if (answer.ok !== false || !answer.error) throw new Error(`${name} was not refused: ${JSON.stringify(answer)}`)
    return answer.error
  }

  /** The next event of a name, taken out of those that wait. */
  async next(name, match = () => true) {
    let found = -1
    await until(`event ${name} for ${this.user}; there is ${JSON.stringify(this.events.map(e => e.name))} ${this.error ?? ''}`, () => {
      found = this.events.findIndex(e => e.name === name && match(e.fields))
      return found >= 0
    })
    return this.events.splice(found, 1)[0].fields
  }

  /** Events of a name that nobody asked for, after all that the server has sent up to now. */
  async waiting(name) {
    await this.call('HEARTBEAT', {})
    return this.events.filter(e => e.name === name).map(e => e.fields)
  }

  /** Joins a resource and returns the replica of its document. */
  async join(resourceId, fields = {}) {
    const state = await this.ok('JOIN_RESOURCE', { resourceId, mode: 'editor', ...fields })
    return new Replica(this, state)
  }
}

/** A Y.Doc kept in step with the server's. */
export class Replica {
  doc = new Y.Doc()
  #made = []

  constructor(client, state) {
    Object.assign(this, { client, state, resourceId: state.resourceId, revision: state.revision })
    Y.applyUpdate(this.doc, new Uint8Array(state.state), 'server')
    if (state.clientId) this.doc.clientID = state.clientId
    this.doc.on('update', (update, origin) => { if (origin !== 'server') this.#made.push(update) })
    client.socket.on('Y_UPDATE', m => {
      if (m.resourceId !== this.resourceId) return
      Y.applyUpdate(this.doc, new Uint8Array(m.update), 'server')
      this.revision = m.revision
    })
  }

  /** Changes the document and returns the update, which is not sent. */
  change(edit) {
    this.doc.transact(() => edit(this.doc))
    return Y.mergeUpdates(this.#made.splice(0))
  }

  /** Sends an update and returns its acknowledgement. */
  async send(update) {
    const answer = await this.client.call('Y_UPDATE', { resourceId: this.resourceId, update })
    if (answer.ok) this.revision = answer.revision
    return answer
  }

  /** Changes the document and sends the change. */
  edit(change) { return this.send(this.change(change)) }

  /** Inserts text into a field, by default at its end. */
  insert(field, text, at = this.text(field).length) { return this.edit(doc => doc.getText(field).insert(at, text)) }

  text(field) { return this.doc.getText(field).toString() }

  values() { return this.doc.getMap('values').toJSON() }

  /** Waits until a field has a text. */
  shows(field, text) { return until(`"${text}" in ${field}, there is "${this.text(field)}"`, () => this.text(field) === text) }
}

/** The text of a field in a saved state or update. */
export function textIn(update, field) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, new Uint8Array(update))
  return doc.getText(field).toString()
}

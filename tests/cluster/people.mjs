// People with unmodified npm clients, socket.io-client and yjs, that Go tells what to do: a line {id, do, …} is answered by
// {id, …} or {id, error}. They keep their documents over reconnections and send again what was not acknowledged.
import { createInterface } from 'node:readline'
import process from 'node:process'
import { io } from 'socket.io-client'
import * as Y from 'yjs'

console.log = console.error // standard output is for Go, and yjs likes to say things there

const patience = 20_000 // ms
const people = new Map()

class Person {
  doc = new Y.Doc()
  unacked = [] // updates, in the order of making
  acked = 0
  connected = []
  events = {}
  revision = 0
  #joined = false
  #sending = false

  constructor({ url, token, resource, transports, mode = 'editor', resume = true }) {
    this.resource = resource
    this.mode = mode
    this.doc.on('update', (update, origin) => { if (origin !== 'server') this.unacked.push(update) })
    this.socket = io(url, {
      path: '/ws/', transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 500, timeout: 5000,
      auth: done => done({ token, ...(resume && this.me ? { sessionId: this.me.sessionId, resumeKey: this.me.resumeKey } : {}) }),
    })
    this.socket.onAny(name => { this.events[name] = (this.events[name] ?? 0) + 1 })
    this.socket.on('CONNECTED', me => {
      this.me = me
      this.connected.push({ session: me.sessionId, resumed: me.resumed, ms: Date.now() })
      this.join().catch(e => console.error(String(e)))
    })
    // What the server ended or refused does not come back by itself.
    const again = () => { if (!this.socket.active) setTimeout(() => this.socket.connect(), 100) }
    this.socket.on('disconnect', reason => {
      this.#joined = false
      if (reason !== 'io client disconnect') again()
    })
    this.socket.on('connect_error', again)
    this.socket.on('Y_UPDATE', m => {
      Y.applyUpdate(this.doc, new Uint8Array(m.update), 'server')
      this.revision = m.revision
    })
  }

  async join() {
    const state = await this.ok('JOIN_RESOURCE', { resourceId: this.resource, mode: this.mode, stateVector: Y.encodeStateVector(this.doc) })
    Y.applyUpdate(this.doc, new Uint8Array(state.state), 'server')
    if (state.clientId && this.doc.clientID !== state.clientId && this.unacked.length === 0) this.doc.clientID = state.clientId
    this.revision = state.revision
    this.#joined = true
    await this.flush()
  }

  async ok(name, fields) {
    const answer = await this.socket.timeout(patience).emitWithAck(name, fields)
    if (answer.ok !== true) throw new Error(`${name}: ${JSON.stringify(answer)}`)
    return answer
  }

  /** Sends what is not acknowledged, one after the other. */
  async flush() {
    if (this.#sending) return
    this.#sending = true
    try {
      while (this.#joined && this.unacked.length > 0) {
        const answer = await this.ok('Y_UPDATE', { resourceId: this.resource, update: this.unacked[0] })
        this.unacked.shift()
        this.acked++
        this.revision = answer.revision
      }
    } catch (e) {
      console.error(String(e))
    } finally {
      this.#sending = false
    }
  }

  get ready() { return this.#joined && this.socket.connected }
}

async function until(what, holds, within = patience) {
  const deadline = performance.now() + within
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`after ${within} ms there is still no ${what}`)
    await new Promise(done => setTimeout(done, 10))
  }
}

const deeds = {
  async come(c) {
    const p = new Person(c)
    people.set(c.who, p)
    await until('RESOURCE_STATE', () => p.ready)
    return report(p)
  },
  async type({ who, field, text }) {
    const p = people.get(who)
    const t = p.doc.getText(field)
    t.insert(t.length, text)
    await p.flush()
    await until('acknowledgement', () => { p.flush(); return p.unacked.length === 0 })
    return report(p)
  },
  /** Types without waiting for anything. */
  async offline({ who, field, text }) {
    const p = people.get(who)
    const t = p.doc.getText(field)
    t.insert(t.length, text)
    if (p.ready) p.flush()
    return report(p)
  },
  async shows({ who, field, text, within }) {
    const p = people.get(who)
    const start = performance.now()
    await until(`"${text}" for ${who}, who sees "${p.doc.getText(field).toString()}"`, () => p.doc.getText(field).toString() === text, within)
    return { ms: performance.now() - start }
  },
  /** Loses the transport without a word. */
  async lose({ who }) {
    people.get(who).socket.io.engine.close()
    return {}
  },
  async back({ who, times }) {
    const p = people.get(who)
    await until(`${times}. connection of ${who}`, () => p.connected.length >= times && p.ready)
    await until('acknowledgement', () => { p.flush(); return p.unacked.length === 0 })
    return report(p)
  },
  async lock({ who, field }) { return await people.get(who).ok('LOCK_ACQUIRE', { resourceId: people.get(who).resource, field }) },
  async look({ who }) { return report(people.get(who)) },
  async leave({ who }) {
    people.get(who).socket.close()
    people.delete(who)
    return {}
  },
}

function report(p) {
  return {
    session: p.me?.sessionId, connected: p.connected, events: p.events, revision: p.revision, transport: p.socket.io.engine?.transport?.name,
    clientId: p.doc.clientID, unacked: p.unacked.length, acked: p.acked, ready: p.ready,
    state: Buffer.from(Y.encodeStateAsUpdate(p.doc)).toString('base64'),
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  deeds[command.do](command).then(
    answer => process.stdout.write(JSON.stringify({ id: command.id, ...answer }) + '\n'),
    error => process.stdout.write(JSON.stringify({ id: command.id, error: String(error?.stack ?? error) }) + '\n'),
  )
}

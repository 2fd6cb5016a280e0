// People who keep what they see, as the widget does: those with unmodified npm clients (socket.io-client, yjs), and those
// with the widget in Chromium. Go tells them what to do: a line {id, do, …} is answered by {id, …} or {id, error}.
import process from 'node:process'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { io } from 'socket.io-client'
import * as Y from 'yjs'

console.log = console.error // standard output is for Go, and yjs likes to say things there

const patience = 60_000 // ms
const { CHROMIUM = '/usr/bin/chromium' } = process.env
const people = new Map()
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

async function until(what, holds) {
  const deadline = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`after ${patience} ms there is still no ${what}`)
    await pause(20)
  }
}

/** Writes words into one field, and erases some of the own again; knows which of both were acknowledged. */
class Client {
  doc = new Y.Doc()
  acked = { written: [], erased: [] }
  healed = 0
  drafts = 0
  #unacked = [] // {update, word?, gone?}, in the order of making
  #epoch
  #joined = false
  #sending = false
  #n = 0

  constructor({ who, url, token, resource, field }) {
    Object.assign(this, { who, token, resource, field })
    this.socket = io(url, { path: '/ws/', transports: ['websocket'], forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 1000, timeout: 5000, auth: (done) => done({ token: this.token }) })
    this.socket.on('CONNECTED', () => this.#join().catch((e) => console.error(who, String(e))))
    const again = () => { if (!this.socket.active) setTimeout(() => this.socket.connect(), 200) }
    this.socket.on('disconnect', () => { this.#joined = false; again() })
    this.socket.on('connect_error', again)
    this.socket.on('Y_UPDATE', ({ update }) => Y.applyUpdate(this.doc, new Uint8Array(update), 'server'))
  }

  get ready() { return this.#joined && this.socket.connected }
  get saved() { return this.#unacked.length === 0 }
  get text() { return this.doc.getText(this.field) }

  #ask(name, fields) { return this.socket.timeout(20_000).emitWithAck(name, { resourceId: this.resource, ...fields }) }

  async #join() {
    const state = await this.#ask('JOIN_RESOURCE', { mode: 'editor', stateVector: Y.encodeStateVector(this.doc) })
    if (state.ok !== true) throw new Error(`join: ${JSON.stringify(state)}`)
    if (this.#epoch !== undefined && state.epoch > this.#epoch) {
      if (state.heals !== this.#epoch || !(await this.#heal(state))) return this.#startAnew(state)
    }
    this.#epoch = state.epoch
    Y.applyUpdate(this.doc, new Uint8Array(state.state), 'server')
    if (this.saved) this.doc.clientID = state.clientId
    this.#joined = true
    this.flush()
  }

  /** Gives back what the restore lost, with what was not acknowledged. */
  async #heal(state) {
    for (;;) {
      const flying = this.#unacked.length
      const answer = await this.#ask('Y_UPDATE', { update: Y.encodeStateAsUpdate(this.doc, new Uint8Array(state.stateVector)), heals: this.#epoch })
      if (answer.ok === true) {
        for (const one of this.#unacked.splice(0, flying)) this.#count(one)
        this.healed++
        return true
      }
      if (!(answer.error.retryAfterMs > 0)) { console.error(this.who, JSON.stringify(answer)); return false }
      await pause(answer.error.retryAfterMs)
    }
  }

  #startAnew(state) {
    this.drafts++
    this.#unacked = []
    this.doc = new Y.Doc()
    this.#epoch = undefined
    return this.#join(state)
  }

  #count({ word, gone }) {
    if (word) this.acked.written.push(word)
    if (gone) this.acked.erased.push(gone)
  }

  #change(work, what) {
    const before = Y.encodeStateVector(this.doc)
    let update
    const keep = (u) => { update = u }
    this.doc.once('update', keep)
    this.doc.transact(work)
    this.doc.off('update', keep)
    if (update !== undefined) this.#unacked.push({ update: update ?? Y.encodeStateAsUpdate(this.doc, before), ...what })
  }

  /** Writes a word at a place between words, or erases an own one. */
  write() {
    const own = this.acked.written.filter((word) => !this.acked.erased.includes(word))
    const text = this.text.toString()
    if (own.length > 2 && Math.random() < 0.2) {
      const gone = own[Math.floor(Math.random() * own.length)]
      const at = text.indexOf(gone)
      if (at >= 0) return this.#change(() => this.text.delete(at, gone.length), { gone })
    }
    const word = `<${this.who}-${++this.#n}>`
    const places = [0, ...[...text.matchAll(/>/g)].map(({ index }) => index + 1)]
    this.#change(() => this.text.insert(places[Math.floor(Math.random() * places.length)], word), { word })
  }

  async flush() {
    if (this.#sending) return
    this.#sending = true
    try {
      while (this.#joined && this.#unacked.length > 0) {
        const one = this.#unacked[0]
        const answer = await this.#ask('Y_UPDATE', { update: one.update })
        if (answer.ok === true) this.#count(this.#unacked.shift())
        else if (answer.error.retryAfterMs > 0) await pause(answer.error.retryAfterMs)
        else throw new Error(JSON.stringify(answer))
      }
    } catch (e) {
      console.error(this.who, String(e))
    } finally {
      this.#sending = false
    }
  }

  async report() {
    return { acked: this.acked, healed: this.healed, drafts: this.drafts, saved: this.saved, ready: this.ready, text: this.text.toString(), state: Buffer.from(Y.encodeStateAsUpdate(this.doc)).toString('base64') }
  }

  async end() { this.socket.close() }
}

let browser

/** The widget on a page with one field. */
class Page {
  #n = 0
  #written = []

  constructor({ who, url, token, resource, field }) {
    Object.assign(this, { who, url, token, field })
    this.html = `<!doctype html><title>ward</title><textarea id="${field.replace(/^id-/, '')}"></textarea><script src="${url}/collab-sdk.js"></script>
      <script>handle = CollabSDK.init({ getToken: async () => (await fetch('/ward-token')).text(), ...${JSON.stringify({ gatewayUrl: url, resourceId: resource, ui: false })} })</script>`
  }

  async open() {
    browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'] })
    this.context ??= await browser.newContext()
    await this.context.route(`${this.url}/ward`, (route) => route.fulfill({ contentType: 'text/html', body: this.html }))
    await this.context.route(`${this.url}/ward-token`, (route) => route.fulfill({ contentType: 'text/plain', body: this.token }))
    this.page = await this.context.newPage()
    this.page.on('console', (m) => console.error(this.who, m.text()))
    await this.page.goto(`${this.url}/ward`)
    await until('widget in step', () => this.ready)
  }

  get area() { return this.page.locator('textarea') }
  get ready() { return this.page.evaluate('handle.status.connection === "connected" && handle.status.save === "server"').catch(() => false) }

  async write() {
    const word = `<${this.who}-${++this.#n}>`
    await this.page.evaluate(() => { const area = document.querySelector('textarea'); area.focus(); area.setSelectionRange(area.value.length, area.value.length) })
    await this.page.keyboard.insertText(word)
    this.#written.push(word)
  }

  async flush() {}

  async report() {
    return { acked: { written: (await this.ready) ? this.#written : [], erased: [] }, saved: await this.ready, ready: await this.ready, drafts: await this.page.evaluate('handle.status.drafts ?? 0'), text: await this.area.inputValue() }
  }

  /** Closes the tab; the browser keeps what it has stored. */
  async close() { await this.page.close() }
  async end() { await this.context.close() }
}

const deeds = {
  async come(c) {
    const person = c.browser ? new Page(c) : new Client(c)
    people.set(c.who, person)
    if (c.browser) await person.open()
    await until(`step of ${c.who}`, () => person.ready)
    return {}
  },
  /** Everybody writes so often. */
  async write({ who, times, wait = true }) {
    await Promise.all(who.map(async (name) => {
      const person = people.get(name)
      for (let i = 0; i < times; i++) {
        await person.write()
        person.flush()
        await pause(20 + Math.random() * 60)
      }
      if (wait) await until(`acknowledgement of ${name}`, async () => (await person.report()).saved)
    }))
    return {}
  },
  /** A restore has ended all tokens: everybody logs in again. */
  async login({ tokens }) {
    for (const [who, token] of Object.entries(tokens)) people.get(who).token = token
    return {}
  },
  async back({ who }) {
    await Promise.all(who.map((name) => until(`return of ${name}`, async () => (await people.get(name).report()).saved && people.get(name).ready)))
    return {}
  },
  async look({ who }) { return { people: Object.fromEntries(await Promise.all(who.map(async (name) => [name, await people.get(name).report()]))) } },
  async close({ who }) { await people.get(who).close(); return {} },
  async open({ who }) { await people.get(who).open(); return {} },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  deeds[command.do](command).then(
    (answer) => process.stdout.write(`${JSON.stringify({ id: command.id, ...answer })}\n`),
    (e) => process.stdout.write(`${JSON.stringify({ id: command.id, error: String(e.stack ?? e) })}\n`),
  )
}
await browser?.close()
process.exit(0)

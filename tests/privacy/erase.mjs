// People with the widget on a hospital's page in Chromium, each with a browser of their own. One command a line on standard
// input, one answer a line on standard output.
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const people = new Map()

const escape = (text) => text.replace(/[&"<>]/g, (c) => `&#${c.charCodeAt(0)};`)

const html = ({ token, resource, seeded, choice }) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chart</title><body>
<textarea id="notes"></textarea><input id="seeded" value="${escape(seeded)}"><select id="ward"><option>none</option><option value="${escape(choice)}">x</option></select>
<input type="checkbox" id="ticked"><script src="/collab-sdk.min.js"></script>
<script>globalThis.handle = CollabSDK.init({ gatewayUrl: location.origin, ...${JSON.stringify({ token, resourceId: resource })} })</script></body></html>`

/** Decrypts in the page what its widget has stored, and returns it as text. */
async function stored() {
  const db = await new Promise((done, failed) => {
    const request = indexedDB.open('corsia', 2)
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error)
  })
  const now = db.transaction(['keys', 'records']) // of one moment: the widget writes and removes meanwhile
  const all = (name, what) => new Promise((done) => { const request = now.objectStore(name)[what](); request.onsuccess = () => done(request.result) })
  const [[{ key }], places, records] = await Promise.all([all('keys', 'getAll'), all('records', 'getAllKeys'), all('records', 'getAll')])
  let text = ''
  for (const [i, at] of places.entries()) {
    const whole = records[i].data ?? records[i]
    const additionalData = new TextEncoder().encode(JSON.stringify(at))
    const data = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: whole.slice(0, 12), additionalData }, key, whole.slice(12))
    text += `${at.slice(3).join(' ')}: ${new TextDecoder('latin1').decode(data)}\n`
  }
  db.close()
  return text
}

class Person {
  async open({ url, ...page }) {
    this.url = url
    this.browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets'] })
    this.context ??= await this.browser.newContext()
    await this.context.unrouteAll()
    await this.context.route(`${url}/chart/1`, (route) => route.fulfill({ contentType: 'text/html', body: html(page) }))
    this.tab = await this.context.newPage()
    this.tab.on('console', (m) => console.error(m.text()))
    this.tab.on('pageerror', (e) => console.error(String(e)))
    await this.tab.goto(`${url}/chart/1`)
    await this.saved()
  }

  async saved() {
    await this.tab.waitForFunction(() => globalThis.handle?.fields.length === 4 && handle.status.connection === 'connected' && handle.status.save === 'server', undefined, { timeout: 60_000 })
  }

  async write({ notes, choice, tick }) {
    if (notes !== undefined) {
      await this.tab.locator('#notes').focus()
      await this.tab.keyboard.press('Control+End')
      await this.tab.keyboard.insertText(notes)
    }
    if (choice !== undefined) await this.tab.locator('#ward').selectOption(choice)
    if (tick) await this.tab.locator('#ticked').check()
    await this.saved()
  }

  async look() {
    const shown = await this.tab.evaluate(() => ({
      notes: document.querySelector('#notes').value, seeded: document.querySelector('#seeded').value, ward: document.querySelector('#ward').value,
      ticked: document.querySelector('#ticked').checked, drafts: handle.status.drafts ?? 0, conflicts: handle.fields.filter((field) => field.conflict).map(({ id }) => id),
      notice: document.querySelector('corsia-panel')?.shadowRoot?.textContent ?? [...document.querySelectorAll('*')].map((one) => one.shadowRoot?.textContent ?? '').join(' '),
    }))
    return { shown, disk: await this.tab.evaluate(stored) }
  }

  async choose({ field, which }) {
    await this.tab.evaluate(([id, one]) => handle.choose(id, one), [field, which])
    await this.saved()
  }

  async close() { await this.tab.close() }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, who, do: what, ...more } = JSON.parse(line)
  const person = people.get(who) ?? new Person()
  people.set(who, person)
  person[what](more).then(
    (answer) => process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`),
    (e) => process.stdout.write(`${JSON.stringify({ id, error: String(e.stack ?? e) })}\n`),
  )
}
for (const { browser } of people.values()) await browser?.close()
process.exit(0)

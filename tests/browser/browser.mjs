// What scenarios share: a browser, people's pages, and the gateway's life, which the Go test holds.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const { BASE_URL, CONTROL_URL, CHROMIUM = '/usr/bin/chromium', OUT = 'out' } = process.env
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // A page that a scenario makes up has no address; Chromium would keep it from the gateway's sockets.
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
  '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
]
export const anna = { user: 'usr_001', name: 'Giulia Conti', role: 'nurse' }
export const luca = { user: 'usr_002', name: 'Dr Luca Rossi', role: 'physician' }

/**
 * A browser of its own for one scenario, from the first page on. Errors of any page end up in `errors`. Scenarios may put
 * markup into the demo's pages, which their policy forbids; one that is strict has the policies of its pages.
 */
export class Stage {
  errors = []
  #strict
  #context
  /** What is served without the gateway: type and text by address. */
  #kept = new Map()
  #last = []
  #profile = mkdtempSync(join(tmpdir(), 'corsia-browser-'))

  constructor(strict) {
    this.#strict = strict
  }

  /** Opens the ward page as a person and waits until it is in step, unless told not to. */
  async open(person, { locking = 'off', wait = true, path = '/demo/', size, page } = {}) {
    page ??= await this.blank()
    if (size) await page.setViewportSize(size)
    const query = new URLSearchParams({ ...person, locking })
    await page.goto(`${BASE_URL}${path}?${query}`)
    if (wait) await synced(page)
    return page
  }

  /** Keeps the ward page of a person, so that it opens when the gateway is away, too: `open` with the same options. */
  async keep(person, { locking = 'off', path = '/demo/', token } = {}) {
    const url = `${BASE_URL}${path}?${new URLSearchParams({ ...person, locking })}`
    const page = await (await fetch(url)).text()
    this.#kept.set(url, ['text/html', token === undefined ? page : page.replace(/token: "[^"]*"/, token)])
    const keep = async (path) => {
      const address = new URL(path, url).href
      const script = await (await fetch(address)).text()
      this.#kept.set(address, ['text/javascript', script])
      return script
    }
    for (const [, path] of page.matchAll(/<script[^>]* src="([^"]+)"/g)) {
      const parts = (await keep(path)).match(/collab-sdk\.part-\w+\.min\.js/g) ?? []
      await Promise.all(parts.map((part) => keep(`/${part}`)))
    }
    await this.#serve(await (this.#context ??= this.#start()))
  }

  async #serve(context) {
    for (const [url, [contentType, body]] of this.#kept) {
      const headers = { 'access-control-allow-origin': '*' } // parts are fetched with their hash
      await context.route((at) => at.href === url, (route) => route.fulfill({ contentType, body, headers }))
    }
  }

  /** Returns a session of the DevTools protocol for a page. */
  async devTools(page) {
    return (await this.#context).newCDPSession(page)
  }

  /** Kills the browser as a power cut would, with all its processes. The next page opens in a new one with the same files. */
  async kill() {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const read = (what) => { try { return readFileSync(`/proc/${pid}/${what}`, 'utf8') } catch { return '' } }
      const command = read('cmdline')
      // The browser leads a process group of its own, as Playwright starts it.
      if (command.includes(`--user-data-dir=${this.#profile}`) && !command.includes('--type=')) process.kill(-pid, 'SIGKILL')
    }
    await (await this.#context).close().catch(() => undefined)
    this.#context = undefined
  }

  /** Returns the names of the files of the browser's databases that contain a text, as UTF-8 or as UTF-16. */
  onDisk(text) {
    const wanted = [Buffer.from(text), Buffer.from(text, 'utf16le')]
    const root = join(this.#profile, 'Default', 'IndexedDB')
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    if (files.length === 0) throw new Error('there is no database')
    return files.map((one) => join(one.parentPath, one.name)).filter((name) => {
      const content = readFileSync(name)
      return wanted.some((bytes) => content.includes(bytes))
    })
  }

  async blank() {
    this.#context ??= this.#start()
    const page = await (await this.#context).newPage()
    page.on('pageerror', (error) => this.errors.push(String(error.stack ?? error)))
    return page
  }

  async #start() {
    const viewport = { width: 1440, height: 1000 }
    const permissions = ['clipboard-read', 'clipboard-write']
    const options = { executablePath: CHROMIUM, headless: true, args: flags, viewport, permissions, bypassCSP: !this.#strict }
    const context = await chromium.launchPersistentContext(this.#profile, options)
    await this.#serve(context)
    return context
  }

  /** Runs `work` when the scenario is over. */
  atEnd(work) {
    this.#last.push(work)
  }

  async end() {
    for (const work of this.#last) await work()
    await (await this.#context)?.close()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The origin of the gateway. */
export const origin = BASE_URL

/** Kills the gateway as a power cut would, or starts it again at the same address with the same files. */
export async function gateway(what) {
  const answer = await fetch(`${CONTROL_URL}/${what}`, { method: 'POST' })
  if (!answer.ok) throw new Error(`gateway ${what}: ${await answer.text()}`)
}

/** Returns a token of a user that is good for so long, in Go's notation. */
export async function token(user, ttl) {
  const answer = await fetch(`${CONTROL_URL}/token?${new URLSearchParams({ user, ttl })}`, { method: 'POST' })
  if (!answer.ok) throw new Error(`token: ${await answer.text()}`)
  return (await answer.text()).trim()
}

/** Starts the gateway again with settings of the scenario's own. */
export async function restart(settings) {
  await gateway('kill')
  await gateway(`start?${new URLSearchParams(settings)}`)
}

/** Returns a token for a person. */
export async function tokenOf(person) {
  const page = await (await fetch(`${BASE_URL}/token?${new URLSearchParams(person)}`)).text()
  return /readonly>([^<]+)</.exec(page)[1]
}

/** Serves files at an origin of their own until the scenario ends. `answer` gives {status, headers, body} for a URL. */
export async function serve(stage, answer) {
  const server = createServer((request, response) => {
    const { status = 200, headers = {}, body = '' } = answer(new URL(request.url, 'http://x')) ?? { status: 404 }
    response.writeHead(status, headers).end(body)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  stage.atEnd(() => server.close())
  return `http://127.0.0.1:${server.address().port}`
}

/** Returns the widget's status on a page. */
export const status = (page) => page.evaluate(() => CollabSDK.instances[0].status)

/** Waits until everything of the page is on the server. */
export function synced(page, timeout = 15_000) {
  const read = () => page.evaluate(() => {
    const [widget] = globalThis.CollabSDK?.instances ?? []
    return widget && widget.fields.length > 0 ? `${widget.status.connection} ${widget.status.save}` : 'not started'
  })
  return becomes(read, 'connected server', 'the status', timeout)
}

/** Waits until `read` gives `wanted`, and fails with what it gave last. */
export async function becomes(read, wanted, what, timeout = 10_000) {
  const until = Date.now() + timeout
  let got
  do {
    got = await read()
    if (got === wanted) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  } while (Date.now() < until)
  throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(wanted)}`)
}

/** Fails unless the two are the same. */
export function equal(got, wanted, what) {
  if (JSON.stringify(got) === JSON.stringify(wanted)) return
  throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(wanted)}`)
}

/** Puts the caret at the end of a field and types. */
export async function typeAtEnd(page, selector, text, delay = 5) {
  await page.locator(selector).focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(text, { delay })
}

/** Keeps a picture for people to look at. */
export async function picture(page, name) {
  mkdirSync(OUT, { recursive: true })
  await page.bringToFront()
  await page.waitForTimeout(700)
  await page.screenshot({ path: join(OUT, `${name}.png`) })
}

// G1: destroy() leaves no listener, timer, frame, observer, node, style, attribute, property, socket or global behind; the
// widget can be started again; a second init does not type everything twice.
import { anna, becomes, equal, luca, origin, serve, restart, synced, tokenOf, typeAtEnd } from '../browser.mjs'

const markup = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title><h1>Page</h1>
<label>Notes <textarea id="notes">Notes</textarea></label><label>Dose <input id="dose" value="5 mg" maxlength="20"></label>
<select id="route"><option>PO<option>IV</select><input type="checkbox" id="given"><div id="plan" contenteditable="plaintext-only">Plan</div>
<script src="${origin}/collab-sdk.min.js"></script>`

/** Counts what is alive. It goes before the page's scripts. */
function count() {
  const alive = (globalThis.alive = { listeners: new Map(), timers: new Set(), frames: new Set(), observers: new Set(), sockets: new Set() })
  const { addEventListener, removeEventListener } = EventTarget.prototype
  const names = new WeakMap()
  const name = (target) => target === window ? 'window' : target.nodeName ?? target.constructor.name
  const key = (target, type, listener, options) => {
    if (!names.has(target)) names.set(target, `${name(target)}/${Math.random()}`)
    if (!names.has(listener)) names.set(listener, String(Math.random()))
    return `${names.get(target)} ${type} ${names.get(listener)} ${Boolean(options?.capture ?? options)}`
  }
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (listener) {
      const one = key(this ?? window, type, listener, options)
      alive.listeners.set(one, `${name(this ?? window)} ${type}`)
      options?.signal?.addEventListener('abort', () => alive.listeners.delete(one))
      if (options?.once) addEventListener.call(this ?? window, type, () => alive.listeners.delete(one), { once: true, capture: options.capture })
    }
    return addEventListener.call(this ?? window, type, listener, options)
  }
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    if (listener) alive.listeners.delete(key(this ?? window, type, listener, options))
    return removeEventListener.call(this ?? window, type, listener, options)
  }
  for (const [set, clear, ids, once] of [['setTimeout', 'clearTimeout', alive.timers, true], ['setInterval', 'clearInterval', alive.timers, false], ['requestAnimationFrame', 'cancelAnimationFrame', alive.frames, true]]) {
    const [begin, end] = [window[set], window[clear]]
    window[set] = (work, ...rest) => {
      const id = begin((...values) => {
        if (once) ids.delete(id)
        work(...values)
      }, ...rest)
      ids.add(id)
      return id
    }
    window[clear] = (id) => {
      ids.delete(id)
      end(id)
    }
  }
  for (const kind of ['MutationObserver', 'ResizeObserver', 'IntersectionObserver']) {
    const Original = window[kind]
    window[kind] = class extends Original {
      observe(...values) {
        alive.observers.add(this)
        return super.observe(...values)
      }
      disconnect() {
        alive.observers.delete(this)
        return super.disconnect()
      }
    }
  }
  const Socket = WebSocket
  window.WebSocket = class extends Socket {
    constructor(...values) {
      super(...values)
      alive.sockets.add(this)
    }
  }
}

/** What is alive, in words that do not change from one time to the next. */
const state = (page) => page.evaluate(() => ({
  listeners: [...alive.listeners.values()].sort(),
  timers: alive.timers.size,
  frames: alive.frames.size,
  observers: alive.observers.size,
  sockets: [...alive.sockets].filter(({ readyState }) => readyState < 2).length,
  nodes: document.querySelectorAll('*').length,
  styles: document.adoptedStyleSheets.length + document.styleSheets.length,
  markup: document.body.outerHTML,
  properties: [...document.querySelectorAll('*')].flatMap((node) => Object.getOwnPropertyNames(node)),
  globals: Object.getOwnPropertyNames(window).filter((name) => !/^\d+$/.test(name)),
  prototypes: ['HTMLInputElement', 'HTMLTextAreaElement', 'HTMLSelectElement', 'HTMLElement', 'History', 'Element', 'Node'].map((name) =>
    Object.entries(Object.getOwnPropertyDescriptors(window[name].prototype)).map(([key, { value, get, set }]) => key + [value, get, set].map((one) => typeof one === 'function' ? one.toString().length : ''))),
  marks: ['title', 'lang'].map((name) => document.documentElement.getAttribute(name)).concat(document.documentElement.getAttributeNames().join()),
  history: [history.pushState, history.replaceState].map(String),
}))

export default async function (stage) {
  const token = await tokenOf(anna)
  const site = await serve(stage, () => ({ headers: { 'content-type': 'text/html' }, body: markup }))
  await restart({ ALLOWED_ORIGINS: site })
  const page = await stage.blank()
  await page.addInitScript(count)
  await page.goto(`${site}/patient/2`)
  const start = () => page.evaluate(([url, token]) => {
    globalThis.handle = CollabSDK.init({ gatewayUrl: url, token, locking: 'focus' })
  }, [origin, token])
  await page.evaluate(() => { globalThis.handle = undefined })
  await page.waitForFunction(() => document.title) // what the test itself listens to comes with it
  const before = await state(page)

  await start()
  await synced(page)
  await typeAtEnd(page, '#notes', ' of Anna')
  await synced(page)
  const during = await state(page)
  for (const part of ['listeners', 'observers', 'nodes', 'styles', 'sockets', 'timers']) {
    equal(JSON.stringify(during[part]) === JSON.stringify(before[part]), false, `${part} of a widget that runs are counted`)
  }

  // Twice: it is the same widget, and what is typed is there once.
  const b = await stage.blank()
  await b.goto(`${site}/patient/2`)
  await b.evaluate(([url, token]) => {
    const told = []
    const first = CollabSDK.init({ gatewayUrl: url, token })
    const second = CollabSDK.init({ gatewayUrl: url, token, onError: ({ code }) => told.push(code) })
    globalThis.twice = [first === second, CollabSDK.instances.length, ...told]
  }, [origin, await tokenOf(luca)])
  equal(await b.evaluate(() => twice), [true, 1, 'ALREADY_STARTED'], 'the second init')
  await synced(b)
  await typeAtEnd(b, '#dose', '!')
  await becomes(() => page.locator('#dose').inputValue(), '5 mg!', 'what was typed after a second init')

  const shown = await page.evaluate(() => document.querySelector('#notes').value)
  for (const turn of ['first', 'second']) {
    await page.evaluate(() => {
      handle.destroy()
      handle.destroy()
      document.activeElement.blur()
      handle = undefined
    })
    await page.waitForTimeout(300)
    const after = await state(page)
    for (const part of Object.keys(before)) equal(after[part], before[part], `${part} after the ${turn} destroy`)
    equal(await page.evaluate(() => CollabSDK.instances.length), 0, 'instances')
    equal(await page.evaluate(() => document.querySelector('#notes').value), shown, 'the text stays')
    if (turn === 'second') break
    await start()
    await synced(page)
    await b.locator('#dose').fill('7 mg')
    await becomes(() => page.locator('#dose').inputValue(), '7 mg', 'what comes after a new start')
  }
}

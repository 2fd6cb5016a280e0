// G2, G4, G5, G8 on a page that makes it hard: strict CSP, hostile styles, fields that come and go, secrets.
import { anna, becomes, equal, origin, picture } from '../browser.mjs'

const csp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:"
const body = `<!doctype html><html lang="it"><head><meta charset="utf-8"><title>Difficile</title><link rel="stylesheet" href="/hostile.css"></head>
<body><h1>Cartella</h1><p><input id="first" value="uno"></p><p><input id="secret" type="password" value="geheim"></p>
<p><input id="card" autocomplete="billing cc-number" value="4111"></p><div data-collab-ignore><input id="ignored" value="x"></div>
<p><textarea id="second">due</textarea></p><div id="slot"></div><script src="/collab-sdk.min.js"></script><script src="/host.js"></script></body></html>`
const hostile = `* { animation: none !important } div, span, aside { display: none !important; transform: rotate(3deg) !important; color: red !important }
#slot { display: block !important; transform: none !important } body { position: relative; margin: 40px }`

const boxes = (page) => page.evaluate(() => [...document.querySelectorAll('body *')].map((node) => Object.values(node.getBoundingClientRect().toJSON()).map(Math.round).join()).join(';'))

/** Returns how long the quickest of five fields took to be bound, in ms: a busy machine makes any single one late. */
const quickest = (page) => page.evaluate(async () => {
  const times = []
  for (let number = 0; number < 5; number++) {
    const field = Object.assign(document.createElement('input'), { id: `quick${number}` })
    const began = performance.now()
    const bound = new Promise((resolve) => handle.on('fields', (all) => all.some(({ id }) => id === `id-quick${number}`) && resolve(performance.now() - began)))
    document.body.append(field)
    times.push(await bound)
    field.remove()
  }
  return Math.min(...times)
})

export const strict = true

export default async function (stage) {
  const ward = await stage.open(anna)
  const html = await ward.evaluate(async () => (await fetch(location.href)).text())
  const token = /token: "([^"]+)"/.exec(html)[1]
  const page = await stage.blank()
  await page.route(`${origin}/host`, (route) => route.fulfill({ contentType: 'text/html', headers: { 'content-security-policy': csp }, body }))
  await page.route(`${origin}/hostile.css`, (route) => route.fulfill({ contentType: 'text/css', body: hostile }))
  await page.route(`${origin}/host.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: `
    globalThis.refused = []
    addEventListener('securitypolicyviolation', (event) => refused.push(event.violatedDirective + ' ' + event.blockedURI))
    globalThis.begin = () => { globalThis.handle = CollabSDK.init({ gatewayUrl: location.origin.replace('http', 'ws'), token: '${token}', resourceId: 'page:/host', locking: 'focus' }) }` }))
  await page.goto(`${origin}/host`)
  const [before, markup] = [await boxes(page), await page.evaluate(() => document.body.outerHTML)]
  await page.evaluate(() => begin())
  await becomes(() => page.evaluate(() => handle.status.connection), 'connected', 'the connection')
  equal(await page.evaluate(() => handle.fields.map((field) => field.id)), ['id-first', 'id-second'], 'the fields')
  await becomes(() => page.locator('corsia-fields .ring').count(), 2, 'rings')
  equal(await boxes(page), before, 'the layout')
  const gap = await page.evaluate(() => {
    const ring = document.querySelector('corsia-fields').shadowRoot.querySelector('.ring').getBoundingClientRect()
    const field = document.querySelector('#first').getBoundingClientRect()
    return [field.left - ring.left, field.top - ring.top, ring.right - field.right].map(Math.round)
  })
  equal(gap, [2, 2, 2], 'the ring around the field')
  equal(await page.locator('corsia-panel aside b').first().innerText(), 'Connesso', 'Italian words')

  await page.evaluate(() => {
    document.querySelector('#secret').type = 'text' // "show password"
    document.querySelector('#slot').attachShadow({ mode: 'open' }).innerHTML = '<input id="third" value="tre">'
    document.querySelector('#slot').append('')
    document.body.prepend(Object.assign(document.createElement('input'), { id: 'late' }))
  })
  await becomes(() => page.evaluate(() => handle.fields.some(({ id }) => id === 'id-late')), true, 'a field that came later')
  await becomes(() => page.evaluate(() => handle.fields.some(({ id }) => id === 'id-third@#slot')), true, 'a field in a shadow root')
  equal(await quickest(page) < 100, true, 'a field is bound within 100 ms')
  equal(await page.evaluate(() => handle.fields.some(({ id }) => id === 'id-secret')), false, 'a password that is shown')
  await page.locator('#late').fill('later')
  await page.locator('#late').evaluate((field) => field.remove())
  await page.evaluate(() => document.body.prepend(Object.assign(document.createElement('input'), { id: 'late' })))
  await becomes(() => page.locator('#late').inputValue(), 'later', 'the text of a field that comes back')
  await picture(page, 'hostile')
  equal(await page.evaluate(() => refused), [], 'what the policy refused')

  await page.locator('#late').evaluate((field) => field.remove())
  await page.evaluate(() => {
    handle.destroy()
    handle.destroy()
    document.querySelector('#secret').type = 'password'
  })
  equal(await page.evaluate(() => document.querySelectorAll('corsia-fields,corsia-panel,corsia-notes').length), 0, 'elements left behind')
  equal(await page.evaluate(() => document.adoptedStyleSheets.length), 0, 'styles left behind')
  // The empty attribute is what taking a picture leaves.
  equal((await page.evaluate(() => document.body.outerHTML)).replaceAll(' style=""', ''), markup, 'the page afterwards')
}

// G1, G8: the two lines on a plain page of another origin than the script's and the gateway's, with SRI, and a policy that
// allows nothing else: nonce, style-src 'self', connect-src, Trusted Types. The parts come the same way; one that does not
// come is told of where it can be seen.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { anna, becomes, equal, luca, origin, picture, restart, serve, tokenOf, typeAtEnd } from '../browser.mjs'

const dist = new URL('../../../widget/dist/', import.meta.url)
const script = readFileSync(new URL('collab-sdk.min.js', dist))
const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`
const nonce = 'c2VjcmV0'
const watch = `addEventListener('error', (event) => { window.failed = String(event.message) }, true)
window.refused = []
addEventListener('securitypolicyviolation', (event) => refused.push(event.violatedDirective + ' ' + event.blockedURI))`

const policy = [
  "default-src 'none'",
  `script-src 'nonce-${nonce}'`,
  "style-src 'self'",
  `connect-src ${origin} ${origin.replace('http', 'ws')}`,
  "require-trusted-types-for 'script'",
  'trusted-types corsia',
].join('; ')

const body = (src, token, sri, lang) => `<!doctype html><html lang="${lang}"><meta charset="utf-8"><title>Plain page</title>
<link rel="stylesheet" href="/page.css">
<h1>Plain page</h1><form><label>Notes <textarea id="notes">As it was</textarea></label> <label>Dose <input id="dose" value="5 mg"></label></form>
<script nonce="${nonce}">${watch}</script>
<script nonce="${nonce}" src="${src}" integrity="${sri}" crossorigin="anonymous"></script>
<script nonce="${nonce}">window.CollabSDK?.init({ gatewayUrl: '${origin.replace('http', 'ws')}', token: '${token}', locking: 'manual' })</script>`

/** Makes WebSocket fail, as behind a proxy that does not know it. */
const blockWebSocket = (page) => page.addInitScript(() => {
  const Working = WebSocket
  globalThis.WebSocket = class extends Working {
    constructor(url) {
      super(new URL('/nothing', url))
    }
  }
})

export const strict = true

export default async function (stage) {
  const cdn = await serve(stage, ({ pathname }) => ({
    headers: { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' },
    body: readFileSync(new URL(pathname.replace('/v1/', ''), dist)),
  }))
  const tokens = { '?anna': await tokenOf(anna), '?luca': await tokenOf(luca) }
  const site = await serve(stage, ({ pathname, search: query }) => {
    const [search, lang = 'en'] = query.split('&')
    if (pathname === '/page.css') return { headers: { 'content-type': 'text/css' }, body: 'body { font: 16px sans-serif; margin: 32px }' }
    const sri = search in tokens ? integrity : integrity.replace(/.....$/, 'AAAAA')
    const headers = { 'content-type': 'text/html', 'content-security-policy': policy }
    return { headers, body: body(`${cdn}/v1/collab-sdk.min.js`, tokens[search], sri, lang) }
  })
  await restart({ ALLOWED_ORIGINS: site })
  const open = async (who, prepare = () => undefined) => {
    const page = await stage.blank()
    await prepare(page)
    await page.goto(`${site}/patient/1?${who}`)
    return page
  }
  const connected = (page) => becomes(() => page.evaluate(() => CollabSDK.instances[0]?.status.connection), 'connected', 'the connection', 20_000)

  const a = await open('anna')
  await connected(a)
  equal(await a.evaluate(() => CollabSDK.instances[0].fields.map(({ id }) => id)), ['id-notes', 'id-dose'], 'the fields')
  const b = await open('luca', blockWebSocket)
  await connected(b)
  equal(await b.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('transport=polling'))), true, 'long polling, from a part')
  await typeAtEnd(a, '#notes', ', and more')
  await becomes(() => b.locator('#notes').inputValue(), 'As it was, and more', 'what the other sees')
  for (const page of [a, b]) equal(await page.evaluate(() => refused), [], 'what the policy refused')
  await picture(a, 'strict-policy')

  // A part that is blocked is missed when it is needed, and a press tries again; Italian is needed at once.
  equal((await a.evaluate(() => CollabSDK.instances[0].lock('id-notes'))).ok, true, 'the lock')
  await b.close()
  for (const [lang, words] of [['en', 'Part of Corsia is missing. Try now'], ['it', 'Manca una parte di Corsia. Riprova']]) {
    const c = await open(`luca&${lang}`, (page) => page.route('**/*part*', (route) => route.abort()))
    await connected(c)
    if (lang === 'en') {
      await c.waitForTimeout(3_500) // fetching it in advance has failed by now, which nobody needs to know
      equal(await c.locator('corsia-panel .bad').count(), 0, 'notices of a part that nobody needs')
      await c.locator('corsia-fields button.tg.other').click()
    }
    await becomes(() => c.locator('corsia-panel .bad').allInnerTexts().then(String), words, 'the notice of the missing part')
    await becomes(() => c.locator('corsia-panel .sr').innerText(), words, 'what is said of it')
    await picture(c, `missing-part-${lang}`)
    await c.unroute('**/*part*')
    await c.locator('corsia-panel .bad').click()
    await becomes(() => c.locator('corsia-panel .bad').count(), 0, 'the notice after the part has come')
    if (lang === 'en') await becomes(() => c.locator('corsia-panel dialog').count(), 1, 'what was wanted')
    await c.close()
  }

  const wrong = await open('nobody')
  equal(await wrong.evaluate(() => typeof CollabSDK), 'undefined', 'a script of another hash')
  await typeAtEnd(wrong, '#notes', ', without it')
  equal(await wrong.locator('#notes').inputValue(), 'As it was, without it', 'the page without the widget')
  equal(await wrong.evaluate(() => document.querySelectorAll('corsia-fields,corsia-panel').length), 0, 'elements of the widget')
}

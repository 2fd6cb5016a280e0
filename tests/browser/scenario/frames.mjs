// G2, G3 in frames and shadow roots: found, bound, let go, told apart; what is excluded stays excluded there too.
import { anna, becomes, equal, luca, origin, picture, synced } from '../browser.mjs'

const box = (id) => `<my-box id="${id}"></my-box>`
const page = (token) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Frames</title><body style="font:16px sans-serif">
<p><input id="top" placeholder="on the page"></p>
<iframe name="left" src="/frames/inner?left" width="400" height="160"></iframe><iframe name="right" src="/frames/inner?right" width="400" height="160"></iframe>
<iframe id="doc" srcdoc="<input id=same placeholder=srcdoc><iframe id=nested srcdoc='<textarea id=same></textarea>'></iframe>" width="400" height="200"></iframe>
<iframe id="foreign" src="${origin.replace('127.0.0.1', 'localhost')}/frames/inner?foreign" width="400" height="60"></iframe>
<iframe id="own" src="/frames/own" width="400" height="60"></iframe>
${box('one')}${box('two')}<div id="late"></div>
<script src="/collab-sdk.min.js"></script><script>
customElements.define('my-box', class extends HTMLElement {
  connectedCallback() { this.attachShadow({ mode: 'open' }).innerHTML = '<div><input id="native"></div><div id="inner"></div>'
    this.shadowRoot.querySelector('#inner').attachShadow({ mode: 'open' }).innerHTML = '<select><option>a</option><option>b</option></select><input type="password" id="pin">' }
})
globalThis.handle = CollabSDK.init({ gatewayUrl: location.origin, token: '${token}', resourceId: 'page:/frames', locking: 'focus' })
</script></body></html>`
const inner = `<!doctype html><meta charset="utf-8"><body style="font:16px sans-serif"><p><input id="same"></p><p><label><input type="checkbox" name="box"> box</label></p>
<p><input id="secret" type="password" value="geheim"><input autocomplete="one-time-code" id="code"></p>`

const html = (body) => (route) => route.fulfill({ contentType: 'text/html', body })

async function open(stage, person) {
  const ward = await stage.open(person)
  const [, token] = /token: "([^"]+)"/.exec(await ward.evaluate(async () => (await fetch(location.href)).text()))
  await ward.close()
  const one = await stage.blank()
  await one.route(/\/frames$/, html(page(token)))
  await one.route(/\/frames\/inner/, html(inner))
  await one.route(/\/frames\/other/, html('<input id="other">'))
  await one.route(/\/frames\/own/, html(`<input id="its-own"><script>globalThis.CollabSDK = {}</script>`))
  await one.goto(`${origin}/frames`)
  await synced(one)
  return one
}

const ids = (one) => one.evaluate(() => handle.fields.map(({ id }) => id).sort().join(' '))
const frame = (one, path) => one.frames().find((each) => each.url().endsWith(path))
const want = [
  'id-native@#one', 'id-native@#two', 'id-same@#doc', 'id-same@#nested@#doc', 'id-same@name-left', 'id-same@name-right', 'id-top',
  'name-box@name-left', 'name-box@name-right', 'position-select1@#inner@#one', 'position-select1@#inner@#two',
]

export default async function (stage) {
  const a = await open(stage, anna)
  const b = await open(stage, luca)
  for (const one of [a, b]) await becomes(() => ids(one), want.join(' '), 'the fields')

  // Both ways, with events, focus and locks, across documents.
  await frame(a, '?left').locator('#same').fill('left')
  await becomes(() => frame(b, '?left').locator('#same').inputValue(), 'left', 'a field in a frame')
  equal(await frame(b, '?right').locator('#same').inputValue(), '', 'the same field in the other frame')
  await becomes(() => b.evaluate(() => handle.fields.find(({ id }) => id === 'id-same@name-left').lockedBy), anna.name, 'the lock of a field in a frame')
  equal(await frame(b, '?left').locator('#same').evaluate((field) => field.readOnly), true, 'read-only in a frame')
  await frame(a, '?left').locator('[name=box]').check()
  await becomes(() => frame(b, '?left').locator('[name=box]').isChecked(), true, 'a box in a frame')
  await becomes(() => b.evaluate(() => handle.fields.find(({ id }) => id === 'id-same@name-left').lockedBy), undefined, 'the lock that was given back')
  await a.frameLocator('#doc').frameLocator('#nested').locator('#same').fill('nested')
  await becomes(() => b.frameLocator('#doc').frameLocator('#nested').locator('#same').inputValue(), 'nested', 'a frame in a frame')
  await a.locator('#two #native').fill('shadow')
  await becomes(() => b.locator('#two #native').inputValue(), 'shadow', 'a field in a shadow root')
  await a.locator('#one select').selectOption('b')
  await becomes(() => b.locator('#one select').inputValue(), 'b', 'a choice in a nested shadow root')
  await frame(a, '?right').locator('#same').focus()
  await picture(b, 'frames')
  const ring = await frame(b, '?right').evaluate(() => {
    const ring = document.querySelector('corsia-fields').shadowRoot.querySelector('.ring').getBoundingClientRect()
    const field = document.querySelector('#same').getBoundingClientRect()
    return [field.left - ring.left, field.top - ring.top].map(Math.round)
  })
  equal(ring, [2, 2], 'the ring around a field in a frame')

  // A shadow root that is attached late, to an element that nothing else happens to.
  await a.evaluate(() => { document.querySelector('#late').attachShadow({ mode: 'open' }).innerHTML = '<input id="native">' })
  await becomes(() => a.evaluate(() => handle.fields.some(({ id }) => id === 'id-native@#late')), true, 'a shadow root attached late', 40_000) // the next look, later when looking takes long
  await b.evaluate(() => { document.querySelector('#late').attachShadow({ mode: 'open' }).innerHTML = '<input id="native">' })
  await b.locator('#late #native').focus()
  equal(await b.evaluate(() => handle.fields.some(({ id }) => id === 'id-native@#late')), true, 'a shadow root that has the focus')

  // A frame that goes elsewhere and comes back; one that goes to another origin.
  await a.evaluate(() => { document.querySelector('[name=left]').src = '/frames/other' })
  await becomes(async () => (await ids(a)).includes('id-other@name-left id-same@#doc') && !(await ids(a)).includes('id-same@name-left'), true, 'a frame that goes elsewhere')
  await a.evaluate(() => { document.querySelector('[name=left]').src = '/frames/inner?left' })
  await becomes(() => frame(a, '?left')?.locator('#same').inputValue(), 'left', 'a frame that comes back')
  await a.evaluate((url) => { document.querySelector('[name=right]').src = url }, `${origin.replace('127.0.0.1', 'localhost')}/frames/other`)
  await becomes(async () => (await ids(a)).includes('name-right'), false, 'a frame that goes to another origin')
  await a.evaluate(() => document.querySelector('#doc').remove())
  await becomes(async () => (await ids(a)).includes('#doc'), false, 'a frame that is removed')

  // Exclusions: passwords that are shown, codes, and what is to be left alone, whatever is set later.
  const left = frame(a, '?left')
  await left.evaluate(() => {
    document.querySelector('#secret').type = 'text'
    document.querySelector('#code').setAttribute('data-collab', '')
    document.querySelector('#code').insertAdjacentHTML('afterend', '<input id="here">')
  })
  await becomes(async () => (await ids(a)).includes('id-here@name-left'), true, 'a field that came into a frame')
  equal(/secret|code|pin/.test(await ids(a)), false, 'secrets in frames and shadow roots')
  await left.evaluate(() => { document.querySelector('#secret').outerHTML = '<input id="secret">' })
  await a.evaluate(() => document.querySelector('[name=left]').setAttribute('data-collab-ignore', ''))
  await becomes(async () => (await ids(a)).includes('name-left'), false, 'a frame that is to be left alone')
  await a.evaluate(() => document.querySelector('[name=left]').removeAttribute('data-collab-ignore'))
  await becomes(async () => (await ids(a)).includes('id-same@name-left'), true, 'a frame that may be shared again')
  equal((await ids(a)).includes('secret'), false, 'a password that is rendered anew')

  // Nothing is left behind in any document.
  await a.evaluate(() => handle.destroy())
  equal(await left.evaluate(() => [document.querySelectorAll('corsia-fields').length, document.adoptedStyleSheets.length]), [0, 0], 'what is left in a frame')
}

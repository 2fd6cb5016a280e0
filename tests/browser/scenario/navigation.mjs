// G1, G6: the record follows the path of a single-page application: presence, fields, locks and unsaved text too.
import { anna, becomes, equal, luca, origin, synced } from '../browser.mjs'

/** A small application: the address first, a moment later the form of the record; `#shell` stays over all of them. */
const app = (token) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Ward</title><body>
<p><input id="shell" value="of the first page"></p><main></main><script src="/collab-sdk.min.js"></script><script>
const form = () => { document.querySelector('main').innerHTML = '<p><textarea id="notes"></textarea></p><p><input id="dose"></p>' }
globalThis.go = (path) => { history.pushState(null, '', path); setTimeout(form, 20) }
addEventListener('popstate', () => setTimeout(form, 20))
form()
globalThis.handle = CollabSDK.init({ gatewayUrl: location.origin, token: '${token}', locking: 'focus' })
</script></body></html>`

async function open(stage, person, path) {
  const ward = await stage.open(person)
  const html = await ward.evaluate(async () => (await fetch(location.href)).text())
  const [, token] = /token: "([^"]+)"/.exec(html)
  await ward.close()
  const page = await stage.blank()
  await page.route(`${origin}/spa/**`, (route) => route.fulfill({ contentType: 'text/html', body: app(token) }))
  await page.goto(`${origin}${path}`)
  await synced(page)
  return page
}

const users = (page) => page.evaluate(() => handle.users.map(({ userId }) => userId).sort().join())
const record = (page) => page.evaluate(() => handle.resourceId)
const lockedBy = (page, id) => page.evaluate((id) => handle.fields.find((field) => field.id === id)?.lockedBy, id)

export default async function (stage) {
  const a = await open(stage, anna, '/spa/a')
  const b = await open(stage, luca, '/spa/a')
  await becomes(() => users(a), 'usr_001,usr_002', 'who is on page a')
  await a.locator('#notes').fill('of a')
  await becomes(() => b.locator('#notes').inputValue(), 'of a', 'page a for the other')
  await becomes(() => lockedBy(b, 'id-notes'), anna.name, 'the lock on page a')

  // Anna types her last word and goes to b at once.
  await a.evaluate(() => { document.querySelector('#notes').setRangeText(', last word', 4, 4, 'end'); document.querySelector('#notes').dispatchEvent(new Event('input', { bubbles: true })); go('/spa/b') })
  await becomes(() => b.locator('#notes').inputValue(), 'of a, last word', 'what was typed before leaving')
  await becomes(() => users(b), 'usr_002', 'who is left on page a')
  await becomes(() => lockedBy(b, 'id-notes'), undefined, 'the lock of who has left')
  await becomes(() => record(a), 'page:/spa/b', 'the record')
  await synced(a)
  equal(await a.locator('#notes').inputValue(), '', 'page b')
  await a.locator('#notes').fill('of b')
  await synced(a)
  equal(await b.locator('#notes').inputValue(), 'of a, last word', 'page a is not page b')

  await b.evaluate(() => go('/spa/b'))
  await becomes(() => users(a), 'usr_001,usr_002', 'who is on page b')
  await becomes(() => b.locator('#notes').inputValue(), 'of b', 'page b for the other')
  await becomes(() => lockedBy(b, 'id-notes'), anna.name, 'the lock on page b')
  await a.evaluate(() => history.back())
  await becomes(() => a.locator('#notes').inputValue(), 'of a, last word', 'page a, by the back button')
  await becomes(() => users(b), 'usr_002', 'who is left on page b')
  await a.evaluate(() => { location.hash = 'section'; history.replaceState(null, '', location.href + '?x=1') })
  equal(await record(a), 'page:/spa/a', 'the record after a change of the hash')

  // What the page goes on showing is not taken for the next record's: the shell's field was filled by the first page.
  await a.evaluate(() => { history.pushState(null, '', '/spa/c'); document.querySelector('main').textContent = '' })
  await becomes(() => record(a), 'page:/spa/c', 'the record')
  await synced(a)
  await a.waitForTimeout(1500)
  const c = await open(stage, { user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' }, '/spa/c')
  await becomes(() => a.locator('#shell').inputValue(), 'of the first page', 'the shell')
  await a.locator('#shell').press('End')
  await a.keyboard.type('!')
  await becomes(() => c.locator('#shell').inputValue(), 'of the first page!', 'the shell for the other')

  // Back and forth while the gateway is away: nothing is lost, and both records have what was typed in them.
  await a.context().setOffline(true)
  await a.evaluate(() => go('/spa/a'))
  await becomes(() => a.evaluate(() => handle.fields.length), 3, 'the fields of page a')
  await b.evaluate(() => go('/spa/a'))
  await a.evaluate(() => { go('/spa/b'); go('/spa/a'); go('/spa/b') })
  await a.waitForTimeout(100)
  await a.locator('#dose').fill('offline in b')
  await a.evaluate(() => go('/spa/a'))
  await a.waitForTimeout(100)
  await a.locator('#dose').fill('offline in a')
  await becomes(() => a.evaluate(() => handle.status.save), 'here', 'what was typed offline')
  await a.context().setOffline(false)
  await synced(a)
  await becomes(() => b.locator('#dose').inputValue(), 'offline in a', 'page a for the other')

  // After the end nothing follows any more, and the history is the browser's.
  await a.evaluate(() => { handle.destroy(); go('/spa/b') })
  await becomes(() => users(b), 'usr_002', 'who is left')
  equal(await a.evaluate(() => [Object.hasOwn(history, 'pushState'), handle.status.connection]), [false, 'closed'], 'what is left behind')
}

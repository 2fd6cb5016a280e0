// Forms of other people's frameworks with the widget on them, as two people see them.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { anna, becomes, equal, luca, origin, synced } from './browser.mjs'

/** Builds an app, once; what it needs is fetched when it is not there. */
function build(name) {
  const cwd = fileURLToPath(new URL(`../../widget/test/apps/${name}`, import.meta.url))
  const npm = (...args) => execFileSync('npm', args, { cwd, stdio: 'pipe' })
  if (!existsSync(`${cwd}/node_modules`)) npm('ci', '--no-audit', '--no-fund', '--prefer-offline')
  npm('run', '--silent', 'build')
  return readFileSync(`${cwd}/out/app.js`, 'utf8')
}

async function open(stage, person, name, script) {
  const page = await stage.blank()
  const { user, name: userName, role } = person
  const html = await (await fetch(`${origin}/demo/?${new URLSearchParams({ user, name: userName, role })}`)).text()
  const token = /token: "([^"]+)"/.exec(html)[1]
  await page.route(`${origin}/app/**`, (route) => route.request().url().endsWith('.js')
    ? route.fulfill({ contentType: 'text/javascript', body: script })
    : route.fulfill({ contentType: 'text/html', body: `<!doctype html><meta charset="utf-8"><div id="app"></div><script src="/app/app.js"></script>
<script src="/collab-sdk.min.js"></script><script>CollabSDK.init({ gatewayUrl: location.origin.replace('http', 'ws'), token: '${token}', resourceId: 'page:/app/${name}' })</script>` }))
  await page.goto(`${origin}/app/${name}`)
  await synced(page)
  return page
}

/** What the page shows, by field, in the form of the app's own state. */
const shown = (page) => page.evaluate(() => {
  const value = (id) => document.querySelector(`#${id}`)?.value ?? ''
  return {
    note: value('note'), detail: value('detail'), code: value('code'), dose: value('dose'), route: value('route'),
    given: document.querySelector('#given').checked, diet: document.querySelector('[name=diet]:checked')?.value,
    rows: [...document.querySelectorAll('li input')].map((input) => [Number(input.id.slice(4)), input.value]).sort(([a], [b]) => a - b),
  }
})

const state = (page, fields) => page.evaluate((fields) => {
  const state = globalThis.state()
  state.rows = [...state.rows].sort(([a], [b]) => a - b)
  return Object.fromEntries(fields.map((field) => [field, state[field]]))
}, fields)

/** Waits until framework, page and document are the same for everybody. A page that opens late shows the document. */
async function agree(stage, pages, app) {
  const late = await open(stage, { user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' }, ...app)
  const want = await shown(late)
  await late.close()
  const fields = Object.keys(want)
  for (const page of pages) {
    await becomes(async () => JSON.stringify(await shown(page)), JSON.stringify(want), 'what the page shows')
    await becomes(async () => JSON.stringify(await state(page, fields)), JSON.stringify(want), 'the state of the framework')
  }
  return want
}

const value = (page, field) => page.locator(field).inputValue()

/** What every framework must do. Returns both pages, and what waits until all is the same. */
export async function scenario(stage, name) {
  const app = [name, build(name)]
  const [a, b] = await Promise.all([open(stage, anna, ...app), open(stage, luca, ...app)])
  const same = () => agree(stage, [a, b], app)
  equal((await same()).note, 'Admitted with cough.', 'the note that both rendered')

  // Both type in one text at once, and into other fields.
  await a.locator('#note').focus()
  await a.locator('#note').evaluate((field) => field.setSelectionRange(field.value.length, field.value.length))
  await b.locator('#note').focus()
  await b.locator('#note').evaluate((field) => field.setSelectionRange(0, 0))
  await Promise.all([a.keyboard.type(' Slept well.', { delay: 15 }), b.keyboard.type('Mon: ', { delay: 30 })])
  equal((await same()).note, 'Mon: Admitted with cough. Slept well.', 'a note that two have typed in')
  await a.locator('#code').pressSequentially('abc')
  await b.locator('#dose').fill('7.5')
  await a.locator('#given').check()
  await b.locator('#route').selectOption('iv')
  await a.locator('[name=diet][value=soft]').check()
  const { code, dose, given, route, diet } = await same()
  equal([code, dose, given, route, diet], ['ABC', '7.5', true, 'iv', 'soft'], 'fields of every kind')

  // A field that is not rendered for a while has what was typed before, and what the other has typed meanwhile.
  await a.locator('#detail').pressSequentially('kept')
  await becomes(() => value(b, '#detail'), 'kept', 'the detail')
  await a.locator('#toggle').click()
  await b.locator('#detail').press('End')
  await b.locator('#detail').pressSequentially(', and more')
  await synced(b)
  await a.locator('#toggle').click()
  await becomes(() => value(a, '#detail'), 'kept, and more', 'a field that is rendered again')
  await a.locator('#detail').press('End')
  await a.locator('#detail').pressSequentially('!')
  equal((await same()).detail, 'kept, and more!', 'a field that was rendered again')

  // Rows with keys move, go and come back with their text.
  await a.locator('#row-2').press('End')
  await a.locator('#row-2').pressSequentially(' 20 mg')
  await a.locator('#turn').click()
  await a.locator('#row-3').press('End')
  await a.locator('#row-3').pressSequentially(' iv')
  await same()
  await a.locator('#drop').click()
  await b.locator('#row-2').press('End')
  await b.locator('#row-2').pressSequentially(' daily')
  await synced(b)
  await a.locator('#add').click()
  await becomes(() => value(a, '#row-2'), 'drug 2 20 mg daily', 'a row that comes back')
  equal((await same()).rows, [[1, 'drug 1'], [2, 'drug 2 20 mg daily'], [3, 'drug 3 iv']], 'the rows')
  equal(await a.evaluate(() => CollabSDK.instances[0].fields.filter(({ conflict }) => conflict).length), 0, 'conflicts')
  return { a, b, same }
}

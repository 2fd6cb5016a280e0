// One person with the widget on a hospital's page in Chromium. The argument is {url, token, profile, query, values, secrets}:
// values are for fields that are shared, secrets for those that never are. It says {step} and goes on at each line that it gets.
import process from 'node:process'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const { url, token, profile, query, values, secrets } = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const step = async (name) => {
  process.stdout.write(`${JSON.stringify({ step: name })}\n`)
  await lines.next()
}

const escape = (text) => text.replace(/[&"<>]/g, (c) => `&#${c.charCodeAt(0)};`)
const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chart</title><body>
<input id="typed"><textarea id="pasted"></textarea><div id="edited" contenteditable="plaintext-only"></div><input id="seeded" value="${escape(values.seeded)}">
<input id="deleted"><textarea id="offline"></textarea><input id="refused"><select id="chosen"><option>none</option><option value="${escape(values.chosen)}">x</option></select>
<input type="checkbox" id="ticked"><input type="radio" name="diet" value="soft"><input type="radio" name="diet" value="${escape(values.radio)}">
<input id="password" type="password"><input id="shown" type="password"><input id="card" autocomplete="section-a cc-number">
<input id="code" autocomplete="one-time-code"><input id="masked" style="-webkit-text-security: disc">
<div data-collab-ignore><textarea id="ignored"></textarea></div><input id="hidden" type="hidden" value="${escape(secrets.hidden)}">
<input id="preset" type="password" value="${escape(secrets.preset)}"><input id="presetCard" autocomplete="cc-csc" value="${escape(secrets.presetCard)}">
<script src="/collab-sdk.min.js"></script>
<script>CollabSDK.init({ gatewayUrl: location.origin, token: ${JSON.stringify(token)} })</script></body></html>`

const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const tab = await context.newPage()
const errors = []
tab.on('pageerror', (error) => errors.push(String(error)))
await tab.route((at) => at.pathname === '/chart/phi', (route) => route.fulfill({ contentType: 'text/html', body: page }))
await tab.goto(`${url}/chart/phi?${new URLSearchParams({ patient: query })}#${query}`)

/** Waits until the widget says so. */
async function becomes(wanted, timeout = 60_000) {
  const until = Date.now() + timeout
  let got
  do {
    got = await tab.evaluate(() => {
      const [widget] = globalThis.CollabSDK?.instances ?? []
      return widget?.fields.length > 0 ? `${widget.status.connection} ${widget.status.save}` : 'not started'
    })
    if (got === wanted) return
    await tab.waitForTimeout(50)
  } while (Date.now() < until)
  throw new Error(`the widget is ${got}, not ${wanted}; ${errors}`)
}

/** Types as a person does, or puts a text in at once, as from the clipboard. */
async function type(id, text, atOnce = false) {
  await tab.locator(`#${id}`).focus()
  await (atOnce ? tab.keyboard.insertText(text) : tab.keyboard.type(text))
}

await becomes('connected server')
await type('typed', values.typed)
await type('pasted', values.pasted, true)
await type('edited', values.edited, true)
await type('deleted', values.deleted, true)
await becomes('connected server')
await tab.locator('#deleted').fill('')
await tab.locator('#chosen').selectOption(values.chosen)
await tab.locator('#ticked').check()
await tab.locator(`[name=diet]`).nth(1).check()
for (const id of ['password', 'shown', 'card', 'code', 'masked', 'ignored']) await type(id, secrets[id], true)
await tab.locator('#shown').evaluate((field) => { field.type = 'text' })
await type('shown', secrets.shownAgain)
await becomes('connected server')
await tab.waitForTimeout(2500) // what the server has is written to the disk a little later
await step('online') // and then the gateway is away

await type('offline', values.offline, true)
await type('refused', secrets.refused, true)
await becomes('offline here')
await step('offline') // and then it is back, and somebody has locked a field

await becomes('connected server')
await tab.locator('corsia-fields .strip:visible').waitFor({ timeout: 60_000 }) // the refused text is a draft
await tab.waitForTimeout(2500)
await step('refused')
const fields = await tab.evaluate(() => CollabSDK.instances[0].fields.map(({ id }) => id))
await context.close()
process.stdout.write(`${JSON.stringify({ step: 'closed', fields, errors })}\n`)
process.exit(0)

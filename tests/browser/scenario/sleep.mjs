// G7, C5: the page is frozen while its connection dies without a word; when it wakes up it finds out at once.
import { createServer, connect } from 'node:net'
import { anna, becomes, equal, origin, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'

/** A way to the gateway on which everything can be swallowed, without a word to either side. */
async function way() {
  const { hostname, port } = new URL(origin)
  const lines = []
  const server = createServer((client) => {
    const gateway = connect(Number(port), hostname)
    lines.push({ client, gateway })
    client.pipe(gateway).pipe(client)
    for (const one of [client, gateway]) one.on('error', () => { client.destroy(); gateway.destroy() })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const swallow = () => {
    for (const { client, gateway } of lines.splice(0)) {
      client.unpipe(); gateway.unpipe(); client.resume(); gateway.resume()
    }
  }
  return { origin: `http://127.0.0.1:${server.address().port}`, swallow, end: () => server.close() }
}

export default async function (stage) {
  const line = await way()
  const page = await stage.blank()
  await page.goto(`${line.origin}/demo/?${new URLSearchParams({ ...anna, locking: 'off' })}`)
  await synced(page)
  const before = await page.locator(notes).inputValue()
  const tools = await stage.devTools(page)
  await tools.send('Page.setWebLifecycleState', { state: 'frozen' })
  line.swallow()
  await new Promise((done) => setTimeout(done, 11_000))
  await tools.send('Page.setWebLifecycleState', { state: 'active' })
  await typeAtEnd(page, notes, ' after the sleep')
  equal((await status(page)).save !== 'server', true, 'nothing is called saved that is swallowed')
  await synced(page, 25_000) // heartbeats alone would take up to a minute

  // Awake, and everything is swallowed from one moment to the next: an answer that does not come raises the doubt.
  line.swallow()
  await typeAtEnd(page, notes, ', and again')
  await becomes(async () => (await status(page)).save, 'here', 'the save state')
  await synced(page, 40_000)
  const other = await stage.open(anna)
  equal(await other.locator(notes).inputValue(), `${before} after the sleep, and again`, 'the text')
  line.end()
}

// P: 200 fields are bound within 100 ms, and a page at rest costs next to nothing.
import { anna, equal, origin, synced } from '../browser.mjs'

export default async function (stage) {
  const ward = await stage.open(anna)
  const html = await ward.evaluate(async () => (await fetch(location.href)).text())
  const token = /token: "([^"]+)"/.exec(html)[1]
  const fields = Array.from({ length: 200 }, (_, number) => `<p><label>Field ${number} <input id="f${number}" value="v${number}"></label></p>`)
  const init = `globalThis.began = performance.now()
    globalThis.handle = CollabSDK.init({ gatewayUrl: location.origin, token: '${token}', resourceId: 'page:/many' })
    globalThis.took = performance.now() - began`
  const body = `<!doctype html><body>${fields.join('')}<script src="/collab-sdk.min.js"></script><script>addEventListener('DOMContentLoaded', () => { ${init} })</script>`
  const page = await stage.blank()
  await page.route(`${origin}/many`, (route) => route.fulfill({ contentType: 'text/html', body }))
  const times = []
  for (let load = 0; load < 3; load++) {
    await page.goto(`${origin}/many`)
    await synced(page)
    times.push(await page.evaluate(() => took))
  }
  equal(await page.evaluate(() => handle.fields.length), 200, 'fields')
  equal(Math.min(...times) < 100, true, `bound in time: ${times.map(Math.round)} ms`)

  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const scriptSeconds = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ScriptDuration').value
  await page.waitForTimeout(1000)
  const before = await scriptSeconds()
  await page.waitForTimeout(4000)
  const share = ((await scriptSeconds()) - before) / 4
  equal(share < 0.1, true, `share of a core at rest: ${share.toFixed(3)}`)
}

// G7: behind a proxy that breaks WebSocket the widget loads long polling and works; where it opens after all it is used.
import { anna, becomes, equal, luca, synced, typeAtEnd } from '../browser.mjs'

const transports = (page) => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('transport=polling')).length)

export default async function (stage) {
  const page = await stage.blank()
  await page.addInitScript(() => {
    const Working = WebSocket
    globalThis.proxy = { breaks: true, tried: 0 }
    globalThis.WebSocket = class extends Working {
      constructor(url) {
        super(globalThis.proxy.breaks ? 'ws://127.0.0.1:1/' : url)
        globalThis.proxy.tried++
      }
    }
  })
  const a = await stage.open(anna, { page })
  const b = await stage.open(luca)
  equal((await transports(a)) > 0, true, 'long polling is used')
  equal(await transports(b), 0, 'long polling where WebSocket works')
  equal(await a.evaluate(() => document.querySelectorAll('script[src*=part]').length), 0, 'scripts left behind')
  await typeAtEnd(a, '#nursing-notes', ' by polling')
  await becomes(async () => (await b.locator('#nursing-notes').inputValue()).endsWith(' by polling'), true, 'what was typed')
  await b.locator('#obs-pulse').fill('71')
  await becomes(() => a.locator('#obs-pulse').inputValue(), '71', 'what the other typed')
  await synced(a)
  await a.evaluate(() => {
    globalThis.proxy.breaks = false
    dispatchEvent(new Event('offline'))
    dispatchEvent(new Event('online'))
  })
  await synced(a)
  await typeAtEnd(a, '#nursing-notes', ' again')
  await becomes(async () => (await b.locator('#nursing-notes').inputValue()).endsWith(' again'), true, 'what was typed after it')
}

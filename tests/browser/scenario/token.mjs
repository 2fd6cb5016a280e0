// G1, A5: getToken may be slow, fail and throw: the page never notices, the widget tries again and gets there.
import { anna, becomes, equal, origin, restart, serve, synced, tokenOf, typeAtEnd } from '../browser.mjs'

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title><textarea id="notes">Notes</textarea><script src="${origin}/collab-sdk.min.js"></script>`

const ways = {
  'a slow one': (token) => () => new Promise((resolve) => setTimeout(() => resolve(token), 1500)),
  'one that is refused twice': (token) => {
    let calls = 0
    return async () => {
      if (++calls < 3) throw new Error('the session of the page has ended')
      return token
    }
  },
  'one that throws at first': (token) => {
    let calls = 0
    return () => {
      if (++calls === 1) throw new Error('not yet')
      return token
    }
  },
  'one whose first token is expired': (token) => {
    let calls = 0
    return () => (++calls === 1 ? 'not a token' : token)
  },
}

export default async function (stage) {
  const token = await tokenOf(anna)
  const site = await serve(stage, () => ({ headers: { 'content-type': 'text/html' }, body: page }))
  await restart({ ALLOWED_ORIGINS: site })
  for (const [what, make] of Object.entries(ways)) {
    const one = await stage.blank()
    await one.goto(`${site}/patient/3`)
    await one.evaluate(([url, token, source]) => {
      globalThis.unhandled = []
      addEventListener('unhandledrejection', ({ reason }) => unhandled.push(String(reason)))
      const getToken = (0, eval)(source)(token)
      CollabSDK.init({ gatewayUrl: url, getToken, onError: ({ code }) => unhandled.push(code) })
    }, [origin, token, `(${make})`])
    await typeAtEnd(one, '#notes', ` ${what}`)
    await synced(one, 30_000)
    await becomes(async () => (await one.locator('#notes').inputValue()).includes(what), true, what)
    equal(await one.evaluate(() => unhandled), [], `errors with ${what}`)
    await one.close()
  }

  const never = await stage.blank()
  await never.goto(`${site}/patient/3`)
  await never.evaluate((url) => CollabSDK.init({ gatewayUrl: url, getToken: () => new Promise(() => undefined) }), origin)
  await typeAtEnd(never, '#notes', ' alone')
  equal(await never.evaluate(() => CollabSDK.instances[0].status.save), 'unsaved', 'what is told while there is no token')
  const refused = await stage.blank()
  await refused.goto(`${site}/patient/3`)
  await refused.evaluate((url) => {
    globalThis.told = []
    CollabSDK.init({ gatewayUrl: url, token: 'none', onError: ({ code, message }) => told.push(`${code} ${message}`) })
  }, origin)
  await becomes(() => refused.evaluate(() => CollabSDK.instances[0].status.connection), 'refused', 'a token that is none')
  equal(await refused.evaluate(() => told), ['UNAUTHORIZED malformed_token'], 'what onError is told')
  for (const wrong of [{}, { gatewayUrl: 'ftp://x', token: 't' }, { gatewayUrl: origin }, { gatewayUrl: origin, token: 't', include: '[' }]) {
    equal(await refused.evaluate((options) => {
      try {
        CollabSDK.init({ resourceId: 'another', ...options })
      } catch (error) {
        return error.name
      }
    }, wrong), 'TypeError', `options ${JSON.stringify(wrong)}`)
  }
}

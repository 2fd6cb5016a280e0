import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logout } from '../src/offline/logout.ts'
import { Browser, Page, rest } from './browser.ts'
import { FakeGateway } from './gateway.ts'

async function open(browser: Browser, gateway: FakeGateway, online: boolean): Promise<Page> {
  const page = new Page(browser, gateway)
  await rest()
  if (online) page.socket.greet()
  await rest()
  return page
}

const leave = (page: Page, discard = false) => logout(page.vault, [page.document], discard)

test('G7 logout waits for what is on its way, and then leaves nothing behind', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await open(browser, gateway, true)
  gateway.refuse('Y_UPDATE', { code: 'BACKPRESSURE', retryAfterMs: 200 })
  page.write('f', 'sent late')
  await rest(150)
  assert.equal((await page.vault.places()).length > 0, true)
  assert.deepEqual(await leave(page), { sent: true })
  assert.equal(gateway.text('f'), 'sent late')
  assert.deepEqual(await page.vault.places(), [])
  page.connection.close()
})

test('G7 logout gives back what only this browser has, of every page, and removes nothing until that is said', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const dead = await open(browser, gateway, true)
  dead.write('f', 'saved')
  dead.socket.fail()
  dead.write('f', 'saved, not sent')
  dead.document.keepAsDraft('g', 'refused', 'locked')
  await rest()
  const alive = await open(browser, gateway, true)
  alive.socket.fail()
  alive.write('h', 'typed here')
  alive.document.keepLoose({ i: 'in no document' })
  await rest()
  const want = [['h', 'typed here'], ['i', 'in no document'], ['f', 'saved, not sent'], ['g', 'refused']]
  for (const discard of [false, true]) {
    const answer = await leave(alive, discard)
    assert.equal(answer.sent, false)
    assert.deepEqual(!answer.sent && answer.unsent.map(({ resourceId, field, text }) => [resourceId, field, text]), want.map((one) => ['r', ...one]))
    await rest()
    if (!discard) assert.equal((await alive.vault.places()).filter(([, , kind]) => kind === 'own').length, 2)
  }
  assert.equal(dead.document.stored, false)
  await dead.close()
  alive.connection.close()
  const next = await open(browser, gateway, false)
  assert.deepEqual([next.text('f'), next.document.outbox.edits, next.document.drafts], ['', 0, []])
  await next.close()
})

test('G7 another tab that types on after the logout keeps its text again, all of it', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const [one, two] = [await open(browser, gateway, true), await open(browser, gateway, true)]
  two.write('f', 'saved')
  two.socket.fail()
  two.write('f', 'saved, kept')
  await rest()
  await leave(one, true)
  await rest()
  assert.equal(two.document.stored, false)
  two.write('f', 'saved, kept, more')
  await rest()
  assert.equal(two.document.stored, true)
  two.kill()
  const next = await open(browser, gateway, false)
  assert.equal(next.text('f'), 'saved, kept, more')
  await next.close()
  one.connection.close()
})

test('G7 expiry and revocation remove nothing', async () => {
  for (const reason of ['expired', 'revoked']) {
    const [browser, gateway] = [new Browser(), new FakeGateway()]
    const page = await open(browser, gateway, true)
    page.socket.fail()
    page.write('f', 'kept')
    await rest()
    page.connection.tryNow()
    page.socket.reject({ code: 'UNAUTHORIZED', reason })
    await rest()
    assert.equal(page.connection.state.name, 'refused')
    assert.equal(page.document.stored, true)
    page.kill()
    const next = await open(browser, gateway, true)
    assert.equal(gateway.text('f'), 'kept')
    await next.close()
  }
})

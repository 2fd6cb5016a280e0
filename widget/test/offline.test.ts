import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Doc } from 'yjs'
import { put } from '../src/edit.ts'
import { Browser, Page, rest, tokenOf } from './browser.ts'
import { FakeGateway } from './gateway.ts'

async function open(browser: Browser, gateway: FakeGateway, token?: string): Promise<Page> {
  const page = new Page(browser, gateway, token)
  await rest()
  return page
}

async function online(browser: Browser, gateway: FakeGateway): Promise<Page> {
  const page = await open(browser, gateway)
  page.socket.greet()
  await rest()
  return page
}

const reasons = (page: Page): unknown[] => page.document.drafts.map(({ field, mine, reason }) => [field, mine, reason])

test('G6 G7 text typed offline is here when it is on the disk, not before', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.write('f', 'one')
  assert.equal(page.document.outbox.edits, 0)
  page.socket.fail()
  page.write('f', 'one two')
  assert.deepEqual([page.document.outbox.edits, page.document.stored], [1, false])
  await rest()
  assert.equal(page.document.stored, true)
  page.write('f', 'one two three')
  assert.equal(page.document.stored, false)
  await page.close()
})

test('P what the server has at once costs no write for each key; the document is written when the page goes at the latest', async (t) => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.write('f', 'o')
  await rest(2200)
  const writes: string[][] = []
  const write = page.vault.write.bind(page.vault)
  page.vault.write = (changes, strict) => {
    writes.push(changes.map(({ place }) => place[2]))
    return write(changes, strict)
  }
  const now = performance.now()
  t.mock.method(performance, 'now', () => now) // the document is not due, however slow the machine
  for (const text of ['on', 'one', 'one ', 'one t']) {
    page.write('f', text)
    await rest(120) // longer than what is typed waits for the server
    assert.deepEqual([page.document.outbox.edits, page.document.stored], [0, true])
  }
  assert.deepEqual(writes, [])
  await page.close()
  assert.deepEqual(writes, [['known']])
  const next = await open(browser, gateway)
  assert.equal(next.text('f'), 'one t')
  await next.close()
})

test('G7 a tab that is closed offline and opened again offline shows the text, goes on, and sends all of it once', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const first = await online(browser, gateway)
  first.write('f', 'saved')
  await rest()
  first.socket.fail()
  first.write('f', 'saved, kept')
  await rest()
  await first.close()

  const second = await open(browser, gateway)
  assert.deepEqual([second.document.met, second.document.editable, second.text('f')], [true, true, 'saved, kept'])
  assert.deepEqual([second.document.outbox.edits, second.document.stored], [1, true])
  second.write('f', 'saved, kept, more')
  await rest()
  second.kill()

  gateway.write('f', '> saved')
  const third = await online(browser, gateway)
  assert.equal(gateway.text('f'), '> saved, kept, more')
  assert.equal(third.text('f'), '> saved, kept, more')
  assert.equal(third.document.outbox.edits, 0)
  await third.close()
  const fourth = await online(browser, gateway)
  assert.equal(gateway.text('f'), '> saved, kept, more')
  assert.equal(fourth.document.outbox.edits, 0)
  await fourth.close()
})

test('G7 nothing of another user is shown or sent, and it is there when the first one returns', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const anna = await online(browser, gateway)
  anna.socket.fail()
  anna.write('f', 'by Anna')
  await rest()
  anna.kill()
  const luca = await open(browser, gateway, tokenOf('usr_002'))
  assert.deepEqual([luca.document.met, luca.text('f')], [false, ''])
  luca.socket.greet()
  await rest()
  assert.equal(gateway.text('f'), '')
  await luca.close()
  const again = await online(browser, gateway)
  assert.equal(gateway.text('f'), 'by Anna')
  await again.close()
})

test('G7 two tabs of one user keep their own, and of a tab that died the other sends what it left, once', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const [one, two] = [await online(browser, gateway), await online(browser, gateway)]
  for (const page of [one, two]) page.socket.fail()
  one.write('f', 'first ')
  two.write('g', 'second ')
  await rest()
  assert.notEqual(one.document.doc.clientID, two.document.doc.clientID)
  one.kill()
  two.connection.tryNow()
  two.socket.greet()
  await rest(50)
  assert.deepEqual([gateway.text('f'), gateway.text('g')], ['first ', 'second '])
  const next = await online(browser, gateway)
  assert.deepEqual([gateway.text('f'), gateway.text('g')], ['first ', 'second '])
  await next.close()
  await two.close()
})

test('G7 a living tab is not robbed, and two that open at once do not share what a dead one left', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const one = await online(browser, gateway)
  one.socket.fail()
  one.write('f', 'mine')
  await rest()
  const two = await open(browser, gateway)
  assert.equal(two.document.outbox.edits, 0)
  one.kill()
  const [three, four] = [new Page(browser, gateway), new Page(browser, gateway)]
  await rest(60)
  assert.deepEqual([two, three, four].map((page) => page.document.outbox.edits).sort(), [0, 0, 1])
  for (const page of [two, three, four]) await page.close()
})

test('L6 D2c refused text is in the store before the document is built anew, and is a draft after a kill at any moment', async () => {
  for (const moment of ['refused', 'rebuilt']) {
    const [browser, gateway] = [new Browser(), new FakeGateway()]
    const page = await online(browser, gateway)
    page.write('f', 'ours')
    gateway.locks.set('f', { lockId: 'l', field: 'f', sessionId: 's_2', userId: 'usr_002' })
    if (moment === 'refused') gateway.refuse('JOIN_RESOURCE', { code: 'UNAVAILABLE', retryAfterMs: 60_000 })
    page.write('f', 'ours, refused')
    assert.equal(page.text('f'), 'ours, refused', 'the document is as it was until the store has the text')
    await rest(50)
    assert.equal(page.text('f'), moment === 'refused' ? 'ours, refused' : 'ours')
    page.kill()
    gateway.locks.clear()
    const next = await online(browser, gateway)
    assert.deepEqual(reasons(next), [['f', 'ours, refused', 'locked']])
    assert.deepEqual([next.text('f'), gateway.text('f')], ['ours', 'ours'])
    next.document.dismiss('f')
    await rest()
    await next.close()
    const last = await online(browser, gateway)
    assert.deepEqual(reasons(last), [])
    await last.close()
  }
})

test('D2c what is applied again is sent when it has taken the place of the old in the store, and a kill does not double it', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.socket.fail()
  page.write('f', 'once')
  await rest()
  gateway.refuse('Y_UPDATE', { code: 'FOREIGN_CLIENT' })
  page.connection.tryNow()
  page.socket.greet()
  const write = page.vault.write.bind(page.vault)
  let sentBefore
  page.vault.write = async (changes, strict) => {
    await write(changes, strict)
    sentBefore ??= gateway.text('f')
  }
  await rest(60)
  assert.equal(sentBefore, '')
  assert.equal(gateway.text('f'), 'once')
  page.kill()
  const next = await online(browser, gateway)
  assert.equal(gateway.text('f'), 'once')
  await next.close()
})

test('D8 a client of an older epoch starts from the server and keeps its own text as a draft', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.write('f', 'saved')
  page.write('g', 'lost by the restore')
  page.socket.fail()
  page.write('f', 'saved, mine')
  await rest()
  gateway.doc = new Doc()
  gateway.doc.transact(() => put(gateway.doc, 'f', 'older'))
  gateway.epoch = 2
  const dead = await open(browser, gateway)
  await dead.close()
  page.connection.tryNow()
  page.socket.greet()
  await rest(60)
  assert.deepEqual([page.text('f'), page.text('g'), gateway.text('f')], ['older', '', 'older'])
  assert.deepEqual(reasons(page), [['f', 'saved, mine', 'epoch']])
  await page.close()
  const next = await open(browser, gateway)
  assert.deepEqual([next.text('f'), reasons(next)], ['older', [['f', 'saved, mine', 'epoch']]])
  await next.close()
})

test('D8 what a dead tab of an older epoch left becomes a draft of a page that is already ahead', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const old = await online(browser, gateway)
  old.write('f', 'saved')
  old.socket.fail()
  old.write('f', 'saved, mine')
  await rest()
  gateway.epoch = 2
  gateway.doc = new Doc()
  const page = await online(browser, gateway)
  old.kill()
  await rest()
  page.socket.fail()
  page.connection.tryNow()
  page.socket.greet()
  await rest(60)
  assert.deepEqual(reasons(page), [['f', 'saved, mine', 'epoch']])
  assert.equal(gateway.text('f'), '')
  await page.close()
})

test('G6 a store that is full is told of, the text stays unsaved, and is kept as soon as there is room', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.socket.fail()
  const original = IDBObjectStore.prototype.put
  IDBObjectStore.prototype.put = () => {
    throw Object.assign(new Error('full'), { name: 'QuotaExceededError' })
  }
  page.write('f', 'one')
  await rest(40)
  assert.deepEqual([page.failures, page.document.stored, page.text('f')], [['STORE_FULL'], false, 'one'])
  IDBObjectStore.prototype.put = original
  page.write('f', 'one two')
  await rest(40)
  assert.equal(page.document.stored, true)
  await page.close()
})

test('G7 text that never got into the document is a draft when the page comes back', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await open(browser, gateway)
  page.document.keepLoose({ f: 'typed before anything was there' })
  await rest()
  assert.equal(page.document.stored, true)
  page.kill()
  const next = await open(browser, gateway)
  assert.deepEqual(reasons(next), [['f', 'typed before anything was there', 'unsent']])
  await next.close()
})

test('without a store everything goes on as it would, and nothing is said to be here', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  Object.assign(globalThis, { indexedDB: undefined })
  const page = await online(browser, gateway)
  page.write('f', 'one')
  assert.equal(gateway.text('f'), 'one')
  page.socket.fail()
  page.write('f', 'one two')
  await rest()
  assert.deepEqual([page.document.stored, page.failures], [false, ['STORE_UNAVAILABLE']])
  page.connection.tryNow()
  page.socket.greet()
  await rest()
  assert.equal(gateway.text('f'), 'one two')
  await page.close()
})

test('G7 a page that was frozen while another took over what it had begins anew, and does not send it twice', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const frozen = await online(browser, gateway)
  const turn = (type: string): boolean => dispatchEvent(Object.assign(new Event(type), { persisted: true }))
  frozen.socket.fail()
  frozen.write('f', 'once')
  await rest()
  turn('pagehide')
  await rest()
  gateway.refuse('Y_UPDATE', { code: 'FOREIGN_CLIENT' })
  const other = await online(browser, gateway)
  await rest(40)
  assert.equal(gateway.text('f'), 'once')
  turn('pageshow')
  frozen.connection.tryNow()
  frozen.socket.greet()
  await rest(60)
  assert.deepEqual([gateway.text('f'), frozen.text('f'), frozen.document.outbox.edits], ['once', 'once', 0])
  await frozen.close()
  await other.close()
})

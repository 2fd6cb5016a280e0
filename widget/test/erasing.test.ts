import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Browser, Page, rest } from './browser.ts'
import { put } from '../src/edit.ts'
import { knownOf, ownOf } from '../src/offline/record.ts'
import { docOf } from '../src/rebuilding.ts'
import { FakeGateway } from './gateway.ts'

async function online(browser: Browser, gateway: FakeGateway): Promise<Page> {
  const page = new Page(browser, gateway)
  await rest()
  page.socket.greet()
  await rest()
  return page
}

function comeBack(page: Page): Promise<void> {
  page.connection.tryNow()
  page.socket.greet()
  return rest(60)
}

const drafts = (page: Page): unknown[] => page.document.drafts.map(({ field, mine, reason }) => [field, mine, reason])

/** What the browser's disk has of the resource, as text. */
async function disk(page: Page): Promise<string> {
  let all = ''
  for (const place of await page.vault.places('r')) {
    if (place[2] === 'own') all += JSON.stringify(await page.vault.read(place, ownOf))
    const known = await page.vault.read(place, place[2] === 'known' ? knownOf : () => undefined)
    if (known !== undefined) {
      const doc = docOf(known.update)
      all += JSON.stringify(known.seeds) + [...doc.share.keys()].map((name) => (name === 'values' ? '' : doc.getText(name).toString())).join()
    }
  }
  return all
}

test('O7 a page that is told forgets what was erased, on its disk too, and goes on empty', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.write('f', 'erased text')
  gateway.write('g', 'erased by a colleague')
  page.document.learnSeed('f', ['erased seed'])
  await rest(2_500) // the server's document is written
  assert.match(await disk(page), /erased text/)
  gateway.erase()
  await rest(60)
  assert.deepEqual([page.text('f'), page.text('g'), drafts(page), page.document.outbox.edits], ['', '', [], 0])
  assert.equal(page.document.seeds.size, 0)
  assert.doesNotMatch(await disk(page), /erased/)
  page.write('f', 'new')
  assert.equal(gateway.text('f'), 'new')
  await page.close()
  const again = await online(browser, gateway)
  assert.deepEqual([again.text('f'), again.text('g'), drafts(again)], ['new', '', []])
  await again.close()
})

test('O7 of what was not saved the own words are kept as drafts, without what was there', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.write('f', 'erased text')
  page.document.edit('values/box', undefined, (doc) => put(doc, 'values/box', true))
  page.document.edit('values/ward', undefined, (doc) => put(doc, 'values/ward', 'erased choice'))
  await rest()
  page.socket.fail()
  page.write('f', 'erased text and my words')
  page.document.edit('values/box', undefined, (doc) => put(doc, 'values/box', false))
  await rest()
  gateway.erase()
  await comeBack(page)
  assert.deepEqual(drafts(page), [['f', ' and my words', 'erased'], ['values/box', false, 'erased']])
  assert.deepEqual([page.text('f'), gateway.text('f'), page.document.outbox.edits], ['', '', 0])
  assert.doesNotMatch(await disk(page), /erased text|erased choice/)
  assert.match(await disk(page), /and my words/)
  await page.close()
})

test('O7 drafts of text that was in the document go; of text that never was they stay', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await online(browser, gateway)
  page.document.keepAsDraft('f', 'erased with mine', 'locked')
  page.document.keepAsDraft('g', 'never there', 'left')
  gateway.erase()
  await rest(60)
  assert.deepEqual(drafts(page), [['g', 'never there', 'left']])
  await page.close()
})

test('O7 a page that is opened later forgets what the one before had stored, and gives nothing back', async () => {
  for (const heals of [undefined, 1]) {
    const [browser, gateway] = [new Browser(), new FakeGateway()]
    const page = await online(browser, gateway)
    page.write('f', 'erased text')
    await rest()
    page.socket.fail()
    page.write('g', 'unsaved')
    await page.close()
    gateway.erase()
    gateway.heals = heals // which no gateway says of what was erased
    const next = await online(browser, gateway)
    await rest(60)
    assert.deepEqual([next.text('f'), gateway.text('f'), gateway.text('g')], ['', '', ''])
    assert.deepEqual(drafts(next), [['g', 'unsaved', 'erased']])
    assert.doesNotMatch(await disk(next), /erased text/)
    assert.equal(gateway.heard.filter(({ payload }) => payload['heals'] !== undefined).length, 0)
    await next.close()
  }
})

test('O7 what a dead tab of the life before has left goes with it, but for the own words', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const old = await online(browser, gateway)
  old.write('f', 'erased text')
  await rest(2_500)
  old.socket.fail()
  old.write('f', 'erased text and words')
  await rest()
  gateway.erase()
  const page = await online(browser, gateway)
  assert.deepEqual([page.text('f'), drafts(page)], ['', []])
  old.kill()
  page.socket.fail()
  await comeBack(page) // which looks for dead tabs
  assert.deepEqual([page.text('f'), gateway.text('f'), drafts(page)], ['', '', [['f', ' and words', 'erased']]])
  assert.doesNotMatch(await disk(page), /erased text/)
  assert.equal(gateway.heard.filter(({ payload }) => payload['heals'] !== undefined).length, 0)
  await page.close()
})

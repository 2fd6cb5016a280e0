import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { put } from '../src/edit.ts'
import { Healing } from '../src/healing.ts'
import { Lifetime } from '../src/lifetime.ts'
import type { Known, Own } from '../src/offline/record.ts'
import type { Answer, ResourceState } from '../src/protocol.ts'
import { docOf } from '../src/rebuilding.ts'
import { Browser, Page, rest } from './browser.ts'
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

const reasons = (page: Page): unknown[] => page.document.drafts.map(({ field, mine, reason }) => [field, mine, reason])

/** A page that has what was written after the backup, by itself and by others, and one edit that was never acknowledged. */
async function lost(browser: Browser, gateway: FakeGateway): Promise<Page> {
  const page = await online(browser, gateway)
  page.write('f', 'kept')
  await rest()
  const backup = encodeStateAsUpdate(gateway.doc)
  page.write('f', 'kept, lost')
  gateway.write('g', 'by a colleague')
  await rest()
  page.socket.fail()
  page.write('h', 'never acknowledged')
  await rest()
  gateway.restore(backup)
  return page
}

test('D8 while a recovery is open a page gives back what was lost, by whomever, and goes on under a new id', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await lost(browser, gateway)
  gateway.heals = 1
  const before = page.document.doc.clientID
  await comeBack(page)
  assert.deepEqual(['f', 'g', 'h'].map((field) => gateway.text(field)), ['kept, lost', 'by a colleague', 'never acknowledged'])
  assert.deepEqual([page.document.outbox.edits, reasons(page)], [0, []])
  page.write('f', 'kept, lost, and more')
  assert.equal(gateway.text('f'), 'kept, lost, and more')
  assert.notEqual(page.document.doc.clientID, before)
  assert.deepEqual(encodeStateVector(page.document.doc), encodeStateVector(gateway.doc))
  await page.close()
  const again = await online(browser, gateway)
  assert.deepEqual([again.text('f'), reasons(again)], ['kept, lost, and more', []])
  await again.close()
})

test('D8 what is typed while it is given back is given back too', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await lost(browser, gateway)
  gateway.heals = 1
  const { socket } = page
  const emit = socket.emit.bind(socket)
  let typed = 0
  socket.emit = (event, payload, done) => {
    if ((payload as { heals?: number }).heals !== undefined && ++typed < 4) page.write('h', `never acknowledged${'!'.repeat(typed)}`)
    emit(event, payload, done)
  }
  await comeBack(page)
  assert.deepEqual([gateway.text('h'), page.text('h'), page.document.outbox.edits], ['never acknowledged!!!', 'never acknowledged!!!', 0])
  assert.deepEqual(reasons(page), [])
  await page.close()
})

test('D8 without a recovery, or when the server refuses, the own text is a draft as ever', async () => {
  for (const heals of [undefined, 0]) {
    const [browser, gateway] = [new Browser(), new FakeGateway()]
    const page = await lost(browser, gateway)
    gateway.heals = heals
    await comeBack(page)
    assert.deepEqual([gateway.text('f'), gateway.text('g'), page.text('f')], ['kept', '', 'kept'])
    assert.deepEqual(reasons(page), [['h', 'never acknowledged', 'epoch']])
    assert.equal(gateway.heard.filter(({ payload }) => payload['heals'] !== undefined).length, 0)
    await page.close()
  }
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await lost(browser, gateway)
  gateway.heals = 1
  gateway.refuse('Y_UPDATE', { code: 'UPDATE_TOO_LARGE' })
  await comeBack(page)
  assert.deepEqual([gateway.text('f'), page.text('f'), reasons(page)], ['kept', 'kept', [['h', 'never acknowledged', 'epoch']]])
  page.write('f', 'kept on')
  assert.equal(gateway.text('f'), 'kept on')
  await page.close()
})

test('D8 G4 what was lost comes back although the user has to choose between an own value and a newer one', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await lost(browser, gateway)
  page.write('id-dose', '37.9')
  await rest()
  gateway.heals = 1
  gateway.doc.transact(() => put(gateway.doc, 'id-dose', '37.3')) // which the page does not hear
  await comeBack(page)
  assert.deepEqual(['f', 'g', 'h', 'id-dose'].map((field) => gateway.text(field)), ['kept, lost', 'by a colleague', 'never acknowledged', '37.3'])
  assert.deepEqual(reasons(page), [['id-dose', '37.9', 'changed']])
  await page.close()
})

test('D8 a page that loses its connection meanwhile begins again when it is back', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await lost(browser, gateway)
  gateway.heals = 1
  const { socket } = page
  const emit = socket.emit.bind(socket)
  socket.emit = (event, payload, done) => ((payload as { heals?: number }).heals === undefined ? emit(event, payload, done) : socket.fail())
  await comeBack(page)
  assert.equal(gateway.text('g'), '')
  socket.emit = emit
  await comeBack(page)
  assert.deepEqual([gateway.text('g'), gateway.text('h'), reasons(page)], ['by a colleague', 'never acknowledged', []])
  await page.close()
})

test('D8 a page that is opened again from what it had stored gives that back', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const page = await lost(browser, gateway)
  await page.close() // which writes what it has
  gateway.heals = 1
  const next = await online(browser, gateway)
  await rest(60)
  assert.deepEqual(['f', 'g', 'h'].map((field) => gateway.text(field)), ['kept, lost', 'by a colleague', 'never acknowledged'])
  assert.deepEqual([next.text('g'), next.document.outbox.edits, reasons(next)], ['by a colleague', 0, []])
  await next.close()
})

test('D8 what a dead tab of the life before left is given back by another one, and shown there', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const old = await lost(browser, gateway)
  await rest(2_500) // the server's document is written, too
  gateway.heals = 1
  const page = await online(browser, gateway)
  assert.equal(page.text('g'), '')
  old.kill()
  page.socket.fail()
  await comeBack(page)
  await rest(60)
  assert.deepEqual(['f', 'g', 'h'].map((field) => page.text(field)), ['kept, lost', 'by a colleague', 'never acknowledged'])
  assert.deepEqual([gateway.text('h'), reasons(page)], ['never acknowledged', []])
  await page.close()
})

/** Returns the document without what builds on something that it lacks. */
function whole(doc: Doc): Doc {
  doc.store.pendingStructs = null
  doc.store.pendingDs = null
  return doc
}

/** A server that was put back, as far as healing meets it; it takes whatever the rules let it take. */
class Restored {
  readonly doc: Doc
  sent = 0

  constructor(state: Uint8Array) {
    this.doc = docOf(state)
  }

  request = (_event: string, fields: object, done: (answer: Answer) => void): void => {
    this.sent++
    const trial = docOf(encodeStateAsUpdate(this.doc), (fields as { update: Uint8Array }).update)
    const { pendingStructs, pendingDs } = trial.store
    if (pendingStructs !== null || pendingDs !== null) {
      return done({ code: 'MISSING_DEPENDENCY', fields: { stateVector: encodeStateVector(this.doc) } })
    }
    applyUpdate(this.doc, (fields as { update: Uint8Array }).update)
    done({ code: '', fields: {} })
  }
}

interface Step {
  readonly who: number
  readonly what: 'type' | 'erase' | 'choose' | 'hear' | 'miss'
  readonly at: number
  readonly text: string
}

const step = fc.record({
  who: fc.nat(3),
  what: fc.constantFrom<Step['what'][]>('type', 'type', 'type', 'erase', 'choose', 'hear', 'hear', 'miss'),
  at: fc.nat(200),
  text: fc.string({ minLength: 1, maxLength: 8 }),
})

test('D8 whatever those who come back hold with all that it builds on is in the document at the end, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(60), fc.shuffledSubarray([0, 1, 2, 3]), async (steps, cut, back) => {
      const log: Uint8Array[] = [] // the journal before the restore
      const pages = [0, 1, 2, 3].map((n) => Object.assign(new Doc(), { clientID: n + 1 }))
      let heard = [0, 0, 0, 0]
      for (const { who, what, at, text } of steps) {
        const doc = pages[who] as Doc
        if (what === 'hear') {
          for (const update of log.slice(heard[who])) applyUpdate(doc, update)
          heard = heard.map((n, i) => (i === who ? log.length : n))
          continue
        }
        if (what === 'miss') { // one update is lost on its way: what builds on it stays pending
          for (const update of log.slice((heard[who] ?? 0) + 1, (heard[who] ?? 0) + 3)) applyUpdate(doc, update)
          continue
        }
        const before = encodeStateVector(doc)
        const field = doc.getText('f')
        doc.transact(() => {
          if (what === 'choose') doc.getMap('values').set('ward', text)
          else if (what === 'erase' && field.length > 0) field.delete(at % field.length, 1)
          else field.insert(at % (field.length + 1), text)
        })
        log.push(encodeStateAsUpdate(doc, before))
      }
      const kept = docOf(...log.slice(0, cut % (log.length + 1)))
      const server = new Restored(encodeStateAsUpdate(whole(kept)))
      let wanted = docOf(encodeStateAsUpdate(server.doc))
      for (const n of back) {
        const held = pages[n] as Doc
        wanted = whole(docOf(encodeStateAsUpdate(wanted), encodeStateAsUpdate(held)))
        const state = { epoch: 1, state: encodeStateAsUpdate(server.doc), stateVector: encodeStateVector(server.doc) } as ResourceState
        const own = { edits: 0, fields: [], update: new Uint8Array(), refused: undefined } as unknown as Own
        const known = { epoch: 0, update: encodeStateAsUpdate(held) } as Known
        let done = 0
        const page = { channel: server, doc: held, own, known, disputes: { arise: () => false }, healed: () => done++ }
        assert.equal(await new Healing(new Lifetime()).ofPage(page, state), 'healed')
        assert.equal(done, 1)
      }
      assert.equal(server.sent, back.length)
      for (const doc of [wanted, ...back.map((n) => docOf(encodeStateAsUpdate(pages[n] as Doc), encodeStateAsUpdate(server.doc)))]) {
        assert.equal(doc.getText('f').toString(), server.doc.getText('f').toString())
        assert.deepEqual(doc.getMap('values').toJSON(), server.doc.getMap('values').toJSON())
      }
      assert.deepEqual(encodeStateVector(wanted), encodeStateVector(server.doc))
    }),
    { numRuns: 150 },
  )
})

test('D8 what builds on what the server lacks, or is locked, is given back again, for a while', async () => {
  const answers = ['MISSING_DEPENDENCY', 'UPDATE_REJECTED', '']
  const life = new Lifetime()
  const request = (_event: string, _fields: object, done: (answer: Answer) => void): void => done({ code: answers.shift() ?? 'gone', fields: {} })
  const doc = new Doc()
  doc.transact(() => put(doc, 'f', 'x'))
  const started = performance.now()
  assert.equal(await new Healing(life).give({ request }, 0, encodeStateVector(new Doc()), () => doc), 'healed')
  assert.ok(performance.now() - started > 5_000)
  assert.equal(await new Healing(life).give({ request }, 0, encodeStateVector(new Doc()), () => doc), 'refused')
  life.end()
})

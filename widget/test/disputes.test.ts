import './dom.ts'
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { put } from '../src/edit.ts'
import { Handle } from '../src/handle.ts'
import { settingsOf } from '../src/options.ts'
import { Browser, Page, rest } from './browser.ts'
import { get, settled, show, trusted, type } from './dom.ts'
import { FakeGateway } from './gateway.ts'

let ending: (() => void)[] = []
afterEach(() => {
  for (const end of ending) end()
  ending = []
})

/** Two fields of one line, a text and a choice, which were used together before the page fell apart. */
function apart() {
  show('<input id="dose" type="number" step="any"><input id="other"><textarea id="note"></textarea><select id="route"><option>oral</option><option>iv</option><option>sc</option></select>')
  const gateway = new FakeGateway()
  const handle = new Handle(settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', ui: false }, document), document, gateway.open, () => undefined)
  ending.push(() => handle.destroy())
  handle.start()
  const socket = gateway.socket
  socket.greet()
  type(get('dose'), '37.1')
  type(get('note'), 'coughs')
  choose('iv')
  socket.fail()
  return {
    gateway,
    handle,
    /** Somebody else writes, of which this page hears nothing. */
    meanwhile: (field: string, value: string): void => gateway.doc.transact(() => put(gateway.doc, field, value)),
    /** The connection is there again. */
    back: () => {
      dispatchEvent(new Event('online'))
      socket.greet()
    },
    conflict: (id: string) => handle.fields.find((field) => field.id === id)?.conflict,
    drafts: () => handle.record?.document.drafts ?? [],
  }
}

function choose(value: string): void {
  const route = get<HTMLSelectElement>('route')
  route.value = value
  route.dispatchEvent(trusted(new Event('change', { bubbles: true })))
}

for (const [which, wanted] of [['mine', '37.9'], ['theirs', '37.3']] as const) {
  test(`G4 a short value that both sides gave while apart is not merged: ${which} is chosen`, async () => {
    const { gateway, handle, meanwhile, back, conflict, drafts } = apart()
    type(get('dose'), '37.9')
    type(get('note'), 'coughs, sleeps')
    type(get('other'), 'mine alone')
    meanwhile('id-dose', '37.3')
    meanwhile('id-note', 'Mon: coughs')
    back()
    assert.deepEqual(conflict('id-dose'), { mine: '37.9', theirs: '37.3', typed: true })
    assert.deepEqual([get('dose').value, gateway.text('id-dose')], ['37.9', '37.3'])
    assert.deepEqual([gateway.text('id-note'), gateway.text('id-other')], ['Mon: coughs, sleeps', 'mine alone'])
    assert.equal(drafts().length, 1, 'what was given here is kept until the user has chosen')
    await settled()
    handle.choose('id-dose', which)
    assert.deepEqual([get('dose').value, gateway.text('id-dose')], [wanted, wanted])
    assert.deepEqual([conflict('id-dose'), drafts().length, handle.record?.drafts.size], [undefined, 0, 0])
    type(get('dose'), '38')
    assert.equal(gateway.text('id-dose'), '38')
  })
}

test('G4 a value that both sides gave alike is neither doubled nor asked for', () => {
  const { gateway, meanwhile, back, conflict, drafts } = apart()
  type(get('dose'), '37.9')
  meanwhile('id-dose', '37.9')
  back()
  assert.deepEqual([get('dose').value, gateway.text('id-dose')], ['37.9', '37.9'])
  assert.deepEqual([conflict('id-dose'), drafts().length], [undefined, 0])
})

test('G4 of two choices none is lost to the other in silence', () => {
  const { handle, meanwhile, back, conflict } = apart()
  choose('oral')
  meanwhile('values/id-route', 'sc')
  back()
  assert.deepEqual(conflict('id-route'), { mine: 'oral', theirs: 'sc', typed: true })
  handle.choose('id-route', 'theirs')
  assert.equal(get('route').value, 'sc')
})

test('G4 what one side alone has changed is not asked for', () => {
  const { gateway, meanwhile, back, conflict } = apart()
  type(get('dose'), '37.9')
  meanwhile('values/id-route', 'sc')
  back()
  assert.deepEqual([gateway.text('id-dose'), get('route').value], ['37.9', 'sc'])
  assert.deepEqual([conflict('id-dose'), conflict('id-route')], [undefined, undefined])
})

test('G4 what is typed on while the user has not chosen is what is chosen', async () => {
  const { gateway, handle, meanwhile, back, conflict } = apart()
  type(get('dose'), '37.9')
  meanwhile('id-dose', '37.3')
  back()
  type(get('dose'), '37.95')
  await settled()
  assert.deepEqual(conflict('id-dose'), { mine: '37.95', theirs: '37.3', typed: true })
  assert.equal(gateway.text('id-dose'), '37.3')
  assert.notEqual(handle.status.save, 'server')
  handle.choose('id-dose', 'mine')
  assert.equal(gateway.text('id-dose'), '37.95')
})

test('G7 a page that is opened again shows the record and asks; what was given then is what is taken', async () => {
  for (const [which, wanted] of [['mine', '37.9'], ['theirs', '37.3']] as const) {
    const { handle, gateway, meanwhile, back, conflict, drafts } = apart()
    type(get('dose'), '37.9')
    meanwhile('id-dose', '37.3')
    back()
    const dose = get('dose')
    dose.remove()
    await settled()
    show('<input id="dose" type="number" step="any" value="37.1">')
    await settled()
    assert.deepEqual(conflict('id-dose'), { mine: '37.9', theirs: '37.3', typed: true })
    handle.choose('id-dose', which)
    assert.deepEqual([get('dose').value, gateway.text('id-dose'), drafts().length, handle.record?.drafts.size], [wanted, wanted, 0, 0])
    handle.destroy()
  }
})

test('G7 a page that was closed offline asks too, and what it had is kept until then', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const open = async (greet: boolean): Promise<Page> => {
    const page = new Page(browser, gateway)
    await rest()
    if (greet) page.socket.greet()
    await rest()
    return page
  }
  const first = await open(true)
  first.write('id-dose', '37.1')
  await rest()
  first.socket.fail()
  first.write('id-dose', '37.9')
  await rest()
  first.kill()
  gateway.doc.transact(() => put(gateway.doc, 'id-dose', '37.3'))
  const second = await open(true)
  assert.deepEqual([second.document.disputed('id-dose')?.mine, gateway.text('id-dose'), second.text('id-dose')], ['37.9', '37.3', '37.3'])
  second.kill()
  const third = await open(true)
  assert.equal(third.document.disputed('id-dose')?.mine, '37.9')
  await third.close()
})

test('G7 what another page has left is not merged into what was written since', async () => {
  const [browser, gateway] = [new Browser(), new FakeGateway()]
  const left = new Page(browser, gateway)
  await rest()
  left.socket.greet()
  left.write('id-dose', '37.1')
  await rest()
  left.socket.fail()
  left.write('id-dose', '37.9')
  left.write('id-note', 'left')
  await rest()
  gateway.doc.transact(() => put(gateway.doc, 'id-dose', '37.3'))
  const other = new Page(browser, gateway)
  await rest()
  other.socket.greet()
  await rest()
  assert.equal(other.text('id-dose'), '37.3')
  left.kill()
  other.socket.fail()
  other.connection.tryNow()
  other.socket.greet()
  await rest(60)
  assert.equal(other.document.disputed('id-dose')?.mine, '37.9')
  assert.deepEqual([gateway.text('id-dose'), gateway.text('id-note')], ['37.3', 'left'])
  await other.close()
})

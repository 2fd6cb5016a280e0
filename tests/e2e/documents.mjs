// Documents (SPEC 5) as clients see them.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { connect, textIn } from './lib/client.mjs'
import { main, marker, pause, report, test, until } from './lib/suite.mjs'

const room = name => `page:/documents/${name}`

test('A viewer of what does not exist sees an empty document at revision 0 (D1)', async () => {
  const v = await connect('usr_v')
  const doc = await v.join(room('nothing'), { mode: 'viewer' })
  assert.equal(doc.state.revision, 0)
  assert.equal(doc.state.mode, 'viewer')
  assert.equal(doc.state.clientId, undefined)
  assert.equal(doc.text('content'), '')
})

test('An editor\'s first join creates the document at revision 1, and the first edit is revision 2 (D1)', async () => {
  const [v, a] = [await connect('usr_v'), await connect('usr_a')]
  const view = await v.join(room('new'), { mode: 'viewer' })
  const doc = await a.join(room('new'), { resourceType: 'patient_record' })
  assert.equal(doc.state.revision, 1)
  assert.ok(Number.isSafeInteger(doc.state.clientId) && doc.state.clientId > 0, `client id ${doc.state.clientId}`)
  assert.deepEqual(await doc.insert('notes', `hello ${marker}`), { ok: true, revision: 2 })
  await view.shows('notes', `hello ${marker}`)
  assert.equal(view.revision, 2)
  assert.deepEqual(await doc.insert('notes', '!'), { ok: true, revision: 3 })
})

test('What is acknowledged is delivered with author, session and revision, and not to its author (D2e)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('delivered')), await b.join(room('delivered'))]
  const { revision } = await da.insert('notes', `text ${marker}`)
  const got = await b.next('Y_UPDATE')
  assert.deepEqual({ ...got, update: null },
    { resourceId: room('delivered'), update: null, userId: 'usr_a', sessionId: a.me.sessionId, revision })
  assert.ok(Buffer.isBuffer(got.update))
  assert.equal(db.text('notes'), `text ${marker}`)
  assert.deepEqual(await a.waiting('Y_UPDATE'), [])
})

test('Two editors converge on the same text, with emoji and right-to-left (D2)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('converge')), await b.join(room('converge'))]
  await Promise.all([da.insert('notes', '👩‍⚕️ ' + marker), db.insert('notes', 'مرحبا ' + marker)])
  await until('equal texts', () => da.text('notes') === db.text('notes') && da.text('notes').includes('👩‍⚕️') && da.text('notes').includes('مرحبا'))
})

test('An update that the server has already is acknowledged with the current revision and not delivered (D2a)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const doc = await a.join(room('twice'))
  await b.join(room('twice'))
  const update = doc.change(d => d.getText('notes').insert(0, marker))
  assert.deepEqual(await doc.send(update), { ok: true, revision: 2 })
  assert.deepEqual(await doc.insert('notes', ' more'), { ok: true, revision: 3 })
  assert.deepEqual(await doc.send(update), { ok: true, revision: 3 })
  assert.equal((await b.waiting('Y_UPDATE')).length, 2)
  report('twice', room('twice'))
})

test('What is left of an update that the server has in part is journalled alone (D2a)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('part'))
  const first = doc.change(d => d.getText('notes').insert(0, 'one'))
  assert.equal((await doc.send(first)).revision, 2)
  const second = doc.change(d => d.getText('notes').insert(3, 'two'))
  assert.equal((await doc.send(Y.mergeUpdates([first, second]))).revision, 3)
  report('part', { resource: room('part'), second: second.length })
})

test('An update whose past is missing is refused with the state vector that helps (D2b)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('missing'))
  doc.change(d => d.getText('notes').insert(0, 'lost '))
  const later = doc.change(d => d.getText('notes').insert(5, marker))
  const refused = (await doc.send(later)).error
  assert.equal(refused.code, 'MISSING_DEPENDENCY')
  const whole = Y.encodeStateAsUpdate(doc.doc, new Uint8Array(refused.stateVector))
  assert.equal((await doc.send(whole)).ok, true)
  const again = await (await connect('usr_b')).join(room('missing'))
  assert.equal(again.text('notes'), 'lost ' + marker)
})

test('A refusal for a missing past comes as an event when there is no callback (SPEC 3)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('missing-event'))
  doc.change(d => d.getText('notes').insert(0, 'lost'))
  a.socket.emit('Y_UPDATE', { resourceId: room('missing-event'), update: doc.change(d => d.getText('notes').insert(4, '!')) })
  const refused = await a.next('MISSING_DEPENDENCY')
  assert.equal(refused.resourceId, room('missing-event'))
  assert.ok(Buffer.isBuffer(refused.stateVector))
})

test('A deletion of what the server never had is a missing dependency too (D2b)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_a')]
  const [da, db] = [await a.join(room('deletion')), await b.join(room('deletion'))]
  const unsent = da.change(d => d.getText('notes').insert(0, 'unsent'))
  Y.applyUpdate(db.doc, unsent, 'server')
  const refused = await db.edit(d => d.getText('notes').delete(0, 3))
  assert.equal(refused.error?.code, 'MISSING_DEPENDENCY')
})

test('RESOURCE_UPDATE is Y_UPDATE by another name, and an array of bytes is binary too (SPEC 3)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('alias')), await b.join(room('alias'))]
  const first = da.change(d => d.getText('notes').insert(0, marker))
  assert.deepEqual(await a.call('RESOURCE_UPDATE', { resourceId: room('alias'), update: first }), { ok: true, revision: 2 })
  const second = da.change(d => d.getText('notes').insert(0, 'array '))
  assert.deepEqual(await a.call('Y_UPDATE', { resourceId: room('alias'), update: Array.from(second) }), { ok: true, revision: 3 })
  await db.shows('notes', 'array ' + marker)
})

test('Y_SYNC gives what a state vector lacks, the server\'s own, and the revision (SPEC 3)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('sync')), await b.join(room('sync'))]
  await da.insert('notes', 'known ')
  await db.shows('notes', 'known ')
  const vector = Y.encodeStateVector(db.doc)
  await da.insert('notes', marker)
  const answer = await b.ok('Y_SYNC', { resourceId: room('sync'), stateVector: vector })
  assert.equal(answer.revision, 3)
  assert.deepEqual(new Uint8Array(answer.stateVector), Y.encodeStateVector(da.doc))
  const behind = new Y.Doc()
  Y.applyUpdate(behind, new Uint8Array(answer.update))
  assert.equal(behind.getText('notes').toString(), '', 'the answer holds more than what was asked for')
  const whole = await b.ok('Y_SYNC', { resourceId: room('sync') })
  assert.equal(textIn(whole.update, 'notes'), 'known ' + marker)
})

test('A join with a state vector is answered by the difference (R1)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('difference'))
  await doc.insert('notes', 'x'.repeat(5000))
  const b = await connect('usr_b')
  const full = await b.join(room('difference'))
  await b.ok('LEAVE_RESOURCE', { resourceId: room('difference') })
  await doc.insert('notes', marker)
  const diff = await b.join(room('difference'), { stateVector: Y.encodeStateVector(full.doc) })
  assert.ok(diff.state.state.length < 200, `${diff.state.state.length} bytes`)
  Y.applyUpdate(full.doc, new Uint8Array(diff.state.state))
  assert.equal(full.text('notes'), 'x'.repeat(5000) + marker)
})

test('A third malformed update ends the session, the first two do not, and others notice nothing (D6)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('malformed')), await b.join(room('malformed'))]
  await da.insert('notes', marker)
  for (const bad of [[1, 2, 3], [255, 255, 255, 255, 255, 255]]) {
    assert.equal((await da.send(Uint8Array.from(bad))).error.code, 'MALFORMED_UPDATE')
  }
  assert.deepEqual(await da.insert('notes', '!'), { ok: true, revision: 3 })
  da.send(Uint8Array.from([0])).catch(() => {})
  await until('the end of the session', () => a.ended !== '')
  assert.equal(a.ended, 'io server disconnect')
  await db.shows('notes', marker + '!')
  assert.equal(b.ended, '')
  const fresh = await b.ok('Y_SYNC', { resourceId: room('malformed') })
  assert.equal(textIn(fresh.update, 'notes'), marker + '!')
})

test('An update over 900 KiB is refused, and the session goes on (D6)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('oversized'))
  assert.equal((await doc.insert('notes', 'x'.repeat(922_000))).error.code, 'UPDATE_TOO_LARGE')
  const b = await (await connect('usr_b')).join(room('oversized'))
  assert.equal(b.text('notes'), '')
  assert.equal((await b.insert('notes', 'y'.repeat(900_000))).ok, true)
  // Update and answer together are more than may wait for one session (C7): it reads the first before it asks.
  await until('what the other wrote', () => doc.text('notes').includes('y'))
  assert.equal((await a.ok('Y_SYNC', { resourceId: room('oversized') })).revision, 2)
})

test('Updates of a session that has not joined are NOT_JOINED (SPEC 3)', async () => {
  const a = await connect('usr_a')
  const update = Uint8Array.from([0, 0])
  assert.equal((await a.refusal('Y_UPDATE', { resourceId: room('elsewhere'), update })).code, 'NOT_JOINED')
  assert.equal((await a.refusal('Y_SYNC', { resourceId: room('elsewhere') })).code, 'NOT_JOINED')
})

test('Granted client ids grow in the order of joining, and unused ones are dropped on leaving (D7)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const first = (await a.join(room('ids'))).state.clientId
  const second = (await b.join(room('ids'))).state.clientId
  assert.ok(second > first, `${first}, then ${second}`)
  await a.ok('LEAVE_RESOURCE', { resourceId: room('ids') })
  const third = (await a.join(room('ids'))).state.clientId
  assert.ok(third > second, `${second}, then ${third}`)
  report('iDs', room('ids'))
})

test('A client id that was never seen is bound to its user on first use (D7)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('bound'))
  doc.doc.clientID = 4_000_000_001
  assert.equal((await doc.insert('notes', marker)).ok, true)
  const b = await connect('usr_b')
  const other = await b.join(room('bound'))
  other.doc.clientID = 4_000_000_001
  const refused = (await other.insert('notes', 'forged')).error
  assert.equal(refused.code, 'FOREIGN_CLIENT')
  report('bound', room('bound'))
})

test('Writing under a colleague\'s live client id is FOREIGN_CLIENT, and nothing of it is shown (D7)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('foreign')), await b.join(room('foreign'))]
  db.doc.clientID = da.state.clientId
  const refused = (await db.insert('notes', 'forged')).error
  assert.equal(refused.code, 'FOREIGN_CLIENT')
  assert.equal(refused.resourceId, room('foreign'))
  assert.deepEqual(await a.waiting('Y_UPDATE'), [])
  assert.equal((await da.insert('notes', marker)).ok, true, 'the owner of the id goes on')
})

test('Two live sessions of one user never share a client id (D7)', async () => {
  const [tab, other] = [await connect('usr_a'), await connect('usr_a')]
  const [d1, d2] = [await tab.join(room('tabs')), await other.join(room('tabs'))]
  d2.doc.clientID = d1.state.clientId
  assert.equal((await d2.insert('notes', 'forged')).error.code, 'FOREIGN_CLIENT')
})

test('After FOREIGN_CLIENT a session gets RESYNC_REQUIRED until it joins again (D2c)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('resync')), await b.join(room('resync'))]
  const own = db.state.clientId
  await db.insert('notes', `first ${marker}`)
  db.doc.clientID = da.state.clientId
  assert.equal((await db.insert('notes', 'forged')).error.code, 'FOREIGN_CLIENT')
  const honest = new Y.Doc()
  Y.applyUpdate(honest, Y.encodeStateAsUpdate(da.doc))
  honest.clientID = own
  honest.getText('notes').insert(0, 'late')
  assert.equal((await db.send(Y.encodeStateAsUpdate(honest))).error.code, 'RESYNC_REQUIRED')
  const again = await b.join(room('resync'))
  assert.notEqual(again.state.clientId, own)
  again.doc.clientID = own
  assert.equal((await again.insert('notes', 'under a retired id')).error.code, 'FOREIGN_CLIENT')
  const third = await b.join(room('resync'))
  assert.equal((await third.insert('notes', ' second')).ok, true)
  assert.equal((await a.ok('Y_SYNC', { resourceId: room('resync') })).ok, true)
  await da.shows('notes', `first ${marker} second`)
})

test('An update with more authors than a session may bring is refused whole (D6)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('authors'))
  await doc.insert('notes', marker)
  const crowd = Array.from({ length: 17 }, (_, i) => {
    const d = new Y.Doc()
    d.clientID = 7_000_000 + i
    d.getText(`field${i}`).insert(0, 'x')
    return Y.encodeStateAsUpdate(d)
  })
  assert.equal((await doc.send(Y.mergeUpdates(crowd))).error.code, 'MALFORMED_UPDATE')
  const b = await (await connect('usr_b')).join(room('authors'))
  assert.equal((await b.send(Y.mergeUpdates(crowd))).ok, true, 'the first update after joining may have 64')
})

test('SEED fills fields that were never written, says which, and everybody gets them (SPEC 3, G4)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const [da, db] = [await a.join(room('seed')), await b.join(room('seed'))]
  await da.insert('notes', 'typed')
  const answer = await a.ok('SEED', { resourceId: room('seed'), values: { notes: 'seeded', dose: `5 mg ${marker}`, sex: true, 'values/route': 'IV' } })
  assert.deepEqual([...answer.seeded].sort(), ['dose', 'values/route', 'values/sex'])
  assert.equal(answer.revision, 3)
  for (const doc of [da, db]) {
    await doc.shows('dose', `5 mg ${marker}`)
    assert.equal(doc.text('notes'), 'typed')
    assert.deepEqual(doc.values(), { route: 'IV', sex: true })
  }
})

test('A field is seeded once, also when its text was deleted since (G4)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('seed-once'))
  const values = { dose: `5 mg ${marker}` }
  assert.deepEqual((await a.ok('SEED', { resourceId: room('seed-once'), values })).seeded, ['dose'])
  await doc.shows('dose', values.dose)
  assert.deepEqual((await a.ok('SEED', { resourceId: room('seed-once'), values })).seeded, [])
  await doc.edit(d => d.getText('dose').delete(0, values.dose.length))
  assert.deepEqual((await a.ok('SEED', { resourceId: room('seed-once'), values })).seeded, [])
  const fresh = await (await connect('usr_b')).join(room('seed-once'))
  assert.equal(fresh.text('dose'), '')
})

test('Values of pages that are known to be old are told beside what was seeded, and write nothing (G4)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const resourceId = room('known')
  const [da] = [await a.join(resourceId), await b.join(resourceId)]
  await a.ok('SEED', { resourceId, values: { dose: '5 mg' } })
  await da.shows('dose', '5 mg')
  await da.insert('notes', 'typed')
  const noted = await a.ok('SEED', { resourceId, known: { dose: `6 mg ${marker}`, notes: '', unwritten: 'x' } })
  assert.deepEqual([noted.seeded, noted.revision], [[], 3])
  await a.ok('SEED', { resourceId, known: { dose: '7 mg' } })
  const answer = await b.ok('SEED', { resourceId, values: { dose: '7 mg', notes: 'from the page' } })
  assert.deepEqual([answer.seeded, answer.kept], [[], { dose: '5 mg' }])
  assert.deepEqual(answer.known, { dose: [`6 mg ${marker}`, '7 mg'], notes: [''] })
  const fresh = await (await connect('usr_c')).join(resourceId)
  assert.deepEqual([fresh.text('dose'), fresh.text('notes'), fresh.text('unwritten')], ['5 mg', 'typed', ''])
  assert.equal((await a.refusal('SEED', { resourceId, known: { dose: {} } })).code, 'BAD_REQUEST')
})

test('Of clients that seed the same page at once each field gets its text once (G4)', async () => {
  const clients = await Promise.all(['usr_a', 'usr_b', 'usr_c', 'usr_d'].map(u => connect(u)))
  const docs = await Promise.all(clients.map(c => c.join(room('seed-race'))))
  const values = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field${i}`, `value ${i} ${marker}`]))
  const answers = await Promise.all(clients.map(c => c.ok('SEED', { resourceId: room('seed-race'), values })))
  assert.deepEqual(answers.flatMap(a => a.seeded).sort(), Object.keys(values).sort())
  for (const doc of docs) for (const [field, text] of Object.entries(values)) await doc.shows(field, text)
})

test('A client may type into a seeded field at once, and its author\'s next update is accepted (G4, D7)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('seed-type'))
  await a.ok('SEED', { resourceId: room('seed-type'), values: { dose: '5 mg' } })
  await doc.shows('dose', '5 mg')
  assert.equal((await doc.insert('dose', ` ${marker}`)).ok, true)
})

test('A page of 200 updates at once is acknowledged in order, without gaps (D2)', async () => {
  const a = await connect('usr_a')
  const doc = await a.join(room('burst'))
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => doc.insert('notes', `${i};`)))
  assert.deepEqual(answers.map(r => r.revision), answers.map((_, i) => i + 2))
  const fresh = await (await connect('usr_b')).join(room('burst'))
  assert.equal(fresh.text('notes'), doc.text('notes'))
})

test('The last to leave and the next to come never miss an update (D5)', async () => {
  let text = ''
  for (let i = 0; i < 25; i++) {
    const c = await connect(`usr_${i % 3}`)
    const doc = await c.join(room('come-and-go'))
    assert.equal(doc.text('notes'), text)
    const part = `${i} ${marker};`
    assert.equal((await doc.insert('notes', part)).ok, true)
    text += part
    c.socket.close()
    if (i % 10 === 9) await pause(2500) // the room closes meanwhile
  }
})

await main()

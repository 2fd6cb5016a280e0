// Locks are enforced (SPEC L6): raw yjs clients that ignore the rules get nowhere.
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { connect } from './lib/client.mjs'
import { main, marker, pause, report, test, until } from './lib/suite.mjs'

const room = name => `page:/locks/${name}`

/** Anna and Bruno in a room, with a text, a dose and two values; Anna holds a lock. */
async function ward(name, field, { holder = 'usr_anna', other = 'usr_bruno' } = {}) {
  const [anna, bruno] = [await connect(holder), await connect(other)]
  const [a, b] = [await anna.join(room(name)), await bruno.join(room(name))]
  await a.edit(d => {
    d.getText('notes').insert(0, `notes ${marker}`)
    d.getText('dose').insert(0, '5 mg')
    d.getMap('values').set('sex', 'f')
    d.getMap('values').set('fasting', true)
  })
  await b.shows('dose', '5 mg')
  const lock = await anna.ok('LOCK_ACQUIRE', { resourceId: room(name), ...(field && { field }) })
  await bruno.next('LOCK_STATUS_CHANGED')
  return { anna, bruno, a, b, lock, name }
}

/** Asserts that an update is refused whole, and that nobody sees anything of it. */
async function refused({ anna, bruno, a, b, name }, change, fields) {
  const before = JSON.stringify(a.doc.toJSON())
  const { message, ...error } = (await b.edit(change)).error ?? {}
  assert.deepEqual(error, { code: 'UPDATE_REJECTED', resourceId: room(name), reason: 'locked', fields, lockedBy: anna.user, revision: a.revision })
  assert.deepEqual(await anna.waiting('Y_UPDATE'), [])
  const state = await bruno.ok('Y_SYNC', { resourceId: room(name) })
  const server = new Y.Doc()
  Y.applyUpdate(server, new Uint8Array(state.update))
  for (const f of ['notes', 'dose']) assert.equal(server.getText(f).toString(), a.text(f))
  assert.deepEqual(server.getMap('values').toJSON(), a.values())
  assert.equal(JSON.stringify(a.doc.toJSON()), before)
}

test('An insertion into a locked field is refused with who locked it and where the document is (L6)', async () => {
  await refused(await ward('insert', 'notes'), d => d.getText('notes').insert(3, 'x'), ['notes'])
})

test('A deletion of locked text that somebody else wrote is refused (L6)', async () => {
  await refused(await ward('delete', 'notes'), d => d.getText('notes').delete(0, 5), ['notes'])
})

test('A deletion of one\'s own text in a locked field is refused too (L6)', async () => {
  const w = await ward('own', 'dose')
  await w.b.insert('notes', ' bruno')
  await w.a.shows('notes', `notes ${marker} bruno`)
  await w.anna.next('Y_UPDATE')
  await w.anna.ok('LOCK_ACQUIRE', { resourceId: room('own'), field: 'notes' })
  await refused(w, d => d.getText('notes').delete(w.b.text('notes').length - 6, 6), ['notes'])
})

test('Formatting and embeds in a locked field are refused (L6)', async () => {
  await refused(await ward('format', 'notes'), d => d.getText('notes').format(0, 3, { bold: true }), ['notes'])
  await refused(await ward('embed', 'notes'), d => d.getText('notes').insertEmbed(0, { image: 'x' }), ['notes'])
})

test('An update of two fields of which one is locked is refused whole (L6)', async () => {
  await refused(await ward('two', 'notes'), d => { d.getText('dose').insert(0, 'x'); d.getText('notes').insert(0, 'x') }, ['notes'])
})

test('An entry of the map of values is a field of its own (SPEC 2, L6)', async () => {
  const w = await ward('values', 'values/sex')
  assert.equal((await w.b.edit(d => d.getMap('values').set('fasting', false))).ok, true)
  await until('the other entry', () => w.a.values().fasting === false)
  await w.anna.next('Y_UPDATE')
  await refused(w, d => d.getMap('values').set('sex', 'm'), ['values/sex'])
})

test('A locked entry can be neither deleted nor created by others (L6)', async () => {
  await refused(await ward('values-delete', 'values/sex'), d => d.getMap('values').delete('sex'), ['values/sex'])
  await refused(await ward('values-create', 'values/new'), d => d.getMap('values').set('new', 1), ['values/new'])
})

test('Clearing the whole map hits the locked entry (L6)', async () => {
  await refused(await ward('values-clear', 'values/sex'), d => d.getMap('values').clear(), ['values/sex'])
})

test('A text that hangs in an entry of the map is part of that field (L6)', async () => {
  const [anna, bruno] = [await connect('usr_anna'), await connect('usr_bruno')]
  const [a, b] = [await anna.join(room('nested')), await bruno.join(room('nested'))]
  await a.edit(d => d.getMap('values').set('plan', new Y.Text('nested')))
  await until('the nested text', () => b.doc.getMap('values').get('plan')?.toString() === 'nested')
  await anna.ok('LOCK_ACQUIRE', { resourceId: room('nested'), field: 'values/plan' })
  const answer = await b.edit(d => d.getMap('values').get('plan').insert(3, marker))
  assert.equal(answer.error?.code, 'UPDATE_REJECTED')
  assert.deepEqual(answer.error.fields, ['values/plan'])
})

test('A lock on the whole resource refuses every field of it (L6)', async () => {
  await refused(await ward('whole', ''), d => d.getText('dose').insert(0, 'x'), ['dose'])
  await refused(await ward('whole-values', ''), d => d.getMap('values').set('sex', 'm'), ['values/sex'])
  await refused(await ward('whole-new', ''), d => d.getText('new').insert(0, 'x'), ['new'])
})

test('Other fields stay open to others, and the holder writes (L6)', async () => {
  const { a, b } = await ward('open', 'notes')
  assert.equal((await b.insert('dose', ' twice')).ok, true)
  assert.equal((await a.insert('notes', '!')).ok, true)
  await b.shows('notes', `notes ${marker}!`)
})

test('The owner is the session: the same user in another tab is refused (L3, L6)', async () => {
  await refused(await ward('tab', 'notes', { other: 'usr_anna' }), d => d.getText('notes').insert(0, 'x'), ['notes'])
})

test('Without a callback the refusal is the event UPDATE_REJECTED (L6, SPEC 3)', async () => {
  const { bruno, anna, b } = await ward('event', 'notes')
  bruno.socket.emit('Y_UPDATE', { resourceId: room('event'), update: b.change(d => d.getText('notes').insert(0, 'x')) })
  const e = await bruno.next('UPDATE_REJECTED')
  assert.deepEqual([e.resourceId, e.reason, e.fields, e.lockedBy, e.revision], [room('event'), 'locked', ['notes'], anna.user, 2])
})

test('After UPDATE_REJECTED comes RESYNC_REQUIRED until the session joins again with a new client id (D2c)', async () => {
  const { bruno, a, b } = await ward('resync', 'notes')
  const old = b.state.clientId
  assert.equal((await b.insert('notes', 'refused')).error.code, 'UPDATE_REJECTED')
  assert.equal((await b.insert('dose', 'innocent')).error.code, 'RESYNC_REQUIRED')
  const again = await bruno.join(room('resync'))
  assert.ok(again.state.clientId > old)
  assert.equal((await again.insert('dose', ' daily')).ok, true)
  await a.shows('dose', '5 mg daily')
  // What was refused stays refused, also when the lock has ended and whoever sends it.
  report('resync', { resource: room('resync'), client: old, session: bruno.me.sessionId })
})

test('Structs of a refused update are never accepted, whoever sends them later (D2c)', async () => {
  const { anna, bruno, b, lock } = await ward('never', 'notes')
  const evil = b.change(d => d.getText('notes').insert(0, 'refused'))
  assert.equal((await b.send(evil)).error.code, 'UPDATE_REJECTED')
  await anna.ok('LOCK_RELEASE', { lockId: lock.lockId })
  const again = await bruno.join(room('never'))
  assert.equal((await again.send(evil)).error.code, 'FOREIGN_CLIENT')
  const tab = await (await connect('usr_bruno')).join(room('never'))
  assert.equal((await tab.send(evil)).error.code, 'FOREIGN_CLIENT')
  report('never', { resource: room('never'), update: Buffer.from(evil).toString('base64') })
})

test('Nothing of a locked field slips through after the grant, however fast its neighbour types (L1, L6)', async () => {
  for (let round = 0; round < 5; round++) {
    const name = `race-${round}`
    const [anna, bruno] = [await connect('usr_anna'), await connect('usr_bruno')]
    const [, b] = [await anna.join(room(name)), await bruno.join(room(name))]
    const order = []
    anna.socket.on('Y_UPDATE', m => order.push(m.revision))
    anna.socket.on('LOCK_ACQUIRED', m => order.push(`lock at ${m.revision}`))
    const sent = []
    for (let i = 0; i < 150; i++) {
      sent.push(b.insert('notes', 'x'))
      if (i === 20 + 25 * round) anna.socket.emit('LOCK_ACQUIRE', { resourceId: room(name), field: 'notes' })
      if (i % 10 === 0) await pause(1)
    }
    const answers = await Promise.all(sent)
    await anna.call('HEARTBEAT', {})
    const at = order.findIndex(x => typeof x === 'string')
    assert.ok(at >= 0, 'the lock was not granted')
    assert.equal(order[at], `lock at ${at + 1}`, 'everything up to the revision, and no more, comes before the grant')
    assert.equal(order.length, at + 1, 'an update of the locked field was shown after the grant')
    const ok = answers.filter(x => x.ok).length
    assert.equal(ok, at)
    assert.equal(answers.slice(0, ok).every(x => x.ok), true)
    if (ok < answers.length) assert.equal(answers[ok].error.code, 'UPDATE_REJECTED')
    for (const x of answers.slice(ok + 1)) assert.equal(x.error.code, 'RESYNC_REQUIRED')
  }
})

test('SEED leaves a field alone that somebody else has locked (G4, L6)', async () => {
  const { bruno, a } = await ward('seed', 'allergies')
  const answer = await bruno.ok('SEED', { resourceId: room('seed'), values: { allergies: 'none', plan: marker } })
  assert.deepEqual(answer.seeded, ['plan'])
  await a.shows('plan', marker)
  assert.equal(a.text('allergies'), '')
})

test('A joiner learns which locks are in force (R1)', async () => {
  const { anna, lock } = await ward('joiner', 'notes')
  const c = await connect('usr_c')
  const { state } = await c.join(room('joiner'), { mode: 'viewer' })
  assert.equal(state.locks.length, 1)
  const [l] = state.locks
  assert.deepEqual([l.lockId, l.resourceId, l.field, l.userId, l.sessionId], [lock.lockId, room('joiner'), 'notes', 'usr_anna', anna.me.sessionId])
  assert.ok(l.name.includes('usr_anna') && Number.isInteger(l.expiresAt))
})

await main()

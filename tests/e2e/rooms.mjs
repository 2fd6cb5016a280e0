// Rooms and presence (SPEC 4), permissions (A6).
import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { connect } from './lib/client.mjs'
import { main, marker, pause, report, test, until } from './lib/suite.mjs'

const room = name => `page:/rooms/${name}`
const update = text => { const d = new Y.Doc(); d.getText('notes').insert(0, text); return Y.encodeStateAsUpdate(d) }

test('Joining answers with RESOURCE_STATE and by the callback, with the same fields (R1, SPEC 3)', async () => {
  const a = await connect('usr_a', { claims: { name: 'Dr Anna', role: 'surgeon' } })
  const { ok, ...answer } = await a.ok('JOIN_RESOURCE', { resourceId: room('state'), resourceType: 'patient_record', mode: 'editor' })
  const state = await a.next('RESOURCE_STATE')
  assert.equal(ok, true)
  assert.deepEqual(answer, state)
  assert.ok(Buffer.isBuffer(state.state) && Buffer.isBuffer(state.stateVector))
  const { users: [user, ...others], joined = Date.now() } = state
  assert.deepEqual(others, [])
  assert.deepEqual({ ...user, joinedAt: 0, color: '' },
    { userId: 'usr_a', name: 'Dr Anna', role: 'surgeon', mode: 'editor', sessions: [a.me.sessionId], joinedAt: 0, color: '' })
  assert.ok(Number.isInteger(user.joinedAt) && Math.abs(user.joinedAt - joined) < 5000)
  assert.match(user.color, /^#[0-9a-f]{6}$/)
  assert.deepEqual({ resourceId: state.resourceId, mode: state.mode, revision: state.revision, locks: state.locks },
    { resourceId: room('state'), mode: 'editor', revision: 1, locks: [] })
})

test('Without a callback RESOURCE_STATE alone answers (SPEC 3)', async () => {
  const a = await connect('usr_a')
  a.socket.emit('JOIN_RESOURCE', { resourceId: room('event'), mode: 'editor' })
  assert.equal((await a.next('RESOURCE_STATE')).resourceId, room('event'))
})

test('The others get USER_JOINED, and USER_LEFT with the reason when the last session leaves (R1, R3)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  await a.join(room('others'))
  await b.join(room('others'), { mode: 'viewer' })
  const { resourceId, user } = await a.next('USER_JOINED')
  assert.equal(resourceId, room('others'))
  assert.deepEqual(Object.keys(user).sort(), ['color', 'joinedAt', 'mode', 'name', 'role', 'sessions', 'userId'])
  assert.deepEqual([user.userId, user.mode, user.sessions], ['usr_b', 'viewer', [b.me.sessionId]])
  assert.deepEqual(await b.waiting('USER_JOINED'), [], 'who joins knows it from the state')
  assert.deepEqual((await b.ok('LEAVE_RESOURCE', { resourceId: room('others') })).ok, true)
  assert.deepEqual(await a.next('USER_LEFT'), { resourceId: room('others'), userId: 'usr_b', sessionId: b.me.sessionId, reason: 'left' })
  assert.equal((await b.refusal('Y_UPDATE', { resourceId: room('others'), update: update('x') })).code, 'NOT_JOINED')
})

test('An orderly disconnect and a lost one are USER_LEFT too (R3)', async () => {
  const [a, b, c] = [await connect('usr_a'), await connect('usr_b'), await connect('usr_c')]
  for (const x of [a, b, c]) await x.join(room('gone'))
  b.socket.disconnect()
  assert.equal((await a.next('USER_LEFT')).userId, 'usr_b')
  c.socket.io.engine.close() // without a word of Socket.IO
  assert.equal((await a.next('USER_LEFT')).userId, 'usr_c')
})

test('A user in two tabs is one user with two sessions, and leaves with the last (R4)', async () => {
  const [a, tab1, tab2] = [await connect('usr_a'), await connect('usr_two'), await connect('usr_two')]
  await a.join(room('tabs'))
  await tab1.join(room('tabs'), { mode: 'viewer' })
  await a.next('USER_JOINED')
  const doc = await tab2.join(room('tabs'))
  const { user } = await a.next('USER_JOINED')
  assert.deepEqual([...user.sessions].sort(), [tab1.me.sessionId, tab2.me.sessionId].sort())
  assert.equal(user.mode, 'editor', 'who may edit in one tab is an editor')
  assert.deepEqual(doc.state.users.map(u => u.userId).sort(), ['usr_a', 'usr_two'])
  await tab1.ok('LEAVE_RESOURCE', { resourceId: room('tabs') })
  assert.deepEqual(await a.waiting('USER_LEFT'), [])
  tab2.socket.disconnect()
  assert.deepEqual(await a.next('USER_LEFT'), { resourceId: room('tabs'), userId: 'usr_two', sessionId: tab2.me.sessionId, reason: 'disconnected' })
})

test('A session may be in many rooms, and each gets its own updates (R4)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  const mine = [await a.join(room('many/1')), await a.join(room('many/2'))]
  const theirs = [await b.join(room('many/1')), await b.join(room('many/2'))]
  await mine[0].insert('notes', 'one ' + marker)
  await mine[1].insert('notes', 'two ' + marker)
  await theirs[0].shows('notes', 'one ' + marker)
  await theirs[1].shows('notes', 'two ' + marker)
})

test('A viewer gets everything and can write nothing: each refusal is PERMISSION_DENIED (R2)', async () => {
  const [a, v] = [await connect('usr_a'), await connect('usr_viewer')]
  const doc = await a.join(room('viewer'))
  const view = await v.join(room('viewer'), { mode: 'viewer' })
  assert.equal(view.state.clientId, undefined)
  await doc.insert('notes', marker)
  await view.shows('notes', marker)
  const resourceId = room('viewer')
  const tries = [['Y_UPDATE', { update: update('x') }], ['RESOURCE_UPDATE', { update: update('x') }], ['SEED', { values: { f: 'x' } }],
    ['LOCK_ACQUIRE', { field: 'notes' }]]
  for (const [event, fields] of tries) {
    const { message, ...refused } = await v.refusal(event, { resourceId, ...fields })
    assert.ok(message)
    assert.deepEqual(refused, { code: 'PERMISSION_DENIED', event, resourceId, reason: 'viewer' })
    v.socket.emit(event, { resourceId, ...fields })
    const told = await v.next('PERMISSION_DENIED', e => e.event === event)
    assert.deepEqual([told.event, told.resourceId, told.reason], [event, resourceId, 'viewer'])
  }
  assert.equal(v.ended, '')
  assert.deepEqual(await a.waiting('Y_UPDATE'), [])
  assert.deepEqual(await a.waiting('LOCK_STATUS_CHANGED'), [])
  report('viewer', { resource: resourceId, session: v.me.sessionId, refusals: 2 * tries.length })
})

test('Asking for editor without the right is PERMISSION_DENIED, not a silent downgrade (R2, A6)', async () => {
  const v = await connect('usr_ro', { claims: { permissions: [{ resource: 'page:/rooms/*', mode: 'viewer' }] } })
  const resourceId = room('downgrade')
  const refused = await v.refusal('JOIN_RESOURCE', { resourceId, mode: 'editor' })
  assert.deepEqual([refused.code, refused.event, refused.resourceId], ['PERMISSION_DENIED', 'JOIN_RESOURCE', resourceId])
  assert.deepEqual(await v.waiting('RESOURCE_STATE'), [])
  v.socket.emit('JOIN_RESOURCE', { resourceId, mode: 'editor' })
  await v.next('PERMISSION_DENIED', e => e.resourceId === resourceId)
  assert.equal((await v.join(resourceId, { mode: 'viewer' })).state.mode, 'viewer')
  report('downgrade', { resource: resourceId, session: v.me.sessionId })
})

test('In the claim * crosses slashes, the most permissive match wins, and an empty list allows nothing (A6)', async () => {
  const may = async (permissions, resourceId, mode) =>
    (await (await connect('usr_glob', { claims: { permissions } })).call('JOIN_RESOURCE', { resourceId, mode })).ok
  const ward = { resource: 'page:/ward/*', mode: 'editor' }
  assert.equal(await may([ward], 'page:/ward/7/bed/3', 'editor'), true)
  assert.equal(await may([ward], 'page:/ward', 'editor'), false)
  assert.equal(await may([ward], 'page:/icu/1', 'viewer'), false)
  assert.equal(await may([{ resource: '*', mode: 'viewer' }, ward], 'page:/ward/7', 'editor'), true)
  assert.equal(await may([ward, { resource: '*', mode: 'viewer' }], 'page:/ward/7', 'editor'), true)
  assert.equal(await may([{ resource: '*', mode: 'viewer' }], 'page:/ward/7', 'viewer'), true)
  assert.equal(await may([{ resource: 'page:/*/notes', mode: 'editor' }], 'page:/ward/7/notes', 'editor'), true)
  assert.equal(await may([{ resource: 'page:/a.c', mode: 'editor' }], 'page:/abc', 'viewer'), false)
  assert.equal(await may([], 'page:/ward/7', 'viewer'), false)
  assert.equal(await may(['admin', 'break_glass'], 'page:/ward/7', 'viewer'), false)
})

test('AWARENESS goes to the others with the sender\'s identity stamped by the server (R6)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  await a.join(room('awareness'))
  await b.join(room('awareness'), { mode: 'viewer' })
  const state = { field: 'notes', selection: [1, 2], userId: 'usr_forged', text: marker }
  a.socket.emit('AWARENESS', { resourceId: room('awareness'), state, userId: 'usr_forged', sessionId: 'forged' })
  assert.deepEqual(await b.next('AWARENESS'), { resourceId: room('awareness'), userId: 'usr_a', sessionId: a.me.sessionId, state })
  b.socket.emit('AWARENESS', { resourceId: room('awareness'), state: { field: 'dose' } })
  assert.equal((await a.next('AWARENESS')).userId, 'usr_b', 'viewers are seen too')
  assert.deepEqual(await b.waiting('AWARENESS'), [], 'nobody gets his own')
})

test('Who joins later gets the awareness of those who are there, and its end when they leave (R6)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  await a.join(room('late'))
  await a.ok('AWARENESS', { resourceId: room('late'), state: { field: 'notes' } })
  await pause(150)
  await b.join(room('late'))
  assert.deepEqual((await b.next('AWARENESS')).state, { field: 'notes' })
  a.socket.disconnect()
  assert.equal((await b.next('AWARENESS')).state, null)
})

test('Awareness over 2 KiB is refused, and only in rooms that the session joined (R6)', async () => {
  const a = await connect('usr_a')
  await a.join(room('limits'))
  const resourceId = room('limits')
  assert.equal((await a.call('AWARENESS', { resourceId, state: { pad: 'x'.repeat(2000) } })).ok, true)
  assert.equal((await a.refusal('AWARENESS', { resourceId, state: { pad: 'x'.repeat(2100) } })).code, 'BAD_REQUEST')
  assert.equal((await a.refusal('AWARENESS', { resourceId: room('elsewhere'), state: {} })).code, 'NOT_JOINED')
  assert.equal(a.ended, '')
})

test('Awareness goes out at most 10 times a second a room, the last state of each session (R6)', async () => {
  const [a, b, c] = [await connect('usr_a'), await connect('usr_b'), await connect('usr_c')]
  for (const x of [a, b, c]) await x.join(room('rate'))
  const got = []
  c.socket.on('AWARENESS', m => got.push(m))
  const start = performance.now()
  let sent = 0
  while (performance.now() - start < 1000) {
    for (const x of [a, b]) x.socket.emit('AWARENESS', { resourceId: room('rate'), state: { n: sent } })
    sent++
    await pause(12)
  }
  const seconds = (performance.now() - start) / 1000
  await until('the last states', () => got.filter(m => m.state.n === sent - 1).length === 2)
  for (const x of [a, b]) {
    const of = got.filter(m => m.sessionId === x.me.sessionId).length
    assert.ok(of <= 10 * seconds + 2, `${of} of one session in ${seconds} s`)
    assert.ok(of >= 3, `${of} of one session in ${seconds} s`)
  }
})

test('A session that joins again in another mode is that, and the others are told (R1, R2)', async () => {
  const [a, b] = [await connect('usr_a'), await connect('usr_b')]
  await a.join(room('again'))
  await b.join(room('again'), { mode: 'viewer' })
  assert.equal((await a.next('USER_JOINED')).user.mode, 'viewer')
  const doc = await b.join(room('again'))
  assert.equal((await a.next('USER_JOINED')).user.mode, 'editor')
  assert.equal((await doc.insert('notes', marker)).ok, true)
  assert.equal((await b.join(room('again'), { mode: 'viewer' })).state.users.length, 2)
  assert.equal((await doc.insert('notes', 'x')).error.code, 'PERMISSION_DENIED')
})

test('Eight people in a room have eight colours (R1)', async () => {
  const colors = new Set()
  for (let i = 0; i < 8; i++) {
    const c = await connect(`usr_color${i}`)
    const { state } = await c.join(room('colors'))
    colors.add(state.users.find(u => u.userId === `usr_color${i}`).color)
  }
  assert.equal(colors.size, 8)
})

await main()

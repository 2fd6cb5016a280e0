import './dom.ts'
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { Channel } from '../src/channel.ts'
import { Connection } from '../src/connection.ts'
import { SharedDocument } from '../src/document.ts'
import type { Draft, Saved } from '../src/document.ts'
import { put } from '../src/edit.ts'
import type { Mode } from '../src/protocol.ts'
import { FakeGateway } from './gateway.ts'

function join(mode?: Mode) {
  const gateway = new FakeGateway()
  const connection = new Connection({ url: 'ws://gateway', token: () => 'token', renewable: false, open: gateway.open })
  const document = new SharedDocument(new Channel(connection, 'r'), { resourceType: undefined, mode })
  document.disputes.oneLine = () => false
  const drafts: Draft[] = []
  const saved: Saved[] = []
  document.events.on('draft', (draft) => drafts.push(draft))
  document.events.on('saved', (one) => saved.push(one))
  connection.tryNow()
  const write = (field: string, value: string): boolean => document.edit(field, undefined, (doc) => put(doc, field, value))
  const text = (field: string): string => document.doc.getText(field).toString()
  const end = (): void => {
    document.end()
    connection.close()
  }
  return { gateway, connection, document, drafts, saved, write, text, end, socket: gateway.socket }
}

test('D7 nothing is edited before an id was granted, and the granted one is used', () => {
  const { gateway, document, write, text, end, socket } = join()
  assert.equal(write('f', 'too early'), false)
  gateway.nextClient = 4711
  gateway.write('f', 'there')
  socket.greet()
  assert.equal(text('f'), 'there')
  assert.equal(document.doc.clientID, 4711)
  assert.equal(write('f', 'there and here'), true)
  assert.equal(gateway.text('f'), 'there and here')
  assert.ok([...gateway.doc.store.clients.keys()].includes(4711))
  end()
  end()
  assert.equal(gateway.count('LEAVE_RESOURCE'), 1)
})

test('what waits while an update is under way is sent as one', () => {
  const { gateway, document, saved, write, end, socket } = join()
  socket.greet()
  const answers: (() => void)[] = []
  const emit = socket.emit.bind(socket)
  socket.emit = (event, payload, done) => {
    if (event !== 'Y_UPDATE') return emit(event, payload, done)
    answers.push(() => emit(event, payload, done))
  }
  for (const value of ['a', 'ab', 'abc']) write('f', value)
  write('g', 'x')
  assert.equal(answers.length, 1)
  assert.equal(document.outbox.edits, 4)
  answers.shift()?.()
  assert.equal(answers.length, 1)
  answers.shift()?.()
  assert.deepEqual(saved.map(({ fields, edits, revision }) => [fields, edits, revision]), [[['f'], 1, 2], [['f', 'g'], 3, 3]])
  assert.equal(document.outbox.edits, 0)
  assert.equal(document.revision, 3)
  assert.equal(gateway.text('f'), 'abc')
  end()
})

test('what was not acknowledged is sent again after a reconnection, once, with what was typed meanwhile', () => {
  const { gateway, connection, document, saved, write, text, end, socket } = join()
  socket.greet()
  write('f', 'one')
  gateway.silent = true
  write('f', 'one two')
  socket.fail()
  write('f', 'one two three')
  assert.equal(document.outbox.edits, 2)
  gateway.silent = false
  gateway.doc.transact(() => put(gateway.doc, 'f', 'zero one'))
  connection.tryNow()
  socket.greet()
  assert.equal(gateway.text('f'), 'zero one two three')
  assert.equal(text('f'), 'zero one two three')
  assert.equal(document.outbox.edits, 0)
  assert.equal(saved.at(-1)?.edits, 2)
  assert.equal(document.doc.clientID, 2)
  end()
})

test('an update that the server had stored before it fell silent does no harm when it comes again', () => {
  const { gateway, connection, write, text, end, socket } = join()
  socket.greet()
  gateway.silent = true
  write('f', 'stored')
  const sent = gateway.heard.find(({ event }) => event === 'Y_UPDATE')?.payload['update'] as Uint8Array
  applyUpdate(gateway.doc, sent)
  socket.fail()
  gateway.silent = false
  connection.tryNow()
  socket.greet()
  assert.equal(gateway.text('f'), 'stored')
  assert.equal(text('f'), 'stored')
  end()
})

test('D2c L6 refused text becomes a draft, the rest is applied again under a new id', () => {
  const { gateway, document, drafts, write, text, end, socket } = join()
  gateway.write('f', 'theirs')
  gateway.write('g', 'g')
  socket.greet()
  gateway.locks.set('f', { lockId: 'l', field: 'f', sessionId: 's_2', userId: 'usr_002' })
  const replaced: Doc[] = []
  document.events.on('replaced', (doc) => replaced.push(doc))
  gateway.silent = true
  write('g', 'g kept')
  gateway.silent = false
  write('f', 'theirs, mine')
  document.edit('values/box', undefined, (doc) => put(doc, 'values/box', true))
  socket.fail()
  socket.connect()
  socket.greet()
  assert.deepEqual(drafts.map(({ field, mine, reason, by }) => [field, mine, reason, by]), [['f', 'theirs, mine', 'locked', 'usr_002']])
  assert.equal(text('f'), 'theirs')
  assert.equal(gateway.text('f'), 'theirs')
  assert.equal(gateway.text('g'), 'g kept')
  assert.equal(gateway.doc.getMap('values').get('box'), true)
  assert.equal(replaced.length, 1)
  assert.equal(document.outbox.edits, 0)
  assert.equal(document.doc.clientID, 3)
  end()
})

test('D2c a foreign id or a demand to begin anew loses nothing', () => {
  for (const code of ['FOREIGN_CLIENT', 'RESYNC_REQUIRED']) {
    const { gateway, drafts, write, end, socket } = join()
    socket.greet()
    gateway.refuse('Y_UPDATE', { code })
    write('f', 'kept')
    assert.equal(gateway.text('f'), 'kept')
    assert.deepEqual(drafts, [])
    end()
  }
})

test('what is refused again and again becomes a draft in the end', () => {
  const { gateway, drafts, text, write, end, socket } = join()
  socket.greet()
  for (let times = 0; times < 3; times++) gateway.refuse('Y_UPDATE', { code: 'FOREIGN_CLIENT' })
  write('f', 'cursed')
  assert.deepEqual(drafts.map(({ mine }) => mine), ['cursed'])
  assert.equal(text('f'), '')
  assert.equal(gateway.count('JOIN_RESOURCE'), 4)
  end()
})

test('what can never be stored becomes a draft', () => {
  const { gateway, drafts, write, end, socket } = join()
  socket.greet()
  gateway.refuse('Y_UPDATE', { code: 'UPDATE_TOO_LARGE' })
  write('f', 'too long')
  assert.deepEqual(drafts.map(({ mine, reason }) => [mine, reason]), [['too long', 'UPDATE_TOO_LARGE']])
  end()
})

test('D2 the server is sent what it lacks', () => {
  const { gateway, write, end, socket } = join()
  socket.greet()
  write('f', 'one')
  gateway.doc = new Doc()
  gateway.refuse('Y_UPDATE', { code: 'MISSING_DEPENDENCY', stateVector: encodeStateVector(gateway.doc) })
  write('f', 'one two')
  assert.equal(gateway.text('f'), 'one two')
  end()
})

test('F4 a server that can not store is tried again when it says so', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const { gateway, document, write, end, socket } = join()
  socket.greet()
  gateway.refuse('Y_UPDATE', { code: 'BACKPRESSURE', retryAfterMs: 3000 })
  write('f', 'patience')
  assert.equal(document.held, true)
  write('f', 'patience!')
  mock.timers.tick(2999)
  assert.equal(gateway.text('f'), '')
  mock.timers.tick(1)
  assert.equal(gateway.text('f'), 'patience!')
  assert.equal(document.held, false)
  end()
  mock.timers.reset()
})

test('a server that has lost the session of the room is joined again', () => {
  const { gateway, write, end, socket } = join()
  socket.greet()
  gateway.refuse('Y_UPDATE', { code: 'NOT_JOINED' })
  write('f', 'here')
  assert.equal(gateway.text('f'), 'here')
  assert.equal(gateway.count('JOIN_RESOURCE'), 2)
  end()
})

test('R2 who may not edit is a viewer, unless editing was asked for', () => {
  const viewer = join()
  viewer.gateway.refuse('JOIN_RESOURCE', { code: 'PERMISSION_DENIED', reason: 'viewer_only' })
  viewer.gateway.mode = 'viewer'
  viewer.socket.greet()
  assert.deepEqual([viewer.document.state.name, viewer.document.mode, viewer.document.editable], ['joined', 'viewer', false])
  assert.equal(viewer.write('f', 'x'), false)
  viewer.end()

  const editor = join('editor')
  editor.gateway.refuse('JOIN_RESOURCE', { code: 'PERMISSION_DENIED' })
  editor.socket.greet()
  assert.deepEqual(editor.document.state, { name: 'refused', code: 'PERMISSION_DENIED' })
  editor.end()
})

test('A5 a right that was taken away turns unsaved text into drafts', () => {
  const { gateway, document, drafts, write, end, socket } = join()
  socket.greet()
  gateway.silent = true
  write('f', 'unsaved')
  socket.fail()
  gateway.silent = false
  gateway.mode = 'viewer'
  socket.connect()
  socket.greet()
  assert.deepEqual(drafts.map(({ mine }) => mine), ['unsaved'])
  assert.equal(document.mode, 'viewer')
  socket.tell('PERMISSION_DENIED', { resourceId: 'r', event: 'TOKEN_REFRESH' })
  assert.equal(document.state.name, 'joined')
  end()
})

test('a join that can be tried again is', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const { gateway, document, end, socket } = join()
  gateway.refuse('JOIN_RESOURCE', { code: 'UNAVAILABLE', retryAfterMs: 100 })
  socket.greet()
  assert.equal(document.state.name, 'apart')
  mock.timers.tick(100)
  assert.equal(document.state.name, 'joined')
  end()
  mock.timers.reset()
})

test('an update that builds on one which was lost makes the document ask for it', () => {
  const { gateway, text, end, socket } = join()
  socket.greet()
  const before = encodeStateVector(gateway.doc)
  gateway.doc.getText('f').insert(0, 'lost ')
  const middle = encodeStateVector(gateway.doc)
  gateway.doc.getText('f').insert(5, 'seen')
  assert.notDeepEqual(before, middle)
  socket.tell('Y_UPDATE', { resourceId: 'r', update: encodeStateAsUpdate(gateway.doc, middle), revision: 3, userId: 'u', sessionId: 's' })
  assert.equal(text('f'), 'lost seen')
  assert.equal(gateway.count('Y_SYNC'), 1)
  end()
})

test('D7 somebody who writes under the granted id makes the document begin anew', () => {
  const { gateway, document, end, socket } = join()
  socket.greet()
  const thief = new Doc()
  thief.clientID = document.doc.clientID
  thief.getText('f').insert(0, 'stolen')
  applyUpdate(gateway.doc, encodeStateAsUpdate(thief))
  socket.tell('Y_UPDATE', { resourceId: 'r', update: encodeStateAsUpdate(thief), revision: 2, userId: 'u', sessionId: 's' })
  assert.equal(gateway.count('JOIN_RESOURCE'), 2)
  assert.equal(document.doc.clientID, 2)
  end()
})

test('arrivals tell the fields, texts and choices', () => {
  const { gateway, document, end, socket } = join()
  socket.greet()
  const arrived: string[][] = []
  document.events.on('arrived', ({ fields, userId }) => userId !== '' && arrived.push([...fields]))
  gateway.write('f', 'x')
  gateway.write('values/box', true)
  assert.deepEqual(arrived, [['f'], ['values/box']])
  end()
})

import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blank, same, shown, valueIn, wireName } from '../src/field.ts'
import { settingsOf } from '../src/options.ts'
import type { Options } from '../src/options.ts'
import { answer, bytes, lock, resourceState, session, user } from '../src/protocol.ts'
import { statusOf } from '../src/status.ts'
import type { Status, StatusParts } from '../src/status.ts'
import { en } from '../src/ui/messages.en.ts'
import { clock, fieldView, panelView, varietyOf } from '../src/ui/model.ts'
import type { FieldParts, PanelParts } from '../src/ui/model.ts'
import { initials, people, readable, roleName } from '../src/ui/person.ts'
import { Doc } from 'yjs'

const calm: StatusParts = {
  connection: { name: 'open', session: session({}) },
  everOpen: true, document: { name: 'joined' }, met: true, mode: 'editor', revision: 5, edits: 0, loose: 0, drafts: 0, stored: false, store: undefined, degraded: [],
}
const statuses: [string, Partial<StatusParts>, Partial<Status>][] = [
  ['all is on the server', {}, { connection: 'connected', save: 'server', waiting: 0, mode: 'editor' }],
  ['something is on its way', { edits: 2 }, { save: 'unsaved', waiting: 2 }],
  ['this browser has it', { edits: 2, stored: true }, { save: 'here' }],
  ['this browser has text that is in no document yet', { edits: 2, loose: 1, stored: true }, { save: 'here', waiting: 3 }],
  ['a draft is kept nowhere', { drafts: 1 }, { save: 'unsaved', waiting: 1 }],
  ['a draft is kept here', { drafts: 1, stored: true }, { save: 'server', waiting: 0 }],
  ['the first connection', { connection: { name: 'connecting', attempt: 0 }, everOpen: false, met: false }, { connection: 'connecting', mode: undefined }],
  ['a later try', { connection: { name: 'connecting', attempt: 2 } }, { connection: 'offline' }],
  ['waiting', { connection: { name: 'waiting', attempt: 1, until: 9 } }, { connection: 'offline', retryAt: 9 }],
  ['not joined yet', { document: { name: 'joining' } }, { connection: 'connecting' }],
  ['no access', { document: { name: 'refused', code: 'PERMISSION_DENIED' } }, { connection: 'refused', reason: 'PERMISSION_DENIED' }],
  ['signed out', { connection: { name: 'refused', reason: 'expired' } }, { connection: 'refused', reason: 'expired' }],
  ['the gateway does without something', { degraded: ['state'] }, { connection: 'connected', degraded: ['state'] }],
  ['the browser has no room', { edits: 1, store: 'STORE_FULL' }, { save: 'unsaved', store: 'STORE_FULL' }],
  ['at the end', { connection: { name: 'closed' } }, { connection: 'closed' }],
  ['at the beginning', { connection: { name: 'idle' } }, { connection: 'connecting' }],
]
for (const [name, parts, want] of statuses) {
  test(`G6 the status when ${name}`, () => {
    const got = statusOf({ ...calm, ...parts })
    for (const [key, value] of Object.entries(want)) assert.deepEqual(got[key as keyof Status], value, key)
  })
}

const status = statusOf(calm)
const plain: FieldParts = { id: 'id-dose', label: 'Dose', kind: 'text', own: false, other: undefined, asked: false, people: [], status, save: undefined, draft: undefined, conflict: undefined }
const conflict = { mine: '500 mg', theirs: '750 mg', by: 'Dr Luca Rossi' }
const other = lock({ field: 'id-dose', userId: 'u', name: 'Anna Ferri', acquiredAt: 1 })
const views: [string, Partial<FieldParts>, string, string | undefined][] = [
  ['normal', {}, 'bound', undefined],
  ['own lock', { own: true }, 'own', 'Locked by you'],
  ['another\'s lock', { other }, 'other', 'Anna Ferri'],
  ['another\'s lock that was asked for', { other, asked: true }, 'other', 'Anna Ferri, asked'],
  ['two values', { conflict, other }, 'two', 'Choose'],
  ['offline', { status: { ...status, connection: 'offline' } }, 'offline', undefined],
  ['offline with text kept here', { status: { ...status, connection: 'offline' }, save: 'here' }, 'offline', 'Saved here'],
  ['text that is nowhere', { save: 'unsaved', own: true }, 'offline', 'Not saved'],
  ['a viewer', { status: { ...status, mode: 'viewer' } }, 'bound', 'Viewing'],
  ['a viewer\'s box', { status: { ...status, mode: 'viewer' }, kind: 'checkbox' }, 'bound', undefined],
]
for (const [name, parts, ring, words] of views) {
  test(`G5 a field: ${name}`, () => {
    const view = fieldView({ ...plain, ...parts }, en)
    assert.deepEqual([view.ring, view.tag?.words], [ring, words])
    assert.equal(view.tip[0], 'Collaborative field: id-dose')
  })
}
test('G5 a field tells who holds it since when', () => {
  const view = fieldView({ ...plain, other }, en)
  assert.match(view.tip[1], /^Locked by Anna Ferri since \d/)
  assert.equal(fieldView({ ...plain, conflict }, en).tip[1], 'Two values: choose one')
})
test('L7 a lock can be asked for by who can write, while connected', () => {
  const act = (parts: Partial<FieldParts>): unknown => fieldView({ ...plain, other, ...parts }, en).tag?.act
  assert.equal(act({}), 'ask')
  assert.equal(act({ asked: true }), undefined)
  assert.equal(act({ status: { ...status, mode: 'viewer' } }), undefined)
  assert.equal(act({ status: { ...status, connection: 'offline' } }), undefined)
  assert.equal(fieldView({ ...plain, other }, en).tag?.does, 'Anna Ferri: Ask for Dose')
})
test('G8 times are written as the language has them', () => {
  const noon = new Date(2026, 10, 30, 14, 5).getTime()
  assert.equal(clock(noon, 'it'), '14:05')
  assert.match(clock(noon, 'en-US'), /^02:05\sPM$/)
  assert.deepEqual(['it', 'it_CH', 'it-CH', 'x'].map(varietyOf), ['it', 'it-CH', 'it-CH', 'en'])
})

const you = people([user({ userId: 'me', name: 'Giulia Conti', role: 'nurse' })], 'me')
const panel: PanelParts = { status, late: false, title: 'Bianchi', people: you, active: [], choose: [], drafts: [], locksPaused: false, fields: 3, ownLocks: false, now: 1000 }
const panels: [string, Partial<PanelParts>, [string, string, string, string | undefined]][] = [
  ['synced', {}, ['ok', 'Synced', 'saved on the server', undefined]],
  ['locks are paused', { locksPaused: true }, ['deg', 'Synced', 'saved on the server. Locks are paused.', undefined]],
  ['a viewer', { status: { ...status, mode: 'viewer' } }, ['ok', 'Synced', 'you can read, not change', undefined]],
  ['syncing', { status: { ...status, save: 'unsaved', waiting: 1 }, ownLocks: true }, ['sync', 'Syncing…', '1 change on the way', 'unlockMine']],
  ['late', { status: { ...status, save: 'unsaved', waiting: 2 }, late: true }, ['bad', 'Not saved', en.notSavedWhy, undefined]],
  ['opening', { status: { ...status, connection: 'connecting' } }, ['sync', 'Syncing…', 'getting the record', undefined]],
  ['offline', { status: { ...status, connection: 'offline' } }, ['off', 'Offline', 'you can go on typing.', 'tryNow']],
  ['offline, unsaved', { status: { ...status, connection: 'offline', save: 'unsaved' } }, ['off', 'Offline', en.offlineUnsaved, 'tryNow']],
  ['refused', { status: { ...status, connection: 'refused', reason: 'expired' } }, ['bad', 'No access', en.noAccessWhy('expired'), 'tryNow']],
]
for (const [name, parts, want] of panels) {
  test(`G5 the panel: ${name}`, () => {
    const view = panelView({ ...panel, ...parts }, en)
    assert.deepEqual([view.kind, view.word, view.rest, view.action], want)
  })
}
test('G5 the panel counts down, and counts what waits', () => {
  const view = panelView({ ...panel, status: { ...status, connection: 'offline', waiting: 3, save: 'here', retryAt: 4500 } }, en)
  assert.deepEqual([view.title, view.subtitle, view.footer], ['Offline', 'trying again in 4 s', '3 changes wait'])
  assert.equal(panelView(panel, en).footer, '3 shared fields')
})

test('people have initials without titles, and colours that white can be read on', () => {
  assert.deepEqual(['Dr Luca Rossi', 'Anna', 'dott. Mario De Santis', ''].map(initials), ['LR', 'A', 'MS', '?'])
  assert.deepEqual([readable('#283593'), readable('#ffee00'), readable('red')], [true, false, false])
  assert.equal(roleName('ward_nurse'), 'Ward nurse')
  const users = [user({ userId: 'a', color: '#00695c' }), user({ userId: 'b', color: '#ffffff', mode: 'viewer' })]
  assert.deepEqual(people(users, 'b').map(({ colour, you, viewing }) => [colour, you, viewing]), [['#00695c', false, false], ['#00695c', true, true]])
})

test('values of fields', () => {
  assert.deepEqual([wireName('a', 'text'), wireName('a', 'radio')], ['a', 'values/a'])
  assert.deepEqual(['', false, [], 'x', true].map(blank), [true, true, true, false, false])
  assert.deepEqual([same(['a'], ['a']), same(['a'], ['b']), same('a', undefined)], [true, false, false])
  assert.deepEqual([shown(undefined), shown(false), shown(['a', 'b'])], ['', '–', 'a, b'])
  const doc = new Doc()
  doc.getMap('values').set('odd', { a: 1 })
  assert.equal(valueIn(doc, 'values/odd'), undefined)
})

test('what does not fit the protocol becomes empty', () => {
  assert.deepEqual(answer(undefined), { code: 'INTERNAL', fields: {} })
  assert.deepEqual(answer({ ok: true, revision: 4 }), { code: '', fields: { ok: true, revision: 4 } })
  assert.deepEqual([...bytes([1, 2])], [1, 2])
  assert.deepEqual([...bytes(new Uint8Array([3]).buffer)], [3])
  assert.equal(bytes('x').length, 0)
  assert.equal(session({ userId: 'u' }).name, 'u')
  const state = resourceState({ users: [1], locks: 'none', revision: 'x', mode: 'viewer' })
  assert.deepEqual([state.users[0]?.userId, state.locks, state.revision, state.clientId, state.mode], ['', [], 0, undefined, 'viewer'])
})

const good: Options = { gatewayUrl: 'wss://g', token: 't' }
test('G1 defaults', () => {
  const settings = settingsOf(good, document)
  assert.deepEqual(
    [typeof settings.resourceId === 'function' && settings.resourceId(window.location), settings.locking, settings.optIn, settings.renewable, settings.panel, settings.mode],
    ['page:/patient/12345', 'off', false, false, 'auto', undefined],
  )
  assert.equal(settings.token(), 't')
})
test('G1 choices', () => {
  const settings = settingsOf({ ...good, getToken: () => 'new', capture: 'opt-in', include: '.a', ui: { panel: 'open' }, mode: 'viewer' }, document)
  assert.deepEqual([settings.token(), settings.renewable, settings.optIn, settings.include, settings.panel], ['new', true, true, ['.a'], 'open'])
  assert.equal(settingsOf({ ...good, ui: { panel: false } }, document).panel, 'none')
})
const wrong: [string, object][] = [
  ['gatewayUrl', { gatewayUrl: '' }],
  ['token', { token: '' }],
  ['getToken', { getToken: 'x' }],
  ['resourceId', { resourceId: 7 }],
  ['capture', { capture: 'all' }],
  ['mode', { mode: 'owner' }],
  ['locking', { locking: 'always' }],
  ['include', { include: '[[' }],
]
for (const [name, options] of wrong) {
  test(`G1 a wrong ${name} is named`, () => {
    assert.throws(() => settingsOf({ ...good, ...options } as Options, document), new RegExp(`CollabSDK.init: .*${name}`))
  })
}

import './dom.ts'
import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import { Handle } from '../src/handle.ts'
import { settingsOf } from '../src/options.ts'
import type { Options } from '../src/options.ts'
import { Widget } from '../src/widget.ts'
import { Decoration } from '../src/ui/decoration.ts'
import type { FieldView } from '../src/ui/model.ts'
import { loadPart } from '../src/ui/part.ts'
import { FakeGateway } from './gateway.ts'
import { get, settled, show, type } from './dom.ts'

const markup = '<input id="a" aria-label="Dose" value="500 mg" aria-describedby="hint"><span id="hint">in mg</span><input id="b" aria-label="Route">'
const luca = { userId: 'usr_002', name: 'Dr Luca Rossi', sessionId: 's_2', role: 'physician' }

async function start(options: Partial<Options> = {}, gateway = new FakeGateway()) {
  await loadPart()
  show(markup)
  const settings = settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', locale: 'en', ...options }, document)
  const handle = new Handle(settings, document, gateway.open, () => undefined)
  running = handle
  handle.start()
  const widget = started as Widget
  const { socket } = gateway
  socket.greet()
  const tell = (event: string, fields: object): void => socket.tell(event, { resourceId: 'r', ...fields })
  await settled(20)
  const root = (): ShadowRoot => document.querySelector('corsia-panel')?.shadowRoot as ShadowRoot
  const find = (selector: string): HTMLElement | null => root().querySelector<HTMLElement>(selector)
  const words = (): string => root().textContent ?? ''
  const press = (text: string): void => {
    const all = [...root().querySelectorAll('button')].filter((one) => one.textContent === text)
    assert.equal(all.length, 1, `buttons "${text}"`)
    all[0]?.click()
  }
  return { gateway, widget, handle, socket, tell, root, find, words, press }
}

let running: Handle | undefined
let started: Widget | undefined
const { start: begin } = Widget.prototype
Widget.prototype.start = function () {
  started = this
  begin.call(this)
}
afterEach(() => running?.destroy())

test('L7 asking for a locked field from the panel, and being granted it', async () => {
  const { gateway, socket, tell, find, press, words } = await start()
  tell('LOCK_STATUS_CHANGED', { field: 'id-a', status: 'locked', ...luca })
  await settled()
  press('Ask')
  await settled()
  assert.match(words(), /Ask Dr Luca Rossi for this field/)
  assert.equal(words().includes('It cannot wait'), false, 'breaking a lock without the permission')
  const message = find('dialog input') as HTMLInputElement
  message.value = 'need it'
  find('dialog .b.p')?.click()
  await settled()
  assert.equal(find('dialog') === null, true)
  const sent = gateway.heard.find(({ event }) => event === 'LOCK_REQUEST')?.payload
  assert.deepEqual([sent?.['field'], sent?.['message']], ['id-a', 'need it'])
  assert.match(words(), /Dr Luca Rossi, asked/)
  tell('LOCK_ACQUIRED', { field: 'id-a', lockId: 'l_9', fence: 3 })
  tell('LOCK_RELEASED', { field: 'id-a', ...luca, reason: 'released' })
  await settled()
  assert.match(words(), /Dose is yours/)
  assert.equal(get('a').readOnly, false)
  assert.equal(socket.connected, true)
})

test('L7 a request at a holder who types is a notice that takes no focus; Escape and "Keep editing" decline', async () => {
  const { gateway, handle, tell, find, press } = await start()
  await handle.lock('id-a')
  get('a').focus()
  get('a').dispatchEvent(new Event('keydown', { bubbles: true }))
  tell('LOCK_REQUESTED', { field: 'id-a', message: 'one minute', ...luca })
  await settled()
  assert.equal(find('dialog') === null, true)
  assert.match(find('.nt')?.textContent ?? '', /Dr Luca Rossi asks for your field.*Dose: “one minute”/)
  assert.equal(document.activeElement?.id, 'a')
  press('Keep editing')
  assert.equal(gateway.count('LOCK_REQUEST_DECLINED'), 1)
  tell('LOCK_REQUESTED', { field: 'id-a', ...luca })
  await settled()
  press('Hand over')
  assert.equal(gateway.heard.find(({ event }) => event === 'LOCK_RELEASE')?.payload['to'], 's_2')
  assert.equal(find('.nt') === null, true)
})

test('L7 a request at a holder who rests is a dialog with the focus on the harmless button', async () => {
  const { gateway, widget, handle, tell, root, find } = await start()
  await handle.lock('id-a')
  get('a').focus()
  mock.method(widget.locks, 'idle', () => true)
  tell('LOCK_REQUESTED', { field: 'id-a', ...luca })
  await settled()
  assert.equal(root().activeElement?.textContent, 'Keep editing')
  find('dialog')?.dispatchEvent(new Event('cancel', { cancelable: true }))
  assert.equal(gateway.count('LOCK_REQUEST_DECLINED'), 1)
  assert.equal(find('dialog') === null, true)
  assert.equal(document.activeElement?.id, 'a')
})

test('L7 a lock is broken with a reason of ten characters and a code; who held it is told', async () => {
  const gateway = new FakeGateway()
  const { tell, find, press, words, socket } = await start({}, gateway)
  socket.tell('CONNECTED', { sessionId: socket.session, userId: 'usr_001', permissions: { breakGlass: true } })
  tell('LOCK_STATUS_CHANGED', { field: 'id-a', status: 'locked', ...luca })
  await settled()
  press('Ask')
  await settled()
  press('It cannot wait…')
  const reason = find('dialog textarea') as HTMLTextAreaElement
  reason.value = '  urgent  '
  press('Break lock')
  assert.match(words(), /Give at least 10 characters/)
  assert.deepEqual([reason.ariaInvalid, gateway.count('LOCK_BREAK')], ['true', 0])
  reason.value = 'allergic reaction'
  gateway.refuse('LOCK_BREAK', { code: 'PERMISSION_DENIED' })
  press('Break lock')
  assert.match(words(), /The lock was not broken \(PERMISSION_DENIED\)/)
  press('Break lock')
  assert.equal(find('dialog') === null, true)
  assert.deepEqual(gateway.heard.filter(({ event }) => event === 'LOCK_BREAK').at(-1)?.payload, { resourceId: 'r', field: 'id-a', reason: 'allergic reaction', code: 'ETREAT' })
  tell('LOCK_RELEASED', { field: 'id-a', userId: 'usr_001', sessionId: socket.session, reason: 'broken', byName: 'Anna Ferri' })
  await settled()
  assert.match(words(), /Anna Ferri broke your lock on DoseWhat you wrote is kept/)
})

test('G9 a push is told once, with its source, and nothing that was typed is touched', async () => {
  const { handle, tell, words } = await start()
  const pushes: object[] = []
  handle.on('resourceUpdated', (push) => pushes.push(push))
  type(get('a'), 'typed')
  const push = { deliveryId: 'd_1', source: 'laboratory', eventType: 'result', occurredAt: '2026-11-30T13:58:00Z', data: { summary: 'Potassium 3.9 mmol/L', field: 'id-a' } }
  for (let time = 0; time < 2; time++) tell('RESOURCE_UPDATED', push)
  tell('RESOURCE_UPDATED', { ...push, deliveryId: 'd_2', data: null })
  await settled()
  assert.equal(pushes.length, 2)
  assert.deepEqual(pushes[0], { ...push, resourceId: 'r', version: undefined })
  assert.equal(words().match(/New information from laboratory/g)?.length, 2)
  assert.match(words(), /Potassium 3.9 mmol\/L, \d.*Your text was not changed\./)
  assert.equal(get('a').value, 'typed')
})

test('L6 a draft is deleted by two presses; one without a field is in the panel', async () => {
  const { widget, find, press, words } = await start()
  widget.document.keepAsDraft('id-gone', 'my words', 'removed')
  await settled(20)
  assert.match(words(), /Texts kept for you.*id-gone.*Its field is not on this page.*my words/)
  const { drafts } = widget
  press('Delete')
  assert.equal(drafts.size, 1)
  press('Delete for good?')
  assert.equal(drafts.size, 0)
  widget.document.keepAsDraft('id-a', '750 mg', 'locked')
  await settled(20)
  const below = (): HTMLElement | null | undefined => document.querySelector('corsia-fields')?.shadowRoot?.querySelector<HTMLElement>('.strip')
  await settled(450)
  assert.match(below()?.textContent ?? '', /Your text was not saved. Draft kept./)
  assert.equal(find('.dr') === null, true)
})

test('G4 of two values neither is preselected, and one is taken when the user says so', async () => {
  const { widget, press } = await start()
  const chosen: string[] = []
  const field = widget.fields.get('id-a') as unknown as { conflict: object | undefined; choose: (which: string) => void }
  const conflict = { mine: '500 mg', theirs: '750 mg', by: 'Dr Luca Rossi' }
  Object.defineProperty(field, 'conflict', { value: conflict, writable: true })
  field.choose = (which) => {
    chosen.push(which)
    field.conflict = undefined
  }
  widget.fields.events.emit('changed', widget.fields.all)
  await settled(500)
  const layer = document.querySelector('corsia-fields')?.shadowRoot
  const card = (): HTMLElement | null | undefined => layer?.querySelector<HTMLElement>('.cv')
  assert.match(card()?.textContent ?? '', /Dose has two values.*500 mg.*Hospital record.*750 mg.*Shared here by Dr Luca Rossi/)
  assert.equal(card()?.contains(document.activeElement), false)
  card()?.querySelector<HTMLElement>('.lk')?.click()
  assert.equal(card() === null, true)
  assert.deepEqual([chosen, get('a').value], [[], '500 mg'])
  press('Choose')
  assert.equal((layer?.activeElement as HTMLElement).ariaLabel, 'Use this: 500 mg, Hospital record, on this page')
  card()?.querySelectorAll<HTMLElement>('.op button')[1]?.click()
  assert.deepEqual(chosen, ['theirs'])
  assert.equal(card() === null, true)
})

test('G8 fields are described beside what the page says of them, and it is all taken back', async () => {
  const { handle, tell } = await start()
  const described = (): string => (get('a').getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent).join(' | ')
  assert.equal(described(), 'in mg')
  tell('LOCK_STATUS_CHANGED', { field: 'id-a', status: 'locked', ...luca })
  await settled()
  assert.match(described(), /^in mg \| Locked by Dr Luca Rossi since/)
  get('a').setAttribute('aria-describedby', 'hint') // a framework writes its own again
  tell('LOCK_STATUS_CHANGED', { field: 'id-b', status: 'locked', ...luca })
  await settled()
  assert.match(described(), /^in mg \| Locked by/)
  handle.destroy()
  assert.equal(described(), 'in mg')
})

test('G8 what is announced is little, and never what others type', async () => {
  const { gateway, tell, root, find } = await start()
  const live = root().querySelector('[role=status]') as HTMLElement
  for (let count = 0; count < 5; count++) gateway.write('id-b', `text ${count}`)
  tell('USER_JOINED', { user: { userId: 'usr_002', name: 'Dr Luca Rossi', sessions: ['s_2'] } })
  tell('USER_JOINED', { user: { userId: 'usr_003', name: 'Anna Ferri', sessions: ['s_3'] } })
  get('a').focus()
  tell('LOCK_STATUS_CHANGED', { field: 'id-a', status: 'locked', ...luca })
  await settled(1_600)
  assert.equal(live.textContent, 'On this record: 3. Dose: Dr Luca Rossi, locked')
  assert.equal(root().querySelectorAll('[role=status],[aria-live]').length, 1)
  assert.equal(find('.pn') !== null, true)
})

test('G8 the shortcut brings the focus to the panel, and Escape brings it back', async () => {
  const { root } = await start({ ui: { panel: 'minimised' } })
  get('b').focus()
  const { KeyboardEvent } = globalThis as unknown as { KeyboardEvent: typeof globalThis.KeyboardEvent }
  get('b').dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyC', altKey: true, shiftKey: true, bubbles: true, composed: true }))
  assert.equal((root().activeElement as HTMLElement).ariaLabel, 'Minimise')
  root().activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
  assert.equal(document.activeElement?.id, 'b')
})

test('G8 an Italian page speaks Italian', async () => {
  const { handle, words } = await start({ locale: 'it-IT' })
  await settled(50)
  assert.match(words(), /Connesso.*Sincronizzato — salvato sul server.*Giulia Conti \(Lei\)/)
  assert.equal(document.querySelector<HTMLElement>('corsia-panel')?.lang, 'it')
  handle.destroy()
  assert.equal(document.querySelectorAll('corsia-panel,corsia-notes,corsia-fields').length, 0)
})

const boxView: FieldView = {
  id: 'id-a', label: 'Given', box: true, ring: 'other', tag: undefined, people: [], tip: ['', ''], draft: undefined, conflict: undefined,
}
const decorate = (): Decoration =>
  new Decoration(document.createElement('input'), true, { tip: () => undefined, press: () => undefined, below: () => [] })

test('G5 a tag without room for words has the initials of its holder, as the avatar has; none is empty', () => {
  const decoration = decorate()
  const mark = (tag: FieldView['tag']): string | null | undefined => {
    decoration.show({ ...boxView, tag })
    return decoration.node.querySelector('.cl')?.textContent
  }
  assert.equal(mark({ kind: 'other', words: 'Dr Luca Rossi, asked' }), '🔒LR')
  assert.equal(mark({ kind: 'view', words: 'Viewing' }), '👥')
})

test('G8 what is drawn around a field that is cut off takes no more room than what is seen of it', () => {
  const decoration = decorate()
  decoration.show(boxView)
  const box = { left: 10, top: 5, right: 210, bottom: 25 }
  decoration.place({ box, seen: { ...box, right: 110 }, radius: '3px', layer: 1, room: false }, { left: 0, top: 0, scale: 1 })
  const { left, top, width, height } = decoration.node.style
  assert.deepEqual([left, top, width, height], ['10px', '5px', '100px', '20px'])
  assert.equal(decoration.node.classList.contains('cut'), true)
})

// What colleagues, their tokens and other systems say is text, whatever it looks like (ASVS 5.3.3, 5.1.2).
import './dom.ts'
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Handle } from '../src/handle.ts'
import { settingsOf } from '../src/options.ts'
import { loadPart } from '../src/ui/part.ts'
import { FakeGateway } from './gateway.ts'
import { settled, show } from './dom.ts'

const evil = '<img src=x onerror="globalThis.hit=1"><script>globalThis.hit=1</script>'
const mallory = { userId: '__proto__', name: evil, sessionId: 's_2', role: evil }

async function start(markup: string) {
  await loadPart()
  show(markup)
  const gateway = new FakeGateway()
  const settings = settingsOf({ gatewayUrl: 'ws://g', token: 't', resourceId: 'r', locale: 'en' }, document)
  running = new Handle(settings, document, gateway.open, () => undefined)
  running.start()
  const { socket } = gateway
  socket.greet()
  const tell = (event: string, fields: object): void => socket.tell(event, { resourceId: 'r', ...fields })
  await settled(20)
  return { tell }
}

let running: Handle | undefined
afterEach(() => running?.destroy())

/** Returns every shadow root of the widget. */
const roots = (): ShadowRoot[] => [...document.querySelectorAll('*')].flatMap(({ shadowRoot }) => shadowRoot ?? [])

function unharmed(where: string): void {
  assert.equal('hit' in globalThis, false, `${where}: a script ran`)
  for (const root of [document, ...roots()]) {
    assert.equal(root.querySelectorAll('img, script[src="x"], [onerror]').length, 0, `${where}: markup became elements`)
  }
  assert.equal(({} as { polluted?: unknown }).polluted, undefined, `${where}: every object has it`)
}

test('what colleagues are called is text', async () => {
  const { tell } = await start('<input id="a" aria-label="Dose">')
  const user = { ...mallory, mode: 'editor', sessions: 1, joinedAt: 1, color: '#123456;background:url(x)' }
  tell('USER_JOINED', { user })
  tell('AWARENESS', { ...mallory, state: { field: 'id-a', color: evil } })
  await settled(20)
  unharmed('who is there')
  tell('LOCK_STATUS_CHANGED', { ...mallory, field: 'id-a', status: 'locked', lockId: evil, expiresAt: Date.now() + 30_000 })
  await settled(20)
  unharmed('a lock')
  assert.ok(roots().some((root) => root.textContent?.includes('<img src=x') === true), 'the name is not shown at all')
})

test('what other systems and colleagues say is text', async () => {
  const { tell } = await start('<input id="a" aria-label="Dose">')
  tell('RESOURCE_UPDATED', { deliveryId: 'd', source: evil, eventType: evil, version: evil, occurredAt: 1, data: { note: evil } })
  tell('LOCK_REQUESTED', { ...mallory, field: 'id-a', lockId: 'l', message: evil })
  tell('LOCK_RELEASED', { ...mallory, field: 'id-a', lockId: 'l', reason: 'broken', by: mallory.userId, byName: evil })
  tell('DEGRADED', { what: evil, since: 1 })
  await settled(20)
  unharmed('notices')
  assert.ok(roots().some((root) => root.textContent?.includes('<img src=x') === true), 'nothing of it is shown at all')
})

test('fields with names of prototypes are fields like others', async () => {
  const { tell } = await start('<input id="__proto__" aria-label="One"><input name="constructor" aria-label="Two"><input id="b">')
  tell('AWARENESS', { ...mallory, state: JSON.parse('{"field":"__proto__","__proto__":{"polluted":1}}') })
  tell('LOCK_STATUS_CHANGED', { ...mallory, field: '__proto__', status: 'locked', lockId: 'l', expiresAt: Date.now() + 30_000 })
  await settled(20)
  unharmed('names of fields')
  const fields = running?.fields.map(({ id }) => id) ?? []
  assert.equal(fields.includes('id-__proto__') && fields.includes('name-constructor'), true, fields.join())
})

import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase, result } from '../src/offline/database.ts'
import { Vault } from '../src/offline/vault.ts'
import type { Place } from '../src/offline/vault.ts'
import { whoOf } from '../src/offline/who.ts'
import { Browser, tokenOf } from './browser.ts'

const place: Place = ['page:/patient/12345', 'tab', 'own']
const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const data = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value)

function vaultOf(userId: string) {
  const failures: string[] = []
  const vault = new Vault('wss://gateway')
  vault.events.on('failed', ({ code }) => failures.push(code))
  assert.equal(vault.identify(tokenOf(userId)), true)
  return { vault, failures }
}

/** All that the disk has of records. */
async function onDisk(): Promise<{ key: unknown; value: Uint8Array<ArrayBuffer> }[]> {
  const db = await openDatabase()
  const store = db.transaction('records').objectStore('records')
  const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())])
  db.close()
  return keys.map((key, index) => ({ key, value: values[index] as Uint8Array<ArrayBuffer> }))
}

test('a token says whose it is, without being believed', () => {
  assert.deepEqual(whoOf(tokenOf('Giulia Contì', 'san_raffaele')), ['san_raffaele', 'Giulia Contì'])
  assert.deepEqual(whoOf(`x.${Buffer.from('{"sub":"u?>~"}').toString('base64url')}.x`), ['default', 'u?>~'])
  for (const none of ['', 'token', 'a.b.c', tokenOf('')]) assert.equal(whoOf(none), undefined)
})

test('G7 what is kept is encrypted, and bound to its place and its user', async () => {
  new Browser()
  const { vault } = vaultOf('anna')
  await vault.write([{ place, data: data('allergic to penicillin') }], true)
  assert.equal(await vault.read(place, text), 'allergic to penicillin')
  const [first] = await onDisk()
  assert.doesNotMatch(Buffer.from(first?.value ?? []).toString('latin1'), /penicillin/)
  await vault.write([{ place, data: data('allergic to penicillin') }], false)
  assert.notDeepEqual((await onDisk())[0]?.value, first?.value, 'every record has a number of its own')

  const other = vaultOf('luca')
  assert.deepEqual(await other.vault.places(), [])
  assert.equal(await other.vault.read(place, text), undefined)
  assert.deepEqual(other.failures, [])
  await vault.end()
  await other.vault.end()
})

test('G7 the key can not be taken out, and a later page of the same user has the same one', async () => {
  new Browser()
  const { vault } = vaultOf('anna')
  await vault.write([{ place, data: data('kept') }], true)
  await vault.end()
  const db = await openDatabase()
  const [kept] = await result(db.transaction('keys').objectStore('keys').getAll()) as { key: CryptoKey }[]
  assert.equal(kept?.key.extractable, false)
  assert.deepEqual(kept.key.algorithm, { name: 'AES-GCM', length: 256 })
  db.close()
  const later = vaultOf('anna')
  assert.equal(await later.vault.read(place, text), 'kept')
  assert.equal(later.vault.identify(tokenOf('luca')), false)
  assert.equal(later.vault.identify('no token'), true)
  await later.vault.end()
})

test('G7 a record that was damaged or moved is told of, once, and left alone until logout', async () => {
  new Browser()
  const { vault, failures } = vaultOf('anna')
  await vault.write([{ place, data: data('kept') }, { place: ['r', 'tab', 'own'], data: data('other') }], true)
  const db = await openDatabase()
  const [record] = await onDisk()
  const store = db.transaction('records', 'readwrite').objectStore('records')
  await result(store.put(record?.value, ['wss://gateway', 'default', 'anna', 'r', 'tab', 'own']))
  await result(db.transaction('records', 'readwrite').objectStore('records').put('rubbish', ['wss://gateway', 'default', 'anna', 'r', 'x', 'own']))
  assert.equal(await vault.read(['r', 'tab', 'own'], text), undefined)
  assert.equal(await vault.read(['r', 'x', 'own'], text), undefined)
  assert.deepEqual(failures, ['STORE_UNREADABLE'])
  assert.equal((await vault.places('r')).length, 2)
  db.close()
  await vault.clear()
  assert.deepEqual(await onDisk(), [])
  await vault.end()
})

test('G7 logout takes the records and the key of the user alone, and other tabs go on with a new key', async () => {
  new Browser()
  const [anna, again, luca] = [vaultOf('anna'), vaultOf('anna'), vaultOf('luca')]
  for (const { vault } of [anna, luca]) await vault.write([{ place, data: data('mine') }], true)
  await again.vault.write([{ place: ['r', 't', 'own'], data: data('other tab') }], true)
  const before = await onDisk()
  const told = new Promise((resolve) => again.vault.events.on('cleared', () => resolve('told')))
  luca.vault.events.on('cleared', () => assert.fail('another user was told'))
  await anna.vault.clear()
  assert.equal(await told, 'told')
  assert.deepEqual((await onDisk()).map(({ key }) => (key as string[])[2]), ['luca'])
  assert.equal(await luca.vault.read(place, text), 'mine')
  await again.vault.write([{ place: ['r', 't', 'own'], data: data('typed later') }], true)
  assert.equal(await again.vault.read(['r', 't', 'own'], text), 'typed later')
  // What the disk may still have cannot be read again.
  const db = await openDatabase()
  const old = before.find(({ key }) => (key as string[])[2] === 'anna')
  await result(db.transaction('records', 'readwrite').objectStore('records').put(old?.value, old?.key as string[]))
  db.close()
  assert.equal(await anna.vault.read(place, text), undefined)
  assert.deepEqual(anna.failures, ['STORE_UNREADABLE'])
  for (const { vault } of [anna, again, luca]) await vault.end()
})

test('G7 what the server has, too, goes a week after it was written last; what is here alone stays', async (t) => {
  new Browser()
  const week = 7 * 24 * 3_600_000
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - week - 3_600_000 })
  const { vault } = vaultOf('anna')
  const known: Place = ['page:/old', 'tab', 'known']
  const opened: Place = ['page:/opened', 'tab', 'known']
  await vault.write([known, opened, place].map((at) => ({ place: at, data: data('kept') })), true)
  t.mock.timers.setTime(Date.now() + 2 * 3_600_000)
  await vault.write([{ place: opened, data: data('kept again') }], false)
  await vault.end()
  t.mock.timers.reset()
  const luca = vaultOf('luca') // whoever opens the browser
  await luca.vault.places()
  await luca.vault.end()
  const later = vaultOf('anna')
  assert.deepEqual((await later.vault.places()).map(([resource]) => resource), ['page:/opened', 'page:/patient/12345'])
  assert.equal(await later.vault.read(opened, text), 'kept again')
  await later.vault.end()
})

test('G7 a database of the version before is taken over with what is in it', async () => {
  new Browser()
  const { vault } = vaultOf('anna')
  await vault.write([{ place, data: data('of before') }], true)
  await vault.end()
  const [record] = await onDisk()
  const db = await openDatabase()
  const [key] = await result(db.transaction('keys').objectStore('keys').getAll())
  const [at] = await result(db.transaction('keys').objectStore('keys').getAllKeys())
  db.close()
  await result(indexedDB.deleteDatabase('corsia'))
  const opening = indexedDB.open('corsia', 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('keys').put(key, at)
    opening.result.createObjectStore('records').put(record?.value, record?.key as string[])
  }
  ;(await result(opening)).close()
  const later = vaultOf('anna')
  assert.equal(await later.vault.read(place, text), 'of before')
  await later.vault.end()
})

test('G7 a browser without a database, without locks, or with a newer one says so', async () => {
  const browser = new Browser()
  const write = (vault: Vault): Promise<void> => vault.write([{ place, data: data('x') }], true)
  Object.assign(globalThis, { indexedDB: undefined })
  const none = vaultOf('anna')
  await assert.rejects(write(none.vault))
  await assert.rejects(write(none.vault))
  assert.deepEqual(none.failures, ['STORE_UNAVAILABLE'])
  new Browser()
  Object.defineProperty(navigator, 'locks', { configurable: true, value: undefined })
  const insecure = vaultOf('anna')
  await assert.rejects(write(insecure.vault), /https/)
  Object.defineProperty(navigator, 'locks', { configurable: true, value: browser.locks })
  const newer = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open('corsia', 9)
    request.onsuccess = () => resolve(request.result)
  })
  newer.close()
  const older = vaultOf('anna')
  await assert.rejects(write(older.vault))
  assert.deepEqual(older.failures, ['STORE_UNAVAILABLE'])
  for (const { vault } of [none, insecure, older]) await vault.end()
})

test('G7 when there is no room, what the server has anyway is given up first', async () => {
  new Browser()
  const { vault, failures } = vaultOf('anna')
  await vault.write([{ place: ['r', 'old', 'known'], data: data('on the server') }], false)
  const put = IDBObjectStore.prototype.put
  let room = 1
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...values: Parameters<typeof put>) {
    if (this.name === 'records' && --room < 0) throw Object.assign(new Error('full'), { name: 'QuotaExceededError' })
    return put.apply(this, values)
  }
  room = 0
  const keep = vault.write([{ place, data: data('typed') }], true)
  room = 0
  await assert.rejects(keep)
  assert.deepEqual(failures, ['STORE_FULL'])
  assert.deepEqual(await vault.places(), [])
  room = 1
  await vault.write([{ place, data: data('typed') }], true)
  room = 0
  await assert.rejects(vault.write([{ place, data: data('more') }], true))
  assert.deepEqual(failures, ['STORE_FULL', 'STORE_FULL'], 'it is told again after it had worked')
  assert.equal(await vault.read(place, text), 'typed')
  IDBObjectStore.prototype.put = put
  await vault.end()
})

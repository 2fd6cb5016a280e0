import { Emitter } from '../emitter.ts'
import { newKey, seal, unseal } from './cipher.ts'
import { AGES, KEYS, RECORDS, completed, openDatabase, result } from './database.ts'
import { Remembered } from './resume.ts'
import { Tab, whileDead } from './tab.ts'
import { whoOf } from './who.ts'
import type { Who } from './who.ts'

/** What the server has, too, is kept for so long after it was written last, in milliseconds: a week. */
const KNOWN_MS = 7 * 24 * 3_600_000

/** What is kept of a resource by one tab: what only that tab has, and the server's document as the tab knew it. */
export type Kind = 'own' | 'known'

/** Where a record is, among those of a user. */
export type Place = readonly [resource: string, tab: string, kind: Kind]

/** A record to be written; without data it is removed. */
export interface Change {
  readonly place: Place
  readonly data: Uint8Array<ArrayBuffer> | undefined
}

/** Why the store does not keep what it should: full, not to be had, or with a record that cannot be read. */
export interface Failure {
  /** No room; not to be had; or something in it cannot be read. */
  readonly code: 'STORE_FULL' | 'STORE_UNAVAILABLE' | 'STORE_UNREADABLE'
  /** The same in English, with the browser's own reason. */
  readonly message: string
}

/** A record on the disk. Of what the server has, too, its age is known. */
type Kept = Uint8Array<ArrayBuffer> | { readonly data: Uint8Array<ArrayBuffer>; readonly [AGES]: number }

interface Key {
  readonly id: string
  readonly key: CryptoKey
}

interface Open extends Key {
  readonly db: IDBDatabase
}

/**
 * The encrypted store of one user of one gateway in this browser (G7). It owns the user's key, which no script can read
 * and which goes with the logout, and encrypts every record with it, under the record's own place.
 */
export class Vault {
  /** `known`: the user is. `cleared`: the user has logged out in another tab. */
  readonly events = new Emitter<{ known: undefined; failed: Failure; cleared: undefined }>()
  readonly tab = new Tab()
  readonly session: Remembered
  #gateway: string
  #who: Who | undefined
  #open: Promise<Open> | undefined
  #told: Failure['code'] | undefined
  /** The last write, however it ended. */
  #last: Promise<unknown> = Promise.resolve()
  /** Where tabs tell each other whose store was cleared. */
  #tabs: BroadcastChannel | undefined

  constructor(gateway: string) {
    this.#gateway = gateway
    this.session = new Remembered(gateway, this.tab)
  }

  /** Reports whether the user is known. */
  get known(): boolean {
    return this.#who !== undefined
  }

  /** What is wrong with the store, as it was told last; undefined when it keeps what it should. */
  get failure(): Failure['code'] | undefined {
    return this.#told
  }

  /** Learns from a token whose store it is. Reports false when it is another user's than before: nothing is mixed. */
  identify(token: string): boolean {
    const who = whoOf(token)
    if (who === undefined) return true
    if (this.#who !== undefined) return String(this.#who) === String(who)
    this.#who = who
    this.#tabs = new BroadcastChannel('corsia')
    this.#tabs.onmessage = ({ data }) => String(data) === String(this.#at([])) && this.events.emit('cleared', undefined)
    this.events.emit('known', undefined)
    return true
  }

  /** Returns the places of the user's records, of one resource or of all. */
  async places(resource?: string): Promise<Place[]> {
    await this.#last // a document of this page that was just left
    return this.#list(resource)
  }

  /** Returns what is at a place; undefined when nothing is, or nothing that can be read: that is told, and left there. */
  async read<T>(place: Place, decode: (data: Uint8Array) => T): Promise<T | undefined> {
    const { db, key } = await this.#opened()
    const at = this.#at(place)
    const kept = await result<Kept | undefined>(db.transaction(RECORDS).objectStore(RECORDS).get(at))
    if (kept === undefined) return undefined
    try {
      return decode(await unseal(key, at, 'data' in kept ? kept.data : kept))
    } catch {
      this.#fail('STORE_UNREADABLE', 'text that was kept in this browser cannot be read; it is left where it is until logout')
      return undefined
    }
  }

  /** Writes all changes or none. Resolves when they are on the disk; `strict`: when the disk itself says so. */
  write(changes: readonly Change[], strict: boolean): Promise<void> {
    const writing = this.#tryToWrite(changes, strict)
    this.#last = writing.catch(() => undefined)
    return writing
  }

  /** Does `work` while the tab is dead and nobody else takes over what it left; at once when it is this one. */
  whileDead(tab: string, work: () => Promise<void>): Promise<void> {
    return tab === this.tab.id ? work() : whileDead(tab, work)
  }

  /** Removes everything of the user, and the key with it: what the disk may still have can never be read again. */
  async clear(): Promise<void> {
    if (this.#who === undefined) return
    await this.#drained()
    const { db } = await this.#opened()
    const transaction = db.transaction([KEYS, RECORDS], 'readwrite', { durability: 'strict' })
    transaction.objectStore(KEYS).delete(this.#at([]))
    transaction.objectStore(RECORDS).delete(this.#range())
    await completed(transaction)
    this.#open = undefined
    db.close()
    this.#tabs?.postMessage(this.#at([]))
  }

  /** Lets go of the database and says that this page lives no more. */
  async end(): Promise<void> {
    this.events.clear()
    this.#tabs?.close()
    await this.#drained()
    this.tab.release()
    this.#open?.then(({ db }) => db.close()).catch(() => undefined)
  }

  async #list(resource?: string): Promise<Place[]> {
    const { db } = await this.#opened()
    const keys = await result(db.transaction(RECORDS).objectStore(RECORDS).getAllKeys(this.#range(resource)))
    return keys.map((key) => (key as string[]).slice(3) as unknown as Place)
  }

  /** Waits for the writes that are under way, and for those that follow from them. */
  async #drained(): Promise<void> {
    for (let last; last !== this.#last; ) await (last = this.#last)
  }

  async #tryToWrite(changes: readonly Change[], strict: boolean): Promise<void> {
    try {
      await this.#write(changes, strict).catch((error: unknown) => this.#makeRoom(error).then(() => this.#write(changes, strict)))
    } catch (error) {
      this.#open = undefined
      this.#failed(error)
      throw error
    }
    if (this.#told !== 'STORE_UNREADABLE') this.#told = undefined
  }

  /** When the browser's room is used up, gives up what the server has anyway. */
  async #makeRoom(error: unknown): Promise<void> {
    if (!isFull(error)) throw error
    const { db } = await this.#opened()
    const places = (await this.#list()).filter(([, , kind]) => kind === 'known')
    const transaction = db.transaction(RECORDS, 'readwrite')
    for (const place of places) transaction.objectStore(RECORDS).delete(this.#at(place))
    await completed(transaction)
  }

  async #write(changes: readonly Change[], strict: boolean): Promise<void> {
    const open = await this.#opened()
    const sealing = changes.map(async ({ place, data }) => {
      const at = this.#at(place)
      const sealed = data && (await seal(open.key, at, data))
      return { at, value: sealed && (place[2] === 'known' ? { data: sealed, [AGES]: Date.now() } : sealed) }
    })
    const records = await Promise.all(sealing)
    const transaction = open.db.transaction([KEYS, RECORDS], 'readwrite', { durability: strict ? 'strict' : 'relaxed' })
    const store = transaction.objectStore(RECORDS)
    const done = completed(transaction)
    done.catch(() => undefined)
    const key = await result<Key | undefined>(transaction.objectStore(KEYS).get(this.#at([])))
    if (key?.id !== open.id) {
      // The user has logged out in another tab, and the key is gone: from here on there is a new one.
      transaction.abort()
      this.#open = undefined
      return this.#write(changes, strict)
    }
    try {
      for (const { at, value } of records) {
        if (value === undefined) store.delete(at)
        else store.put(value, at)
      }
    } catch (error) {
      transaction.abort()
      throw error
    }
    await done
  }

  #opened(): Promise<Open> {
    return (this.#open ??= this.#openAll().catch((error: unknown) => {
      this.#open = undefined
      this.#failed(error)
      throw error
    }))
  }

  async #openAll(): Promise<Open> {
    if (crypto.subtle === undefined || navigator.locks === undefined) throw new Error('it needs https and a browser of 2022 or later')
    await this.tab.hold()
    const db = await openDatabase()
    db.onclose = db.onversionchange = () => {
      this.#open = undefined
      db.close() // a newer widget in another tab may be waiting for it
    }
    const fresh = { id: crypto.randomUUID(), key: await newKey() }
    const transaction = db.transaction(KEYS, 'readwrite', { durability: 'strict' })
    const done = completed(transaction)
    const keys = transaction.objectStore(KEYS)
    const known = await result<Key | undefined>(keys.get(this.#at([])))
    if (known === undefined) keys.put(fresh, this.#at([]))
    await done
    forget(db)
    return { db, ...(known ?? fresh) }
  }

  #at(place: readonly string[]): string[] {
    return [this.#gateway, ...(this.#who ?? []), ...place]
  }

  /** Every array that begins like this one: in IndexedDB an array is greater than all strings. */
  #range(resource?: string): IDBKeyRange {
    const start = this.#at(resource === undefined ? [] : [resource])
    return IDBKeyRange.bound(start, [...start, []])
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    if (isFull(error)) this.#fail('STORE_FULL', `this browser has no room to keep text that is not on the server (${why})`)
    else this.#fail('STORE_UNAVAILABLE', `this browser does not keep text that is not on the server (${why})`)
  }

  #fail(code: Failure['code'], message: string): void {
    if (this.#told === code) return
    this.#told = code
    this.events.emit('failed', { code, message })
  }
}

/** Removes the documents, of all users, that nobody has opened for long. What is on this browser alone stays. */
function forget(db: IDBDatabase): void {
  const store = db.transaction(RECORDS, 'readwrite').objectStore(RECORDS)
  const request = store.index(AGES).openKeyCursor(IDBKeyRange.upperBound(Date.now() - KNOWN_MS))
  request.onsuccess = () => {
    if (request.result === null) return
    store.delete(request.result.primaryKey)
    request.result.continue()
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && /quota/i.test(error.name)
}

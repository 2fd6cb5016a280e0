import { IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb'
import { Connection } from '../src/connection.ts'
import { Channel } from '../src/channel.ts'
import { SharedDocument } from '../src/document.ts'
import { put } from '../src/edit.ts'
import { Keeper } from '../src/offline/keeper.ts'
import type { Store } from '../src/offline/load.ts'
import { Vault } from '../src/offline/vault.ts'
import type { FakeGateway, FakeSocket } from './gateway.ts'

type Grant = (lock: object | null) => unknown

/** The locks of a browser, of which only what the widget uses: exclusive ones, queued or not. */
class Locks {
  #held = new Map<string, () => void>()

  async request(name: string, options: { ifAvailable?: boolean } | Grant, grant?: Grant): Promise<unknown> {
    const work = grant ?? (options as Grant)
    if (this.#held.has(name)) return work(null)
    return new Promise((resolve, reject) => {
      const end = (): boolean => this.#held.delete(name)
      this.#held.set(name, end)
      Promise.resolve(work({ name })).finally(end).then(resolve, reject)
    })
  }

  /** What the browser does when a page dies. */
  kill(tab: string): void {
    this.#held.delete(`corsia ${tab}`)
  }
}

/** One browser with its disk, which outlives its pages. */
export class Browser {
  locks = new Locks()

  constructor() {
    globalThis.indexedDB = new IDBFactory()
    Object.assign(globalThis, { IDBKeyRange, IDBObjectStore })
    Object.defineProperty(navigator, 'locks', { configurable: true, value: this.locks })
  }
}

/** Returns a vault as the connection takes it. */
export function storeOf(vault: Vault): Store {
  return { vault, keep: (resource, document) => new Keeper(vault, resource, document) }
}

/** Returns an unsigned token of a user. */
export function tokenOf(userId: string, tenant?: string): string {
  return `x.${Buffer.from(JSON.stringify({ userId, tenant })).toString('base64url')}.x`
}

// Counts what vaults have under way.
let busy = 0
const methods = Vault.prototype as unknown as Record<string, (...all: unknown[]) => Promise<unknown>>
for (const name of ['places', 'read', 'write', 'whileDead', 'clear']) {
  const method = methods[name]
  methods[name] = function (this: Vault, ...all) {
    busy++
    return Promise.resolve(method?.apply(this, all)).finally(() => busy--)
  }
}

/** Waits until nothing is under way, for so long. */
export async function rest(ms = 15): Promise<void> {
  for (let quiet = 0; quiet < ms; quiet = busy > 0 ? 0 : quiet + 5) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A page of one user on one resource. */
export class Page {
  readonly vault = new Vault('ws://gateway')
  readonly connection: Connection
  readonly document: SharedDocument
  readonly failures: string[] = []
  readonly socket: FakeSocket
  #browser: Browser

  constructor(browser: Browser, gateway: FakeGateway, token = tokenOf('usr_001')) {
    this.#browser = browser
    this.vault.events.on('failed', ({ code }) => this.failures.push(code))
    this.connection = new Connection({ url: 'ws://gateway', token: () => token, renewable: false, open: gateway.open, store: storeOf(this.vault) })
    this.socket = gateway.socket
    this.document = new SharedDocument(new Channel(this.connection, 'r'), { resourceType: undefined, mode: undefined })
    this.document.disputes.oneLine = (wire) => wire.startsWith('id-dose')
    this.connection.tryNow()
  }

  write(field: string, value: string): boolean {
    return this.document.edit(field, undefined, (doc) => put(doc, field, value))
  }

  text(field: string): string {
    return this.document.doc.getText(field).toString()
  }

  /** The power is cut: nothing runs any more, and what was on its way to the disk may be there or not. */
  kill(): void {
    this.socket.fail()
    this.vault.write = () => new Promise(() => undefined)
    this.document.end()
    this.connection.close()
    this.#browser.locks.kill(this.vault.tab.id)
  }

  /** The tab is closed. */
  async close(): Promise<void> {
    this.document.end()
    this.connection.close()
    await rest()
  }
}

import { Carried } from './carried.ts'
import { Connection } from './connection.ts'
import { Emitter } from './emitter.ts'
import { idOf } from './field.ts'
import { Lifetime } from './lifetime.ts'
import type { LockAnswer } from './locks.ts'
import { loadStore } from './offline/load.ts'
import type { LogoutAnswer } from './offline/logout.ts'
import { onNavigation } from './navigation.ts'
import type { Settings } from './options.ts'
import { fieldsOf } from './protocol.ts'
import type { User } from './protocol.ts'
import { Records } from './records.ts'
import type { OpenSocket } from './socket.ts'
import { statusOf } from './status.ts'
import type { Status } from './status.ts'
import { Timer } from './timer.ts'
import { Widget } from './widget.ts'
import type { FieldInfo, Shared, WidgetEvents } from './widget.ts'

/**
 * What a page holds of its widget (G1). It owns the connection and what the page listens to, and follows the address of
 * the page: one Widget at a time is the record that is shown.
 */
export class Handle {
  #shared: Shared
  #widget: Widget | undefined
  #resourceId: string | undefined
  #state: 'new' | 'started' | 'destroyed' = 'new'
  #life = new Lifetime()
  #soon = new Timer()

  /** @internal */
  constructor(settings: Settings, page: Document, open: OpenSocket, gone: () => void) {
    const { gatewayUrl: url, token, renewable } = settings
    const store = loadStore(url).catch(({ message }: Error) => {
      events.emit('error', { code: 'STORE_UNAVAILABLE', message })
      return undefined
    })
    const connection = new Connection({ url, token, renewable, open, store })
    const records = new Records(connection, settings)
    const events = new Emitter<WidgetEvents>()
    this.#shared = { settings, page, connection, events, records, carried: new Carried() }
    this.#life.add(gone)
    for (const end of [() => events.clear(), () => connection.close(), () => records.end()]) this.#life.add(end)
    this.#life.add(() => this.#leave())
    this.#wire()
  }

  /** Where things stand: connection, save state, mode, revision. */
  get status(): Status {
    if (this.#widget !== undefined) return this.#widget.status
    const { connection, records } = this.#shared
    return statusOf({
      connection: connection.state,
      everOpen: connection.userId !== '',
      document: { name: 'joined' }, // there is nothing to wait for
      met: false,
      mode: 'viewer',
      revision: 0,
      edits: records.edits,
      loose: 0,
      drafts: 0,
      stored: records.stored,
      store: connection.vault?.failure,
      degraded: connection.degraded,
    })
  }

  /** What the page shows now; undefined when it shows no record. */
  get resourceId(): string | undefined {
    return this.#resourceId
  }

  /** The fields of the page that are collaborative. */
  get fields(): readonly FieldInfo[] {
    return this.#widget?.info() ?? []
  }

  /** Who is here, oneself included. */
  get users(): readonly User[] {
    return this.#widget?.presence.users ?? []
  }

  /** Listens to an event. Returns what ends it. */
  on<K extends keyof WidgetEvents>(name: K, listener: (value: WidgetEvents[K]) => void): () => void {
    return this.#shared.events.on(name, listener)
  }

  /** Asks for the lock of a field, by its id; the empty id is the whole record. */
  async lock(field: string): Promise<LockAnswer> {
    return this.#widget?.lock(field) ?? { ok: false, reason: 'NOT_JOINED' }
  }

  /** Gives the lock of a field back. */
  unlock(field: string): void {
    this.#widget?.unlock(field)
  }

  /** Ends the conflict of a field with the page's value or the record's (G4). */
  choose(field: string, which: 'mine' | 'theirs'): void {
    this.#widget?.choose(field, which)
  }

  /** @internal The record that is shown. */
  get record(): Widget | undefined {
    return this.#widget
  }

  /**
   * To be called when the user logs out. It waits for what is on its way to the server. When everything is there, what is
   * kept in this browser for the user is removed, the widget is destroyed, and the answer is `{sent: true}`. Otherwise the
   * answer has the text that only this browser has, and nothing is removed, so that it can be exported or sent later;
   * `logout({discard: true})` removes it all the same. It rejects when the browser's store cannot be loaded, read or removed.
   */
  async logout({ discard = false }: { readonly discard?: boolean } = {}): Promise<LogoutAnswer> {
    const { connection, records } = this.#shared
    const { logout } = await import('./offline/store.ts')
    const answer = await logout(connection.vault, records.documents, discard)
    if (answer.sent || discard) this.destroy()
    return answer
  }

  /** @internal Begins; `init` calls it once the page is there. */
  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'started'
    const { settings, page, connection } = this.#shared
    this.#resourceId = this.#read()
    this.#enter()
    if (typeof settings.resourceId === 'function') {
      this.#life.add(onNavigation(page.defaultView ?? window, () => this.#follow()))
    }
    connection.tryNow()
  }

  /** Ends the session and leaves nothing of the widget on the page. Calling it again does nothing. */
  destroy(): void {
    this.#state = 'destroyed'
    this.#life.end()
  }

  #wire(): void {
    const { settings, page, connection, events, records } = this.#shared
    events.on('error', (error) => settings.onError(error))
    connection.events.on('store', ({ vault }) => vault.events.on('failed', (failure) => events.emit('error', failure)))
    connection.events.on('state', (state) => {
      if (state.name === 'refused') events.emit('error', { code: 'UNAUTHORIZED', message: state.reason })
      this.#tell()
    })
    connection.events.on('message', ({ event, payload }) => {
      const { code, message } = fieldsOf(payload)
      if (event === 'ERROR') events.emit('error', { code: String(code), message: String(message) })
    })
    records.events.on('changed', () => this.#tell())
    records.events.on('draft', ({ resourceId, draft }) => {
      events.emit('draft', { ...draft, field: idOf(draft.field), resourceId })
    })
    // Leaving with text that is nowhere else asks first (G6); only then, for the sake of the back-forward cache.
    this.#life.listen(page.defaultView ?? window, 'beforeunload', (event) => {
      if (this.status.save === 'unsaved') event.preventDefault()
    })
  }

  /** Tells of the status while no record does. */
  #tell(): void {
    if (this.#widget === undefined) this.#shared.events.emit('status', this.status)
  }

  /** Returns the record that the page shows now. A function that fails means none: the page must not suffer from it. */
  #read(): string | undefined {
    const { settings, page, events } = this.#shared
    if (typeof settings.resourceId === 'string') return settings.resourceId
    try {
      return settings.resourceId((page.defaultView ?? window).location) || undefined
    } catch (error) {
      events.emit('error', { code: 'RESOURCE_ID', message: `resourceId failed: ${String(error)}` })
      return undefined
    }
  }

  /**
   * Follows the address. The old record ends at once, before the page shows anything of the new one; the new one begins
   * when the page had its turn, and only the last one of a quick series.
   */
  #follow(): void {
    const resourceId = this.#read()
    if (resourceId === this.#resourceId) return
    this.#resourceId = resourceId
    this.#leave()
    this.#shared.events.emit('resource', { resourceId })
    this.#soon.set(0, () => this.#enter())
  }

  #enter(): void {
    if (this.#resourceId === undefined) return this.#tell()
    this.#widget = new Widget(this.#shared, this.#resourceId)
    this.#widget.start()
  }

  #leave(): void {
    this.#soon.clear()
    if (this.#widget === undefined) return
    const { events } = this.#shared
    this.#widget.end()
    this.#widget = undefined
    events.emit('users', [])
    events.emit('fields', [])
  }
}

import type { Connection, ConnectionState } from './connection.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import type { Store } from './offline/load.ts'
import { fieldsOf } from './protocol.ts'
import type { Answer, Fields, Session } from './protocol.ts'

interface Events {
  /** What the gateway said about this resource, by its name. */
  message: { readonly event: string; readonly fields: Fields }
  /** The connection's state. */
  state: ConnectionState
  /** The browser's store is there. */
  store: Store
}

/** What is said and heard about one resource over a connection. */
export class Channel {
  readonly events = new Emitter<Events>()
  readonly resourceId: string
  #connection: Connection
  #life = new Lifetime()

  constructor(connection: Connection, resourceId: string) {
    this.#connection = connection
    this.resourceId = resourceId
    this.#life.add(connection.events.on('state', (state) => this.events.emit('state', state)))
    this.#life.add(connection.events.on('store', (store) => this.events.emit('store', store)))
    this.#life.add(connection.events.on('message', ({ event, payload }) => {
      const fields = fieldsOf(payload)
      if (fields['resourceId'] === resourceId) this.events.emit('message', { event, fields })
    }))
  }

  /** The session, while the connection is open. */
  get session(): Session | undefined {
    return this.#connection.session
  }

  /** What keeps the resource's document in this browser; undefined when nothing is to be kept, and until `store`. */
  get store(): Store | undefined {
    return this.#connection.store
  }

  /** Sends an event without an answer; when the connection is not open it is lost. */
  send(event: string, fields: object = {}): void {
    this.#connection.send(event, { resourceId: this.resourceId, ...fields })
  }

  /** Sends an event and calls `done` once, with the answer or with LOST. */
  request(event: string, fields: object, done: (answer: Answer) => void): void {
    this.#connection.request(event, { resourceId: this.resourceId, ...fields }, done)
  }

  /** Hears nothing more. */
  end(): void {
    this.#life.end()
    this.events.clear()
  }
}

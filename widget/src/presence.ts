import type { Connection } from './connection.ts'
import type { SharedDocument } from './document.ts'
import { Emitter } from './emitter.ts'
import { Lifetime } from './lifetime.ts'
import { fieldsOf, text, user } from './protocol.ts'
import type { Fields, User } from './protocol.ts'
import { Timer } from './timer.ts'

/** Awareness leaves at most this often, in milliseconds (R6 allows ten a second to a whole room). */
const SEND_EVERY_MS = 150
/** Own awareness is repeated this often, for those who missed it, in milliseconds. */
const REPEAT_MS = 25_000

/** Who of the others is in which field. */
export interface Whereabouts {
  readonly user: User
  readonly sessionId: string
  readonly field: string
}

/** Knows who is in the room and in which field (R1, R3, R6). */
export class Presence {
  readonly events = new Emitter<{ users: readonly User[]; whereabouts: readonly Whereabouts[] }>()
  #connection: Connection
  #resourceId: string
  #life = new Lifetime()
  #users = new Map<string, User>()
  /** Field by session. */
  #fields = new Map<string, { readonly userId: string; readonly field: string }>()
  #own = ''
  #timer = new Timer()

  constructor(connection: Connection, document: SharedDocument) {
    this.#connection = connection
    this.#resourceId = document.options.resourceId
    this.#life.add(document.events.on('joined', ({ users }) => this.#reset(users)))
    this.#life.add(connection.events.on('message', ({ event, payload }) => this.#received(event, fieldsOf(payload))))
    this.#life.add(connection.events.on('state', ({ name }) => name !== 'open' && this.#forgetWhereabouts()))
    this.#life.every(REPEAT_MS, () => this.#own !== '' && this.#send())
  }

  /** Everybody in the room, in the order of joining; oneself included. */
  get users(): readonly User[] {
    return [...this.#users.values()].sort((a, b) => a.joinedAt - b.joinedAt || (a.userId < b.userId ? -1 : 1))
  }

  /** The others' fields, by wire name. */
  get whereabouts(): readonly Whereabouts[] {
    return [...this.#fields].flatMap(([sessionId, { userId, field }]) => {
      const found = this.#users.get(userId)
      return found === undefined || field === '' ? [] : { user: found, sessionId, field }
    })
  }

  /** Returns the user's name, or the id of one who is not here. */
  nameOf(userId: string): string {
    return this.#users.get(userId)?.name ?? userId
  }

  /** Tells the others which field this session is in; the empty string for none. */
  enter(field: string): void {
    if (field === this.#own) return
    this.#own = field
    if (!this.#timer.running) this.#timer.set(SEND_EVERY_MS, () => this.#send())
  }

  /** Stops listening and forgets everybody. */
  end(): void {
    this.#life.end()
    this.#timer.clear()
    this.events.clear()
  }

  #send(): void {
    this.#connection.send('AWARENESS', { resourceId: this.#resourceId, state: { field: this.#own } })
  }

  #reset(users: readonly User[]): void {
    this.#users = new Map(users.map((one) => [one.userId, one]))
    this.#changed()
    if (this.#own !== '') this.#send()
  }

  #received(event: string, fields: Fields): void {
    if (fields['resourceId'] !== this.#resourceId) return
    if (event === 'USER_JOINED') this.#arrived(user(fields['user']))
    if (event === 'USER_LEFT') this.#left(text(fields['userId']))
    if (event === 'AWARENESS') {
      const field = text(fieldsOf(fields['state'])['field'])
      this.#fields.set(text(fields['sessionId']), { userId: text(fields['userId']), field })
      this.events.emit('whereabouts', this.whereabouts)
    }
  }

  #arrived(arrived: User | undefined): void {
    if (arrived === undefined) return
    this.#users.set(arrived.userId, arrived)
    this.#changed()
    // The newcomer has heard nothing of who is where.
    if (this.#own !== '' && !this.#timer.running) this.#timer.set(SEND_EVERY_MS, () => this.#send())
  }

  #left(userId: string): void {
    this.#users.delete(userId)
    for (const [sessionId, one] of this.#fields) if (one.userId === userId) this.#fields.delete(sessionId)
    this.#changed()
  }

  #forgetWhereabouts(): void {
    this.#fields.clear()
    this.events.emit('whereabouts', [])
  }

  #changed(): void {
    this.events.emit('users', this.users)
    this.events.emit('whereabouts', this.whereabouts)
  }
}

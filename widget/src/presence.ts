import type { Channel } from './channel.ts'
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

/** Knows who is in the room and in which field (R1, R3, R6). Fields are wire names. */
export class Presence {
  readonly events = new Emitter<{ users: readonly User[]; moved: undefined }>()
  #channel: Channel
  #document: SharedDocument
  #life = new Lifetime()
  #users = new Map<string, User>()
  /** Where the others' sessions are. */
  #places = new Map<string, { readonly userId: string; readonly field: string }>()
  #own = ''
  #timer = new Timer()

  constructor(channel: Channel, document: SharedDocument) {
    this.#channel = channel
    this.#document = document
    this.#life.add(channel.events.on('message', ({ event, fields }) => this.#received(event, fields)))
    this.#life.add(document.events.on('joined', ({ users }) => this.#reset(users)))
    this.#life.add(channel.events.on('state', ({ name }) => name !== 'open' && this.#places.clear()))
    this.#life.every(REPEAT_MS, () => this.#own !== '' && this.#send())
    this.#life.add(() => this.#timer.clear())
  }

  /** Everybody in the room, in the order of joining; oneself included. */
  get users(): readonly User[] {
    return [...this.#users.values()].sort((a, b) => a.joinedAt - b.joinedAt || (a.userId < b.userId ? -1 : 1))
  }

  /** Returns the ids of the others who are in the field. */
  in(field: string): ReadonlySet<string> {
    return new Set([...this.#places.values()].filter((place) => place.field === field).map(({ userId }) => userId))
  }

  /** Tells the others which field this session is in; the empty string for none. */
  enter(field: string): void {
    if (field === this.#own) return
    this.#own = field
    this.#soon()
  }

  /** Stops listening, and tells that this session is in no field any more. */
  end(): void {
    this.#life.end()
    if (this.#own === '') return
    this.#own = ''
    this.#send()
  }

  #soon(): void {
    if (!this.#timer.running) this.#timer.set(SEND_EVERY_MS, () => this.#send())
  }

  #send(): void {
    // Before the join there is nobody to tell; it is told then.
    if (this.#document.state.name === 'joined') this.#channel.send('AWARENESS', { state: { field: this.#own } })
  }

  #reset(users: readonly User[]): void {
    this.#users = new Map(users.map((one) => [one.userId, one]))
    this.events.emit('users', this.users)
    this.#soon()
  }

  #received(event: string, fields: Fields): void {
    const userId = text(fields['userId'])
    if (event === 'AWARENESS') {
      this.#places.set(text(fields['sessionId']), { userId, field: text(fieldsOf(fields['state'])['field']) })
      this.events.emit('moved', undefined)
    }
    if (event === 'USER_JOINED') {
      const joined = user(fields['user'])
      this.#users.set(joined.userId, joined)
      this.events.emit('users', this.users)
      if (this.#own !== '') this.#soon() // the newcomer has heard nothing of who is where
    }
    if (event === 'USER_LEFT') {
      this.#users.delete(userId)
      for (const [sessionId, place] of this.#places) if (place.userId === userId) this.#places.delete(sessionId)
      this.events.emit('users', this.users)
    }
  }
}

import type { Channel } from './channel.ts'
import type { SharedDocument } from './document.ts'
import { blank, same, written } from './field.ts'
import type { Value } from './field.ts'
import { Lifetime } from './lifetime.ts'
import { fieldsOf, list } from './protocol.ts'
import { Timer } from './timer.ts'

/** After a seed that failed, the next try, in milliseconds. */
const AGAIN_MS = 3_000

/**
 * Has the server fill fields that nobody ever wrote with what the page shows (`SEED`, G4). The server does it once,
 * whoever asks and however often; this asks for each field once per join, and learns what it was filled with before.
 */
export class Seeding {
  /** Fields whose page was compared with the document, and what the page had when it let go of them: that is only old. */
  readonly compared = new Map<string, Value | undefined>()
  #channel: Channel
  #document: SharedDocument
  #asked = new Set<string>()
  /** What was noted and not told yet, by wire name. */
  #old = new Map<string, Value>()
  #again = new Timer()
  #flying = 0
  #life = new Lifetime()
  #ended = false

  constructor(channel: Channel, document: SharedDocument) {
    this.#channel = channel
    this.#document = document
    for (const event of ['joined', 'saved'] as const) this.#life.add(document.events.on(event, () => this.#tell()))
    // Something was refused: then the page's value may be all there is.
    this.#life.add(document.events.on('replaced', () => this.#old.clear()))
  }

  /** Reports whether an answer is awaited: fields may show what is old. */
  get busy(): boolean {
    return this.#flying > 0
  }

  /** Notes what a field had that is no longer on the page: rendered again, it may have it still. */
  gone(wire: string, value: Value | undefined): void {
    if (this.compared.has(wire)) this.compared.set(wire, value)
  }

  /** Reports whether a page that shows the value in a written field is merely old; undefined: the server is to be asked. */
  isOld(wire: string, value: Value): boolean | undefined {
    const old = this.#document.seeds.get(wire)?.some((one) => (one === null ? blank(value) : same(value, one)))
    return old || !(this.busy || (this.#document.ready && !this.#asked.has(`1${wire}`))) ? old : undefined
  }

  /** Has the server remember what pages show that is older than the document, once the document is saved (G4). */
  note(values: readonly (readonly [string, Value])[]): void {
    for (const [wire, value] of values) this.#old.set(wire, value)
    this.#tell()
  }

  /** Forgets what was asked for: after a join it may be asked for again. */
  forget(): void {
    this.#asked.clear()
    this.#again.clear()
  }

  /** Asks for nothing more, and lets go of the document once it has been told what was noted. */
  end(): void {
    this.forget()
    this.#ended = true
    this.#tell()
  }

  /** Asks for seeds, by wire name, and calls `done` when the document may have them. */
  ask(values: ReadonlyMap<string, Value>, done: () => void): void {
    // What a field was filled with is asked for again once it is written: a lock may have kept it from being filled.
    const key = (wire: string): string => `${Number(written(this.#document.doc, wire))}${wire}`
    const fresh = [...values].filter(([wire]) => !this.#asked.has(key(wire)))
    if (fresh.length === 0) return
    const keys = fresh.map(([wire]) => key(wire))
    for (const one of keys) this.#asked.add(one)
    this.#flying++
    this.#channel.request('SEED', { values: Object.fromEntries(fresh) }, ({ code, fields }) => {
      this.#flying--
      if (code !== '') {
        for (const one of keys) this.#asked.delete(one)
        return this.#again.set(AGAIN_MS, done)
      }
      const kept = fieldsOf(fields['kept'])
      const known = fieldsOf(fields['known'])
      const seeded = list(fields['seeded'])
      for (const [wire, value] of fresh) {
        if (seeded.includes(wire)) this.#document.learnSeed(wire, [value])
        else if (written(this.#document.doc, wire)) {
          this.#document.learnSeed(wire, [kept[wire] ?? null, ...list(known[wire])] as Value[])
        }
      }
      // The server's own writes are delivered like anybody's; if they were not, they are fetched.
      const lacks = fresh.some(([wire]) => !written(this.#document.doc, wire))
      if (lacks) this.#document.sync(done)
      else done()
    })
  }

  #tell(): void {
    const { ready, editable, outbox } = this.#document
    if (this.#old.size > 0 && ready && editable && outbox.edits === 0) {
      // Should it get lost, somebody is asked once more.
      this.#channel.request('SEED', { known: Object.fromEntries(this.#old) }, () => undefined)
      this.#old.clear()
    }
    if (this.#ended && this.#old.size === 0) this.#life.end()
  }
}

import { encodeStateAsUpdate, encodeStateVector } from 'yjs'
import type { Draft } from '../drafts.ts'
import { Emitter } from '../emitter.ts'
import { erase, ownDrafts } from '../erasing.ts'
import { Healing } from '../healing.ts'
import type { Healed } from '../healing.ts'
import { Lifetime } from '../lifetime.ts'
import type { ResourceState } from '../protocol.ts'
import { docOf, ownText } from '../rebuilding.ts'
import { Timer } from '../timer.ts'
import { changedSince } from './left.ts'
import { encode, isEmpty, knownOf, ownOf } from './record.ts'
import type { Known, Own } from './record.ts'
import type { Change, Place, Vault } from './vault.ts'

/** What the server will likely acknowledge first waits this long, in milliseconds, before it is written. */
const MOMENT_MS = 100
/** What the server has anyway is written this much later, in milliseconds, and so much more for a large document. */
const LATER_MS = 2_000
const LATER_MS_PER_BYTE = 0.01
/** After a failure, the next try, in milliseconds. */
const AGAIN_MS = 5_000
/** A browser whose database never answers is waited for this long, in milliseconds: the server comes first then. */
const PATIENCE_MS = 6_000
/** How often to look for tabs that died, in milliseconds. */
const LOOK_EVERY_MS = 30_000

/** The document, as its keeper needs it. */
export interface Kept extends Healed {
  /** Reports whether the document is in step with the server. */
  readonly ready: boolean
  /** The life of the document that began when its content was erased last (O7); zero: it never was. */
  readonly erased: number
  readonly seeds: Map<string, Known['seeds'][string]>
  /**
   * Takes in what another tab, or this page before, has left; `since` are fields of it that were changed otherwise
   * meanwhile. Reports false when it can't be done now.
   */
  takeOver(own: Own | undefined, known: Known | undefined, since: ReturnType<typeof changedSince>): boolean
  /** Begins anew from the server's document, with no drafts but these: another page has taken over what this one had. */
  startAnew(drafts?: readonly Draft[]): void
  /** Joins again. */
  start(): void
  /** Asks the server for what is missing. */
  sync(): void
}

/**
 * Keeps one document in the vault: what the server does not have before anybody is told that it is here, and what the
 * server has so that the page can be opened offline. One write at a time; what changes meanwhile goes with the next.
 */
export class Keeper {
  /** `changed`: more or less is kept than before. `loaded`: the vault has been read, or cannot be. */
  readonly events = new Emitter<{ changed: undefined; loaded: undefined }>()
  #vault: Vault
  #resource: string
  #document: Kept
  #life = new Lifetime()
  #timer = new Timer()
  /** When the timer ends, by `performance.now()`. */
  #due = 0
  #loading = false
  #lookedForOwn = false
  #writing = false
  #failed = false
  /** The user has logged out in another tab and knew what this one had kept; it is kept again when something is typed. */
  #cleared = false
  /** Counts changes of what only this tab has; `#safe` is how many of them are on the disk. */
  #changes = 0
  #safe = 0
  #knownChanged = false
  /** When what the server has is written at the latest, by `performance.now()`. */
  #knownDue = 0
  #knownBytes = 0
  /** Whether this tab has a record of its own in the vault. */
  #hasRecord = false
  /** Records that were taken over, to be removed with the next write. */
  #takenOver: Place[] = []
  #healing = new Healing(this.#life)
  /** The life of the document in which nothing is given back (any more): the server did not take it, or has erased it. */
  #unhealed = -1
  #waiting: { readonly changes: number; readonly done: () => void }[] = []

  constructor(vault: Vault, resource: string, document: Kept) {
    this.#vault = vault
    this.#resource = resource
    this.#document = document
    this.#life.add(vault.events.on('known', () => this.#begin()))
    this.#life.add(vault.events.on('cleared', () => this.#wasCleared()))
    if (vault.known) this.#begin()
  }

  /** Reports whether the vault is being read: until then nobody knows what this document is to begin with. */
  get loading(): boolean {
    return this.#loading
  }

  /** Reports whether all that only this tab has is on the disk. */
  get stored(): boolean {
    return this.#vault.known && !this.#failed && !this.#cleared && this.#safe === this.#changes
  }

  /** Notes that what only this tab has is something else now; `soon`: the server may have it in a moment. */
  changed(soon: boolean): void {
    this.#changes++
    this.#cleared = false
    this.#plan(soon ? MOMENT_MS : 0)
  }

  /** Notes that the server has more, or that it has what was kept here. */
  learned(): void {
    const now = performance.now()
    if (!this.#knownChanged) this.#knownDue = now + LATER_MS + this.#knownBytes * LATER_MS_PER_BYTE
    this.#knownChanged = true
    this.#plan(this.#knownDue - now)
  }

  /** Calls `done` when all that there is now is on the disk, or cannot be. */
  flush(done: () => void): void {
    if (!this.#vault.known) return done()
    this.#cleared = false
    const late = new Timer()
    const once = (): void => {
      if (late.running) done()
      late.clear()
    }
    late.set(PATIENCE_MS, done)
    this.#waiting.push({ changes: ++this.#changes, done: once })
    this.#plan(0)
  }

  /**
   * Gives back what a restore lost and this page has, if the server takes it; then the document goes on (D8). Reports false
   * when it does not take it. What the server has erased meanwhile is forgotten in place of it (O7).
   */
  heal(state: ResourceState): boolean {
    const document = this.#document
    if (state.epoch === this.#unhealed) return false
    if (state.erased > document.known.epoch) {
      this.#unhealed = state.epoch
      this.#forget()
      erase(document)
      return true
    }
    if (state.heals !== document.known.epoch) return false
    void this.#healing.ofPage(document, state).then((outcome) => {
      if (outcome !== 'refused') return
      this.#unhealed = state.epoch
      document.start()
    })
    return true
  }

  /** Looks for what dead tabs have left, and takes it over: once, whoever looks at the same time. */
  async look(): Promise<void> {
    if (!this.#vault.known) return
    const own = this.#vault.tab.id
    const places = await this.#vault.places(this.#resource)
    for (const tab of new Set(places.map(([, tab]) => tab))) {
      if (tab === own && this.#lookedForOwn) continue
      await this.#vault.whileDead(tab, () => this.#takeOver(tab))
    }
    this.#lookedForOwn = true
  }

  /** Writes what there is, and stops. */
  end(): void {
    if (this.#life.ended) return
    this.#life.end()
    this.#timer.clear()
    if (this.#vault.known && !this.#cleared && (this.#changes > this.#safe || this.#knownChanged)) void this.#write()
    this.events.clear()
  }

  #begin(): void {
    this.#life.every(LOOK_EVERY_MS, () => void this.look().catch(() => undefined))
    this.#life.listen(document, 'visibilitychange', () => document.hidden && this.#timer.running && void this.#write())
    this.#life.listen<PageTransitionEvent>(window, 'pagehide', ({ persisted }) => persisted && this.#vault.tab.release())
    this.#life.listen<PageTransitionEvent>(window, 'pageshow', ({ persisted }) => persisted && this.#load(() => this.#cameBack()))
    this.#load(() => this.look())
  }

  #load(work: () => Promise<void>): void {
    this.#loading = true
    const loaded = (): void => {
      late.clear()
      if (!this.#loading) return
      this.#loading = false
      this.events.emit('loaded', undefined)
      if (this.#changes > this.#safe) this.#plan(0)
    }
    const late = new Timer()
    late.set(PATIENCE_MS, loaded)
    work().then(loaded, () => {
      this.#failed = true // the vault has told why
      loaded()
    })
  }

  async #takeOver(tab: string): Promise<void> {
    const [ownPlace, knownPlace] = [this.#place('own', tab), this.#place('known', tab)]
    let own = await this.#vault.read(ownPlace, ownOf)
    let known = await this.#vault.read(knownPlace, knownOf)
    if (this.#life.ended || (own ?? known) === undefined) return
    const left = [...(own ? [ownPlace] : []), ...(known ? [knownPlace] : [])]
    const epoch = Math.max(own?.epoch ?? 0, known?.epoch ?? 0)
    own &&= { ...own, epoch } // what it holds may be unchanged since the life before
    if (epoch < this.#document.known.epoch) {
      const rest = this.#document.ready ? await this.#ofLifeBefore(own, known) : 'apart'
      if (rest === 'apart') return // it is looked at again
      own = rest
      known = undefined
      if (own === undefined) return this.#remove(left)
    }
    if (!this.#document.takeOver(own, known, changedSince(own, known, this.#document.doc))) return
    if (tab === this.#vault.tab.id) this.#hasRecord = own !== undefined
    else this.#takenOver.push(...left)
    if (known !== undefined) this.learned()
    // Nobody else may look at what the tab had until it is this one's.
    if (own !== undefined) await new Promise<void>((done) => this.flush(done))
  }

  /**
   * Gives back what a page has left that was open before a restore, and returns the rest of it: what the server does not
   * take is kept as drafts (D8).
   */
  async #ofLifeBefore(own: Own | undefined, known: Known | undefined): Promise<Own | undefined | 'apart'> {
    const document = this.#document
    const edits = own?.refused === undefined ? own?.update : undefined
    const { epoch } = (own ?? known) as Own | Known
    if (document.erased > epoch) {
      if (own === undefined) return undefined
      const drafts = ownDrafts(docOf(known?.update, own.update), own, known)
      return { ...own, epoch: document.known.epoch, update: new Uint8Array(), fields: [], edits: 0, refused: undefined, drafts }
    }
    const outcome = await this.#healing.give(document.channel, epoch, encodeStateVector(document.doc), () => docOf(known?.update, edits, encodeStateAsUpdate(document.doc)))
    if (outcome === 'apart') return outcome
    if (outcome === 'healed') document.sync()
    if (own === undefined) return undefined
    const taken = outcome === 'healed' && own.refused === undefined
    const rest = taken ? [] : ownText(docOf(known?.update, own.update), docOf(known?.update), own.fields)
    const drafts = [...rest.map(({ field, mine }) => ({ field, mine, reason: 'epoch', by: '' })), ...own.drafts]
    return { ...own, epoch: document.known.epoch, update: new Uint8Array(), fields: [], edits: 0, refused: undefined, drafts }
  }

  /** The page was frozen and is shown again. If what it had was taken over meanwhile, that must not be sent twice. */
  async #cameBack(): Promise<void> {
    await this.#vault.tab.hold()
    const places = await this.#vault.places(this.#resource)
    const still = places.some(([, tab, kind]) => tab === this.#vault.tab.id && kind === 'own')
    if (this.#hasRecord && !still) this.#document.startAnew()
  }

  /** Removes what the store has of a document that was erased. What the document is now is written once it was joined. */
  #forget(): void {
    this.#knownChanged = false
    if (this.#vault.known) this.#remove([this.#place('known')]).catch(() => undefined) // the vault has told why
  }

  async #remove(places: readonly Place[]): Promise<void> {
    await this.#vault.write(places.map((place) => ({ place, data: undefined })), true)
  }

  #wasCleared(): void {
    this.#cleared = this.stored
    this.#hasRecord = false
    this.#takenOver = []
    this.#knownChanged = true
    this.events.emit('changed', undefined)
  }

  #plan(ms: number): void {
    const due = performance.now() + ms
    if (this.#life.ended || this.#writing || this.#cleared || !this.#vault.known || (this.#timer.running && this.#due <= due)) return
    this.#due = due
    this.#timer.set(ms, () => void this.#write())
  }

  async #write(): Promise<void> {
    if (this.#writing) return
    this.#timer.clear()
    this.#writing = true
    const [changes, dropped] = [this.#changes, this.#takenOver.length]
    const { own } = this.#document
    const empty = isEmpty(own)
    const writes: Change[] = this.#takenOver.map((place) => ({ place, data: undefined }))
    if (!empty || this.#hasRecord) writes.push({ place: this.#place('own'), data: empty ? undefined : encode(own) })
    // As a rule the server has what was typed by now: then nothing is written for a key alone.
    const known = this.#knownChanged && (writes.length > 0 || this.#life.ended || document.hidden || performance.now() >= this.#knownDue)
    if (known) {
      const data = encode(this.#document.known)
      this.#knownBytes = data.length
      writes.push({ place: this.#place('known'), data })
    }
    if (known) this.#knownChanged = false
    try {
      if (writes.length > 0) await this.#vault.write(writes, !empty)
      this.#failed = false
      this.#safe = changes
      this.#hasRecord = !empty
      this.#takenOver.splice(0, dropped)
    } catch {
      this.#failed = true
      this.#knownChanged ||= known
    }
    this.#writing = false
    this.#written(changes)
  }

  /** Tells who waits for what was just tried, and goes on with what has changed meanwhile. */
  #written(changes: number): void {
    const waiting = this.#waiting
    this.#waiting = waiting.filter((one) => one.changes > changes)
    for (const { changes: until, done } of waiting) if (until <= changes) done()
    this.events.emit('changed', undefined)
    if (this.#failed) return this.#plan(AGAIN_MS)
    if (this.#changes > this.#safe) {
      if (this.#life.ended) void this.#write()
      else this.#plan(0)
    } else if (this.#knownChanged) this.learned()
  }

  #place(kind: Place[2], tab = this.#vault.tab.id): Place {
    return [this.#resource, tab, kind]
  }
}

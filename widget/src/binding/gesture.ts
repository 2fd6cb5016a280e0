import { Timer } from '../timer.ts'
import type { Cause } from './binding.ts'

/** What is to be thought of what the page has changed since the last look; after a reset it is what the user wanted. */
export type Consequence = Cause | 'reset'

/**
 * `at` is when the gesture was made, by `performance.now()`: what was shown since then, the page may be answering. Of the
 * `target` of a gesture that is just being made nothing is to be thought yet.
 */
type Look = (consequence: Consequence, at: number, target?: EventTarget) => void

/** After a gesture, scripts of the page may write at once, or when their server has answered; in milliseconds. */
const LATER_MS = 500
/** What scripts calculate while the user types is looked at when the user pauses for so long, in milliseconds. */
const PAUSE_MS = 100

const CONSEQUENCES: Record<string, Consequence> = { click: 'pressed', change: 'calculated', reset: 'reset', input: 'calculated' }
const TYPES = Object.keys(CONSEQUENCES)

const pages = new WeakMap<Document, PageWatch>()

/**
 * Looks for what scripts of the page have put into fields, of which no event tells, when there is a reason: a template, a
 * calculation or a reset follows a gesture of the user's; an answer follows something of others that was shown.
 */
class PageWatch {
  readonly looks = new Set<Look>()
  #pause = new Timer()
  #gesture: Consequence = 'page'
  #at = 0
  #until = 0
  /** Until then what comes may be a record that the user has opened, whatever else the user does meanwhile. */
  #loading = 0
  #answering = false
  /** Something of others was shown since the last look before a gesture: the page may have answered it. */
  #remote = false

  /** What happened until now, was it done by the page or after a gesture; what the page does next, is its answer. */
  beforeRemote(): void {
    if (this.#answering) return
    this.#answering = this.#remote = true
    this.#look(performance.now() < this.#until ? this.#gesture : 'page')
    queueMicrotask(() => {
      this.#look('answer')
      this.#answering = false
    })
  }

  readonly hear = (event: Event): void => {
    const { isTrusted, type } = event
    const consequence = CONSEQUENCES[type] as Consequence
    if (type === 'reset') setTimeout(() => this.#look('reset'))
    if (!isTrusted || type === 'reset') return
    const typing = type === 'input'
    const now = performance.now()
    // What the page has changed until now was not because of this gesture.
    if (!typing || (this.#remote && !this.#pause.running)) {
      this.#look(now < this.#until ? this.#gesture : 'page', event.composedPath()[0])
      this.#remote = false
    }
    this.#gesture = consequence
    this.#at = now
    this.#until = now + (typing ? PAUSE_MS : LATER_MS)
    if (consequence === 'pressed') this.#loading = this.#until
    if (typing) return this.#pause.set(PAUSE_MS, () => this.#look('calculated'))
    for (const delay of [0, LATER_MS]) setTimeout(() => this.#look(consequence), delay)
  }

  #look(cause: Consequence, target?: EventTarget): void {
    const consequence = cause === 'calculated' && performance.now() < this.#loading ? 'pressed' : cause
    for (const look of this.looks) look(consequence, this.#at, target)
  }
}

/** Has `look` called when there is a reason to look, anywhere in the document. Returns what ends it. */
export function watchPage(document: Document, look: Look): () => void {
  const page = pages.get(document) ?? new PageWatch()
  if (page.looks.size === 0) {
    pages.set(document, page)
    for (const type of TYPES) document.addEventListener(type, page.hear, true)
  }
  page.looks.add(look)
  return () => {
    page.looks.delete(look)
    if (page.looks.size > 0) return
    pages.delete(document)
    for (const type of TYPES) document.removeEventListener(type, page.hear, true)
  }
}

/** Call it before something of others is shown. */
export function beforeRemote(document: Document): void {
  pages.get(document)?.beforeRemote()
}

import { Timer } from '../timer.ts'

const SPEAK_EVERY_MS = 1_500

/**
 * What assistive technology hears: a description on a field (who holds it, where its text is), and one polite live
 * region for changes, throttled. Remote typing is never announced. The descriptions stand in the page's own tree,
 * hidden, because a reference can't reach into a shadow root.
 */
export class Notes {
  #document: Document
  #store: HTMLElement
  #live: HTMLElement
  #notes = new Map<Element, HTMLElement>()
  #timer = new Timer()
  #waiting: string[] = []
  #next = 1

  constructor(document: Document, live: HTMLElement) {
    this.#document = document
    this.#live = live
    this.#store = document.createElement('corsia-notes')
    this.#store.hidden = true
    this.#store.style.setProperty('display', 'none', 'important')
    document.documentElement.append(this.#store)
  }

  /** Describes a field; the empty string takes the description away. What the page describes it by stays. */
  describe(field: Element, description: string): void {
    const known = this.#notes.get(field)
    if (known?.textContent === description || (known === undefined && description === '')) return
    if (description === '') return this.#drop(field)
    if (field.ownerDocument !== this.#document) return
    const note = known ?? this.#add(field)
    note.textContent = description
  }

  /** Says something politely, together with what else there is to say within the next moment. */
  say(words: string): void {
    this.#waiting.push(words)
    if (!this.#timer.running) this.#timer.set(SPEAK_EVERY_MS, () => this.#speak())
  }

  /** Takes every description away. */
  end(): void {
    this.#timer.clear()
    for (const field of [...this.#notes.keys()]) this.#drop(field)
    this.#store.remove()
  }

  #speak(): void {
    this.#live.textContent = [...new Set(this.#waiting)].slice(-3).join('. ')
    this.#waiting = []
  }

  #add(field: Element): HTMLElement {
    const note = this.#document.createElement('span')
    note.id = `corsia-note-${this.#next++}`
    this.#store.append(note)
    this.#notes.set(field, note)
    field.setAttribute('aria-describedby', [...idsOf(field), note.id].join(' '))
    return note
  }

  #drop(field: Element): void {
    const note = this.#notes.get(field)
    if (note === undefined) return
    this.#notes.delete(field)
    note.remove()
    const rest = idsOf(field).filter((id) => id !== note.id)
    if (rest.length > 0) field.setAttribute('aria-describedby', rest.join(' '))
    else field.removeAttribute('aria-describedby')
  }
}

function idsOf(field: Element): string[] {
  return (field.getAttribute('aria-describedby') ?? '').split(/\s+/).filter((id) => id !== '')
}

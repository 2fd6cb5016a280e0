import { Timer } from '../timer.ts'

const SPEAK_AFTER_MS = 1_500
/** Of what comes within that time so much is said. */
const MOST = 3

/**
 * What assistive technology hears: a description on a field (who holds it, where its text is), and one polite live
 * region for changes, summarised and throttled. Remote typing is never announced. The descriptions stand in the page's
 * own tree, hidden, because a reference can't reach into a shadow root; where it can't reach out of one either, the
 * description is an attribute.
 */
export class Notes {
  #store = document.createElement('corsia-notes')
  #live: HTMLElement
  #notes = new Map<Element, HTMLElement>()
  #timer = new Timer()
  #queue = new Map<string, string>()
  #next = 1

  constructor(live: HTMLElement, language: string) {
    this.#live = live
    this.#store.lang = language
    this.#store.style.setProperty('display', 'none', 'important')
    document.documentElement.append(this.#store)
  }

  /** Describes a field; the empty string takes the description away. What the page describes it by stays. */
  describe(field: Element, description: string): void {
    const known = this.#notes.get(field)
    if (description === '') {
      if (known !== undefined) this.#drop(field, known)
      return
    }
    const note = known ?? document.createElement('span')
    if (note.textContent !== description) note.textContent = description
    if (known === undefined) {
      note.id = `corsia-note-${this.#next++}`
      this.#notes.set(field, note)
      this.#store.append(note)
    }
    if (field.getRootNode() !== document) field.setAttribute('aria-description', description)
    else if (!references(field).includes(note.id)) refer(field, [...references(field), note.id])
  }

  /** Says something politely, soon. Of what has the same topic the last is said; of a burst, the last few. */
  say(words: string, topic = words): void {
    this.#queue.delete(topic)
    this.#queue.set(topic, words)
    if (this.#timer.running) return
    this.#timer.set(SPEAK_AFTER_MS, () => {
      this.#live.textContent = [...this.#queue.values()].slice(-MOST).join('. ')
      this.#queue.clear()
    })
  }

  /** Takes every description away. */
  end(): void {
    this.#timer.clear()
    for (const [field, note] of this.#notes) this.#drop(field, note)
    this.#store.remove()
  }

  #drop(field: Element, note: HTMLElement): void {
    this.#notes.delete(field)
    note.remove()
    if (field.getRootNode() !== document) field.removeAttribute('aria-description')
    refer(field, references(field).filter((id) => id !== note.id))
  }
}

function references(field: Element): string[] {
  return (field.getAttribute('aria-describedby') ?? '').split(/\s+/).filter(Boolean)
}

function refer(field: Element, ids: string[]): void {
  if (ids.length > 0) field.setAttribute('aria-describedby', ids.join(' '))
  else field.removeAttribute('aria-describedby')
}

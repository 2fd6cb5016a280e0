import { Timer } from '../timer.ts'

const SPEAK_AFTER_MS = 1_500

/**
 * What assistive technology hears: a description on a field (who holds it, where its text is), and one polite live
 * region for changes, throttled. Remote typing is never announced. The descriptions stand in the page's own tree,
 * hidden, because a reference can't reach into a shadow root.
 */
export class Notes {
  #store = document.createElement('corsia-notes')
  #live: HTMLElement
  #notes = new Map<Element, HTMLElement>()
  #timer = new Timer()
  #next = 1

  constructor(live: HTMLElement) {
    this.#live = live
    this.#store.style.setProperty('display', 'none', 'important')
    document.documentElement.append(this.#store)
  }

  /** Describes a field; the empty string takes the description away. What the page describes it by stays. */
  describe(field: Element, description: string): void {
    const known = this.#notes.get(field)
    if ((known?.textContent ?? '') === description || field.ownerDocument !== document) return
    const note = known ?? document.createElement('span')
    note.textContent = description
    if (known === undefined) {
      note.id = `corsia-note-${this.#next++}`
      this.#notes.set(field, note)
      this.#store.append(note)
      refer(field, [...references(field), note.id])
    } else if (description === '') this.#drop(field, note)
  }

  /** Says something politely; of what comes within a moment, the last is said. */
  say(words: string): void {
    this.#timer.set(SPEAK_AFTER_MS, () => {
      this.#live.textContent = words
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

import { button, element } from './element.ts'
import type { Placement } from './geometry.ts'
import { icon } from './icons.ts'
import type { FieldView } from './model.ts'
import type { Messages } from './messages.en.ts'
import type { Person } from './person.ts'

/** Fields narrower than this have the small badge, in pixels. */
const NARROW = 80
const FLASH_MS = 800
const MOST_AVATARS = 3
const FADE_MS = 1_200

/** What a decoration asks of its surroundings. */
export interface DecorationHooks {
  readonly words: Messages
  /** Shows a tooltip at an element of the widget, or hides it. */
  readonly tip: (anchor: Element | undefined, lines: readonly string[]) => void
  readonly copyDraft: (field: string) => void
  readonly dismissDraft: (field: string) => void
}

/** Ring, badge or tag, avatars and draft strip of one element. It is drawn outside the element and moves nothing. */
export class Decoration {
  readonly node: HTMLElement
  readonly target: HTMLElement
  #document: Document
  #hooks: DecorationHooks
  #ring: HTMLElement
  #flash: HTMLElement
  #cluster: HTMLElement
  #beside: HTMLElement
  #strip: HTMLElement
  #people = new Map<string, HTMLElement>()
  #shown = ''
  #placed = ''
  #view: FieldView | undefined
  #mini = false
  #room = false

  /** `main` is false for all but one radio button of a group: they have the ring alone. */
  constructor(target: HTMLElement, main: boolean, hooks: DecorationHooks) {
    const document = target.ownerDocument
    this.#document = document
    this.target = target
    this.#hooks = hooks
    this.#ring = element(document, 'div', 'ring')
    this.#flash = element(document, 'div', 'flash')
    this.#cluster = element(document, 'div', 'cl')
    this.#beside = element(document, 'div', 'beside people')
    this.#strip = element(document, 'div', 'strip')
    this.node = element(document, 'div', 'd', this.#flash, this.#ring)
    if (main) this.node.append(this.#cluster, this.#beside, this.#strip)
    this.#cluster.addEventListener('pointerenter', () => this.#hooks.tip(this.#cluster, this.#view?.tip ?? []))
    this.#cluster.addEventListener('pointerleave', () => this.#hooks.tip(undefined, []))
  }

  /** Shows the view; what has not changed is left alone. */
  show(view: FieldView): void {
    this.#view = view
    const key = JSON.stringify([view.ring, view.tag, view.people, view.draft, this.#mini, this.#room])
    if (key === this.#shown) return
    this.#shown = key
    this.node.className = `d ${view.ring}${view.box ? ' box' : ''}${this.#mini ? ' mini' : ''}`
    this.#placed = ''
    const mark = this.#mark(view)
    const avatars = this.#avatars(view.people)
    const beside = this.#room && !view.box
    this.#cluster.replaceChildren(...(beside ? [mark] : [...avatars, mark]))
    this.#beside.replaceChildren(...(beside ? avatars : []))
    this.#showDraft(view)
  }

  /** Puts everything where the field is; `origin` is where the layer's own corner is. Undefined hides it. */
  place(placement: Placement | undefined, origin: { left: number; top: number }): void {
    const key = placement === undefined ? '' : JSON.stringify([placement, origin.left, origin.top])
    if (key === this.#placed && this.node.hidden === (placement === undefined)) return
    this.#placed = key
    this.node.hidden = placement === undefined
    if (placement === undefined) return
    const { box, seen, radius, layer, room } = placement
    const style = this.node.style
    style.left = `${box.left - origin.left}px`
    style.top = `${box.top - origin.top}px`
    style.width = `${box.right - box.left}px`
    style.height = `${box.bottom - box.top}px`
    style.setProperty('--z', String(layer))
    this.#ring.style.borderRadius = radius.replace(/[\d.]+px/g, (part) => `${parseFloat(part) + 2}px`)
    this.#flash.style.borderRadius = radius
    this.#clip(box, seen)
    const mini = box.right - box.left < NARROW
    if (mini !== this.#mini || room !== this.#room) {
      this.#mini = mini
      this.#room = room
      if (this.#view !== undefined) this.show(this.#view)
    }
  }

  /** Shows once that somebody else has changed the field. */
  flash(): void {
    const calm = this.#document.defaultView?.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false
    if (calm) this.#flash.animate?.([{ opacity: 1 }, { opacity: 1 }], { duration: 1_500 })
    else this.#flash.animate?.([{ opacity: 0 }, { opacity: 1, offset: 0.25 }, { opacity: 0 }], { duration: FLASH_MS })
  }

  /** A scroll container that cuts the field cuts the ring too, and hides what stands at the corner if that is cut off. */
  #clip(box: Placement['box'], seen: Placement['seen']): void {
    const around = 10
    const cut = (hidden: number): string => `${hidden > 0.5 ? hidden + 2 : -around}px`
    const parts = [seen.top - box.top, box.right - seen.right, box.bottom - seen.bottom, seen.left - box.left]
    const clipped = parts.some((part) => part > 0.5)
    const path = clipped ? `inset(${parts.map(cut).join(' ')})` : ''
    this.#ring.style.clipPath = path
    this.#flash.style.clipPath = path
    this.node.classList.toggle('cut', (parts[0] ?? 0) > 0.5 || (parts[1] ?? 0) > 0.5)
  }

  #mark(view: FieldView): HTMLElement {
    const { tag } = view
    if (tag === undefined) {
      const badge = element(this.#document, 'span', 'bd', '👥')
      badge.setAttribute('aria-hidden', 'true')
      return badge
    }
    const sign = { own: '🔒', other: '🔒', here: icon(this.#document, 'disk'), no: icon(this.#document, 'warn'), view: '' }
    const chosen = sign[tag.kind]
    const mark = typeof chosen === 'string' ? (chosen === '' ? undefined : element(this.#document, 'i', '', chosen)) : chosen
    const short = tag.kind === 'other' ? tag.words.replace(/(\S)\S*\s*/gu, '$1') : ''
    return element(this.#document, 'span', `tg ${tag.kind}`, mark, this.#mini || view.box ? short : tag.words)
  }

  /** Returns the avatars; those who left stay for a moment, fading. */
  #avatars(people: readonly Person[]): HTMLElement[] {
    const shown = people.slice(0, MOST_AVATARS)
    const now = new Map(shown.map((person) => [person.userId, this.#people.get(person.userId) ?? this.#avatar(person)]))
    for (const [userId, node] of this.#people) {
      if (now.has(userId)) continue
      node.classList.add('out')
      setTimeout(() => node.remove(), FADE_MS)
    }
    const fading = [...this.#people].filter(([userId]) => !now.has(userId)).map(([, node]) => node)
    this.#people = now
    const more = people.length - shown.length
    const rest = more > 0 ? [element(this.#document, 'span', 'av more', `+${more}`)] : []
    return [...fading, ...now.values(), ...rest]
  }

  #avatar(person: Person): HTMLElement {
    const { words, tip } = this.#hooks
    const node = avatar(this.#document, person)
    const role = person.role === '' ? words.editing : `${person.role} · ${words.editing}`
    node.addEventListener('pointerenter', () => tip(node, [person.name, role]))
    node.addEventListener('pointerleave', () => tip(undefined, []))
    return node
  }

  #showDraft(view: FieldView): void {
    this.#strip.hidden = view.draft === undefined
    if (view.draft === undefined) return this.#strip.replaceChildren()
    const { words, copyDraft, dismissDraft } = this.#hooks
    const text = element(this.#document, 'span', '', `${words.notSavedDraft} `, element(this.#document, 'b', '', words.draftKept))
    text.title = view.draft.text
    const close = button(this.#document, 'ib', icon(this.#document, 'close'), () => dismissDraft(view.id))
    close.setAttribute('aria-label', words.dismiss)
    const copy = button(this.#document, 'b', words.copy, () => {
      copyDraft(view.id)
      copy.textContent = words.copied
    })
    this.#strip.replaceChildren(icon(this.#document, 'warn'), text, copy, close)
  }
}

/** Makes the disc with a person's initials. */
export function avatar(document: Document, person: Person): HTMLElement {
  const node = element(document, 'span', 'av', person.initials)
  node.style.background = person.colour
  node.setAttribute('aria-hidden', 'true')
  return node
}

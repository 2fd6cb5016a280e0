import { button, element } from './element.ts'
import type { Box, Placement } from './geometry.ts'
import { icon } from './icons.ts'
import type { FieldView, TagView } from './model.ts'
import { initials } from './person.ts'
import type { Person } from './person.ts'

/** Fields narrower than this have the small badge, in pixels. */
const NARROW = 80
/** A tick so near to the page's edge has its tag on its corner, in pixels. */
const EDGE = 64
/** What stands below a field is so far from the page's edges, in pixels. */
const GAP = 8
const FLASH_MS = 800
const STEADY_MS = 1_500
const MOST_AVATARS = 3
const FADE_MS = 1_200

/** What a decoration asks of its surroundings. */
export interface DecorationHooks {
  /** Shows a tooltip at an element, or hides it when there are no lines. */
  readonly tip: (anchor: Element, lines: readonly string[]) => void
  /** Does what a press on a tag does. */
  readonly press: (act: 'ask' | 'choose', field: string) => void
  /** Gives what stands below a field: its draft, or the card with its two values. */
  readonly below: (view: FieldView, layer: ShadowRoot) => readonly HTMLElement[]
}

/** Where a layer's own corner is in the viewport, and how much larger than its style everything in it is drawn. */
export interface Origin {
  readonly left: number
  readonly top: number
  readonly scale: number
}

/** Ring, badge or tag, avatars of one element, and what stands below it. It is drawn outside the element and moves nothing. */
export class Decoration {
  readonly node: HTMLElement
  readonly target: HTMLElement
  #hooks: DecorationHooks
  #ring = element('div.ring')
  #flash = element('div.flash')
  #cluster = element('div.cl')
  #beside = element('div.beside')
  #below = element('div.below')
  #people = new Map<string, HTMLElement>()
  /** Avatars of people who left, fading. */
  #leaving = new Set<HTMLElement>()
  #shown = ''
  #placed = ''
  #view: FieldView | undefined
  #mini = false
  /** There is no room for a tag beside it. */
  #edge = false
  #cut = false
  #room = false

  /** `main` is false for all but one radio button of a group: they have the ring alone. */
  constructor(target: HTMLElement, main: boolean, hooks: DecorationHooks) {
    this.target = target
    this.#hooks = hooks
    this.node = element('div.d', this.#flash, this.#ring)
    if (main) this.node.append(this.#cluster, this.#beside, this.#below)
    this.#hover(this.#cluster, () => this.#view?.tip ?? [])
  }

  /** Reports whether there are avatars to place. */
  get hasPeople(): boolean {
    return this.#people.size > 0
  }

  /** Shows the view; what has not changed is left alone. */
  show(view: FieldView): void {
    this.#view = view
    const key = JSON.stringify([view, this.#mini, this.#room, this.#edge])
    if (key === this.#shown) return
    this.#shown = key
    this.#placed = ''
    this.node.className = `d ${view.ring}${view.box && !this.#edge ? ' box' : ''}${this.#mini ? ' mini' : ''}${this.#cut ? ' cut' : ''}`
    const avatars = this.#avatars(view.people)
    const beside = this.#room && !view.box
    this.#beside.replaceChildren(...(beside ? avatars : []))
    this.#cluster.replaceChildren(...(beside ? [] : avatars), this.#mark(view))
    this.showBelow()
  }

  /** Shows what stands below the field, which changes without the view: a card is opened or put away. */
  showBelow(): void {
    if (this.#view === undefined || !this.#below.isConnected) return
    const nodes = this.#hooks.below(this.#view, this.#below.getRootNode() as ShadowRoot)
    const same = nodes.length === this.#below.childElementCount && nodes.every((node, index) => node === this.#below.children[index])
    if (same) return
    this.#below.replaceChildren(...nodes)
    this.#placed = ''
  }

  /** Puts everything where the field is; undefined hides it. */
  place(placement: Placement | undefined, origin: Origin): void {
    const key = JSON.stringify([placement, origin])
    if (key === this.#placed) return
    this.#placed = key
    this.node.hidden = placement === undefined
    if (placement === undefined) return
    const { box, seen, radius, layer, room } = placement
    const { style } = this.node
    const { scale } = origin
    // What is cut off must not make the page any larger, so all stands around the part that is seen.
    style.left = `${(seen.left - origin.left) / scale}px`
    style.top = `${(seen.top - origin.top) / scale}px`
    style.width = `${(seen.right - seen.left) / scale}px`
    style.height = `${(seen.bottom - seen.top) / scale}px`
    style.setProperty('--z', String(layer))
    this.#ring.style.borderRadius = radius.replace(/[\d.]+px/g, (part) => `${parseFloat(part) + 2}px`)
    this.#flash.style.borderRadius = radius
    this.#clip([seen.top - box.top, box.right - seen.right, box.bottom - seen.bottom, seen.left - box.left])
    if (this.#below.hasChildNodes()) this.#placeBelow(seen, scale)
    const mini = box.right - box.left < NARROW
    const edge = box.right + EDGE > this.target.ownerDocument.documentElement.clientWidth
    if (mini === this.#mini && room === this.#room && edge === this.#edge) return
    this.#mini = mini
    this.#room = room
    this.#edge = edge
    if (this.#view !== undefined) this.show(this.#view)
  }

  /** Keeps what stands below within the page: it may neither be cut off nor make the page any larger. */
  #placeBelow(box: Box, scale: number): void {
    const page = this.target.ownerDocument.documentElement
    const { width, height } = this.#below.getBoundingClientRect()
    const { top, bottom } = page.getBoundingClientRect()
    const shift = Math.max(GAP - box.left, Math.min(0, page.clientWidth - GAP - width - box.left))
    this.#below.style.left = `${shift / scale}px`
    const end = Math.max(bottom, page.clientHeight)
    this.#below.classList.toggle('up', box.bottom + GAP + height > end && box.top - GAP - height > top)
  }

  /** Hides it, until it is placed again. */
  hide(): void {
    this.#placed = ''
    this.node.hidden = true
  }

  /** Shows once that somebody else has changed the field. */
  flash(): void {
    const calm = isCalm()
    const frames = calm ? [{ opacity: 1 }, { opacity: 1 }] : [{ opacity: 0 }, { opacity: 1, offset: 0.25 }, { opacity: 0 }]
    this.#flash.animate(frames, calm ? STEADY_MS : FLASH_MS)
  }

  /** A scroll container that cuts the field cuts the ring, and hides the cluster when it cuts the corner. */
  #clip(hidden: number[]): void {
    const [top = 0, right = 0] = hidden
    const cut = hidden.map((part) => (part > 0.5 ? '2px' : '-10px')).join(' ')
    const path = hidden.some((part) => part > 0.5) ? `inset(${cut})` : ''
    this.#ring.style.clipPath = this.#flash.style.clipPath = path
    this.#cut = top > 0.5 || right > 0.5
    this.node.classList.toggle('cut', this.#cut)
  }

  #mark({ id, tag, box }: FieldView): HTMLElement {
    const small = this.#mini || box
    if (tag === undefined || (small && tag.kind === 'view')) return element('span.bd', '👥') // a tag has a sign at least
    const { kind, words, act, does = words } = tag
    const shown = small ? (kind === 'other' ? initials(words.replace(/,.*/, '')) : '') : words
    const content = [signOf(kind), shown]
    if (act === undefined) return element(`span.tg.${kind}`, ...content)
    const made = button(`.tg.${kind}`, small ? `${shown} ${does}` : does, () => this.#hooks.press(act, id), ...content)
    made.tabIndex = -1 // the keyboard has the panel for it
    return made
  }

  /** Returns the avatars; those who left stay for a moment, fading. */
  #avatars(people: readonly Person[]): HTMLElement[] {
    const old = this.#people
    const shown = people.slice(0, MOST_AVATARS)
    this.#people = new Map(shown.map((person) => [person.userId, old.get(person.userId) ?? this.#avatar(person)]))
    for (const [userId, node] of old) if (!this.#people.has(userId)) this.#fade(node)
    const more = people.length - shown.length
    return [...this.#leaving, ...this.#people.values(), ...(more > 0 ? [element('span.av.more', `+${more}`)] : [])]
  }

  #fade(node: HTMLElement): void {
    if (isCalm()) return
    node.classList.add('out')
    this.#leaving.add(node)
    node.animate([{ opacity: 1 }, { opacity: 0 }], FADE_MS).onfinish = () => {
      this.#leaving.delete(node)
      node.remove()
    }
  }

  #avatar(person: Person): HTMLElement {
    const node = avatar(person)
    this.#hover(node, () => [person.name, person.role])
    return node
  }

  #hover(node: HTMLElement, lines: () => readonly string[]): void {
    node.onpointerenter = () => this.#hooks.tip(node, lines())
    node.onpointerleave = () => this.#hooks.tip(node, [])
  }
}

function signOf(kind: TagView['kind']): Node | undefined {
  if (kind === 'own' || kind === 'other') return element('i', '🔒')
  return kind === 'view' ? undefined : icon(({ here: 'here', no: 'bad', two: 'choose' } as const)[kind])
}

function isCalm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

/** Makes the disc with a person's initials. */
export function avatar({ initials, colour }: Person): HTMLElement {
  const node = element('span.av', initials)
  node.style.background = colour
  node.ariaHidden = 'true'
  return node
}

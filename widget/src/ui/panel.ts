import { avatar } from './decoration.ts'
import { button, element } from './element.ts'
import { overlap } from './geometry.ts'
import { icon } from './icons.ts'
import type { Messages } from './messages.en.ts'
import type { PanelView } from './model.ts'
import type { Person } from './person.ts'

/** Below this width of the window the panel begins minimised, in pixels. */
const SMALL_WINDOW = 760
const MOST_AVATARS = 2

/** What the panel's buttons do. */
export interface PanelActions {
  readonly tryNow: () => void
  readonly unlockMine: () => void
}

/** The corner: connection, save state, people, active fields; or a pill with the same in one word (G5). */
export class Panel {
  #document: Document
  #words: Messages
  #corner: HTMLElement
  #panel: HTMLElement
  #pill: HTMLButtonElement
  #heading: HTMLElement
  #strip: HTMLElement
  #people: HTMLElement
  #active: HTMLElement
  #footer: HTMLElement
  #action: HTMLButtonElement
  #view: PanelView | undefined
  #shown = new Map<HTMLElement, string>()
  #open: boolean
  /** The panel went out of the way of the focused field by itself. */
  #asideFor: Element | undefined

  constructor(root: ShadowRoot, document: Document, words: Messages, actions: PanelActions, open?: boolean) {
    this.#document = document
    this.#words = words
    this.#open = open ?? (document.defaultView?.innerWidth ?? 0) >= SMALL_WINDOW
    const make = element.bind(undefined, document)
    this.#heading = make('div')
    this.#strip = make('div')
    this.#people = make('section')
    this.#active = make('section', 'active')
    this.#footer = make('span')
    this.#action = button(document, 'lk', '', () => {
      if (this.#view?.action === 'try') actions.tryNow()
      else actions.unlockMine()
    })
    const minimise = button(document, 'ib', icon(document, 'minimise'), () => this.#toggle(false))
    minimise.setAttribute('aria-label', words.minimise)
    const header = make('header', '', this.#heading, minimise)
    this.#panel = make('aside', 'pn', header, this.#strip, this.#people, this.#active)
    this.#panel.append(make('footer', '', this.#footer, this.#action))
    this.#panel.setAttribute('aria-label', words.panel)
    this.#pill = button(document, 'mn', undefined, () => this.#toggle(true))
    this.#pill.setAttribute('aria-expanded', 'false')
    this.#corner = make('div', 'corner', this.#panel, this.#pill)
    root.append(this.#corner)
    this.#showOpen()
  }

  /** Shows the view; parts that have not changed are left alone. */
  show(view: PanelView): void {
    this.#view = view
    const { dot, title, subtitle, strip } = view
    const sub = element(this.#document, 'span', 'sub', subtitle === '' ? '' : ` · ${subtitle}`)
    const make = element.bind(undefined, this.#document)
    this.#fill(this.#heading, [dot, title, subtitle], () => [make('b', '', title), sub])
    this.#dot(dot)
    this.#strip.className = `st ${strip.kind}`
    this.#fill(this.#strip, strip, () => [
      icon(this.#document, strip.icon),
      make('span', '', make('b', '', strip.word), ` — ${strip.rest}`),
    ])
    this.#showPeople(view.people)
    this.#showActive(view.active)
    this.#fill(this.#footer, view.footer, () => [view.footer])
    this.#action.hidden = view.action === undefined
    this.#action.textContent = view.action === 'try' ? this.#words.tryNow : this.#words.unlockMine
    this.#showPill(view)
  }

  /** Keeps out of the way of the field that has the focus (WCAG 2.4.11); undefined when none has. */
  makeRoomFor(field: Element | undefined): void {
    if (field === undefined) {
      if (this.#asideFor !== undefined) this.#backInPlace()
      return
    }
    const at = field.getBoundingClientRect()
    if (this.#asideFor === undefined && !overlap(at, this.#corner.getBoundingClientRect())) return
    this.#asideFor = field
    this.#showOpen()
    this.#corner.classList.toggle('left', overlap(at, this.#corner.getBoundingClientRect()))
  }

  #backInPlace(): void {
    this.#asideFor = undefined
    this.#corner.classList.remove('left')
    this.#showOpen()
  }

  #toggle(open: boolean): void {
    this.#open = open
    this.#asideFor = undefined
    this.#showOpen()
    const focused = open ? this.#panel.querySelector('button') : this.#pill
    focused?.focus({ preventScroll: true })
  }

  #showOpen(): void {
    const open = this.#open && this.#asideFor === undefined
    this.#panel.hidden = !open
    this.#pill.hidden = open
  }

  #dot(kind: PanelView['dot']): void {
    const header = this.#heading.parentElement
    const old = header?.querySelector('.dot')
    if (old?.classList.contains(kind)) return
    old?.remove()
    header?.prepend(element(this.#document, 'span', `dot ${kind}`))
  }

  #showPeople(people: readonly Person[]): void {
    const make = element.bind(undefined, this.#document)
    this.#people.hidden = people.length === 0
    this.#fill(this.#people, people, () => [
      make('h4', '', make('span', '', this.#words.onRecord), make('span', '', String(people.length))),
      make('ul', '', ...people.map((person) => this.#person(person))),
    ])
  }

  #person(person: Person): HTMLElement {
    const make = element.bind(undefined, this.#document)
    const name = person.you ? this.#words.you(person.name) : person.name
    const chip = person.viewing ? make('span', 'chip', this.#words.viewing) : undefined
    return make('li', '', avatar(this.#document, person), make('div', 'w', name, make('small', '', person.role)), chip)
  }

  #showActive(active: PanelView['active']): void {
    const make = element.bind(undefined, this.#document)
    this.#active.hidden = active.length === 0
    this.#fill(this.#active, active, () => [
      make('h4', '', make('span', '', this.#words.activeFields), make('span', '', String(active.length))),
      make('ul', '', ...active.map(({ locked, label, who }) => {
        const pen = icon(this.#document, 'pen')
        pen.classList.add('e')
        return make('li', '', locked ? make('span', 'e', '🔒') : pen, make('div', 'w', label, make('small', '', who)))
      })),
    ])
  }

  #showPill(view: PanelView): void {
    const others = view.people.filter((person) => !person.you)
    const more = others.length - MOST_AVATARS
    this.#pill.setAttribute('aria-label', `${view.short}. ${this.#words.expand}`)
    this.#fill(this.#pill, [view.dot, view.short, others], () => [
      element(this.#document, 'span', `dot ${view.dot}`),
      view.short,
      element(
        this.#document,
        'span',
        'stack',
        ...others.slice(0, MOST_AVATARS).map((person) => avatar(this.#document, person)),
        more > 0 ? element(this.#document, 'span', 'av more', `+${more}`) : undefined,
      ),
    ])
  }

  #fill(node: HTMLElement, what: unknown, children: () => (Node | string)[]): void {
    const key = JSON.stringify(what)
    if (this.#shown.get(node) === key) return
    this.#shown.set(node, key)
    node.replaceChildren(...children())
  }
}

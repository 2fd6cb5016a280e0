import { avatar } from './decoration.ts'
import { button, element } from './element.ts'
import { overlap } from './geometry.ts'
import { icon } from './icons.ts'
import type { Messages } from './messages.en.ts'
import type { PanelView } from './model.ts'

/** Below this width of the window the panel begins minimised, in pixels. */
const SMALL_WINDOW = 760
const MOST_AVATARS = 2

/** The corner: connection, save state, people, active fields; or a pill with the same in one word (G5). */
export class Panel {
  #words: Messages
  #act: (action: 'tryNow' | 'unlockMine') => void
  #corner = element('div.corner')
  #view: PanelView | undefined
  #shown = ''
  #open: boolean
  /** The panel went out of the way of the focused field by itself. */
  #aside = false

  constructor(root: ShadowRoot, words: Messages, act: (action: 'tryNow' | 'unlockMine') => void, open?: boolean) {
    this.#words = words
    this.#act = act
    this.#open = open ?? innerWidth >= SMALL_WINDOW
    root.append(this.#corner)
  }

  /** Shows the view; it is drawn anew only when it has changed, and the focus stays on the button that has it. */
  show(view: PanelView): void {
    this.#view = view
    const open = this.#open && !this.#aside
    const key = JSON.stringify([view, open])
    if (key === this.#shown) return
    this.#shown = key
    const focused = this.#corner.querySelector(':focus')?.className
    this.#corner.replaceChildren(open ? this.#panel(view) : this.#pill(view))
    if (focused !== undefined) this.#corner.querySelector<HTMLElement>(`button.${focused || 'x'}, button`)?.focus()
  }

  /** Keeps out of the way of the field that has the focus (WCAG 2.4.11); undefined when none has. */
  makeRoomFor(field: Element | undefined): void {
    const inTheWay = (): boolean =>
      field !== undefined && overlap(field.getBoundingClientRect(), this.#corner.getBoundingClientRect())
    if (field !== undefined && !inTheWay()) return
    this.#aside = field !== undefined
    this.#corner.classList.remove('left')
    this.#redraw()
    this.#corner.classList.toggle('left', inTheWay())
  }

  #redraw(): void {
    if (this.#view !== undefined) this.show(this.#view)
  }

  #toggle(open: boolean): void {
    this.#open = open
    this.#aside = false
    this.#redraw()
  }

  #panel(view: PanelView): HTMLElement {
    const { title, subtitle, kind, word, rest, people, active, footer, action } = view
    const words = this.#words
    const minimise = button('.ib', words.minimise, () => this.#toggle(false), icon('minimise'))
    const list = (heading: string, items: HTMLElement[]): HTMLElement[] =>
      items.length === 0 ? [] : [element('h4', heading, element('span', String(items.length))), element('ul', ...items)]
    return element(
      'aside.pn',
      element('header', element(`span.dot.${kind}`), element('div', element('b', title), subtitle && ` · ${subtitle}`), minimise),
      element(`div.st.${kind}`, icon(kind), element('span', element('b', word), ` — ${rest}`)),
      ...list(words.onRecord, people.map((person) => {
        const name = person.you ? words.you(person.name) : person.name
        const chip = person.viewing && element('span.chip', words.viewing)
        return element('li', avatar(person), element('div', name, element('small', person.role)), chip)
      })),
      ...list(words.activeFields, active.map(({ locked, label, who }) =>
        element('li', locked ? element('i', '🔒') : icon('pen'), element('div', label, element('small', who))),
      )),
      element('footer', footer, action && button('.lk', words[action], () => this.#act(action))),
    )
  }

  #pill({ kind, word, people, footer }: PanelView): HTMLElement {
    const others = people.filter(({ you }) => !you)
    const more = others.length - MOST_AVATARS
    const stack = element(
      'span.stack',
      ...others.slice(0, MOST_AVATARS).map(avatar),
      more > 0 && element('span.av.more', `+${more}`),
    )
    const label = `${word}. ${footer}. ${this.#words.expand}`
    return button('.mn', label, () => this.#toggle(true), element(`span.dot.${kind}`), word, stack)
  }
}

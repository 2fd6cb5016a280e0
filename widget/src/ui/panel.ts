import type { Actions } from './actions.ts'
import { avatar } from './decoration.ts'
import { button, element } from './element.ts'
import { overlap } from './geometry.ts'
import { icon } from './icons.ts'
import type { Messages } from './messages.en.ts'
import type { DraftView, PanelView } from './model.ts'

/** Below this width of the window the panel begins minimised, in pixels. */
const SMALL_WINDOW = 760
const MOST_AVATARS = 2
/** Brings the focus here from anywhere, and Escape brings it back. */
const SHORTCUT = 'Alt+Shift+C'

/** What a panel needs. */
export interface PanelHooks extends Pick<Actions, 'tryNow' | 'unlockMine' | 'ask'> {
  readonly choose: (field: string) => void
  /** Gives the list of drafts, once the part that draws it is there. */
  readonly drafts: (drafts: readonly DraftView[]) => readonly HTMLElement[]
}

/** The corner: connection, save state, people, active fields; or a pill with the same in one word (G5). */
export class Panel {
  #words: Messages
  #hooks: PanelHooks
  #place = element('div')
  #corner: HTMLElement
  #view: PanelView | undefined
  #shown = ''
  #open: boolean
  /** The panel went out of the way of the focused field by itself. */
  #aside = false
  /** What had the focus before the shortcut. */
  #before: HTMLElement | undefined

  constructor(corner: HTMLElement, words: Messages, hooks: PanelHooks, open?: boolean) {
    this.#words = words
    this.#hooks = hooks
    this.#corner = corner
    this.#open = open ?? innerWidth >= SMALL_WINDOW
    corner.append(this.#place)
    corner.onkeydown = ({ key }) => {
      if (key !== 'Escape' || this.#before === undefined) return
      this.#before.focus()
      this.#before = undefined
    }
  }

  /** Shows the view; it is drawn anew only when it has changed, and the focus stays on the button that has it. */
  show(view: PanelView): void {
    this.#view = view
    const open = this.#open && !this.#aside
    const key = JSON.stringify([view, open])
    if (key === this.#shown) return
    this.#shown = key
    const focused = this.#place.querySelector<HTMLElement>(':focus')
    this.#place.replaceChildren(open ? this.#panel(view) : this.#pill(view))
    if (focused === null) return
    const buttons = [...this.#place.querySelectorAll('button')]
    ;(buttons.find(({ ariaLabel }) => ariaLabel === focused.ariaLabel) ?? buttons[0])?.focus()
  }

  /** Draws it anew, though the view is the same. */
  redraw(): void {
    this.#shown = ''
    if (this.#view !== undefined) this.show(this.#view)
  }

  /** Gives the panel the focus; `from` has it back with Escape. */
  enter(from: HTMLElement | undefined): void {
    this.#before = from
    this.#toggle(true)
    this.#place.querySelector('button')?.focus()
  }

  /** Keeps out of the way of the field that has the focus (WCAG 2.4.11); undefined when none has. */
  makeRoomFor(field: Element | undefined): void {
    const inTheWay = (): boolean =>
      field !== undefined && overlap(field.getBoundingClientRect(), this.#corner.getBoundingClientRect())
    if (field !== undefined && !inTheWay()) return
    this.#aside = field !== undefined
    this.#corner.classList.remove('left')
    if (this.#view !== undefined) this.show(this.#view)
    this.#corner.classList.toggle('left', inTheWay())
  }

  #toggle(open: boolean): void {
    this.#open = open
    this.#aside = false
    this.redraw()
  }

  #panel(view: PanelView): HTMLElement {
    const { title, subtitle, kind, word, rest, people, active, choose, drafts, footer, action } = view
    const words = this.#words
    const minimise = button('.ib', words.minimise, () => this.#toggle(false), icon('minimise'))
    minimise.setAttribute('aria-keyshortcuts', SHORTCUT)
    minimise.title = `${words.minimise} (${SHORTCUT})`
    const list = (heading: string, items: HTMLElement[]): HTMLElement[] =>
      items.length === 0 ? [] : listOf(heading, items)
    const small = (name: string, words: string, work: () => void, does: string): HTMLElement => {
      const made = button(name, `${words}: ${does}`, work)
      made.textContent = words
      return made
    }
    const panel = element(
      'aside.pn',
      element('header', element(`span.dot.${kind}`), element('div', element('b', title), subtitle && ` · ${subtitle}`), minimise),
      element(`div.st.${kind}`, icon(kind === 'deg' ? 'bad' : kind), element('span', element('b', word), ` — ${rest}`)),
      ...list(words.twoValues, choose.map(({ id, label }) =>
        element('li', icon('choose'), element('div', label), small('.b.s', words.choose, () => this.#hooks.choose(id), label)),
      )),
      ...this.#hooks.drafts(drafts),
      ...list(words.onRecord, people.map((person) => {
        const name = person.you ? words.you(person.name) : person.name
        const chip = person.viewing && element('span.chip', words.viewing)
        return element('li', avatar(person), element('div', name, element('small', person.role)), chip)
      })),
      ...list(words.activeFields, active.map(({ locked, label, who, ask }) =>
        element(
          'li',
          locked ? element('i', '🔒') : icon('pen'),
          element('div', label, element('small', who)),
          ask !== undefined && small('.b.s', words.ask, () => this.#hooks.ask(ask), label),
        ),
      )),
      element('footer', footer, action && button('.lk', words[action], () => this.#hooks[action]())),
    )
    panel.ariaLabel = 'Corsia'
    return panel
  }

  #pill({ kind, word, people, choose, footer }: PanelView): HTMLElement {
    const others = people.filter(({ you }) => !you)
    const more = others.length - MOST_AVATARS
    const stack = element(
      'span.stack',
      ...others.slice(0, MOST_AVATARS).map(avatar),
      more > 0 && element('span.av.more', `+${more}`),
    )
    const attention = choose.length > 0 && this.#words.toChoose(choose.length)
    const label = [word, attention, footer, this.#words.expand].filter(Boolean).join('. ')
    const pill = button('.mn', label, () => this.#toggle(true), element(`span.dot.${kind}`), word, attention && element('b.two', attention), stack)
    pill.setAttribute('aria-keyshortcuts', SHORTCUT)
    return pill
  }
}

/** Makes a list with its name and length above it. The name is no heading: the page's own headings are in order. */
export function listOf(name: string, items: readonly HTMLElement[]): HTMLElement[] {
  const list = element('ul', ...items)
  list.ariaLabel = name
  return [element('div.h', name, element('span', String(items.length))), list]
}

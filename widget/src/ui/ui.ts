import { Lifetime } from '../lifetime.ts'
import { island } from './element.ts'
import { messagesFor } from './messages.ts'
import type { Messages } from './messages.en.ts'
import type { FieldView, PanelView } from './model.ts'
import { Notes } from './notes.ts'
import { Overlay } from './overlay.ts'
import { Panel } from './panel.ts'
import { PANEL_STYLES } from './styles.ts'
import { Tooltip } from './tooltip.ts'

/** The pointer rests this long on a field before its tooltip comes, in milliseconds. */
const HOVER_MS = 600

/** What the user can do in the widget's own surface. */
export interface UiActions {
  readonly tryNow: () => void
  readonly unlockMine: () => void
  readonly copyDraft: (field: string) => void
  readonly dismissDraft: (field: string) => void
}

/** Set by the constructor, never changed. */
export interface UiOptions {
  readonly page: Document
  readonly locale: string
  readonly panel: 'open' | 'minimised' | 'auto' | 'none'
  readonly actions: UiActions
}

/** Everything that the widget shows, in shadow roots beside the page. It draws what it is given and decides nothing. */
export class Ui {
  readonly words: Messages
  #life = new Lifetime()
  #overlay: Overlay
  #panel: Panel | undefined
  #tooltip: Tooltip
  #notes: Notes
  #tips = new Map<Element, readonly string[]>()
  #hover: ReturnType<typeof setTimeout> | undefined

  constructor(options: UiOptions) {
    const { page, actions } = options
    this.words = messagesFor(options.locale)
    const { host, root } = island(page, 'corsia-panel', PANEL_STYLES)
    host.lang = this.words.panel === '' ? 'en' : options.locale
    page.documentElement.append(host)
    this.#life.add(() => host.remove())
    const live = page.createElement('div')
    live.className = 'sr'
    live.setAttribute('role', 'status')
    root.append(live)
    this.#tooltip = new Tooltip(root, page)
    this.#notes = new Notes(page, live)
    this.#overlay = new Overlay(page, {
      words: this.words,
      tip: (anchor, lines) => (anchor === undefined ? this.#hideTip() : this.#tooltip.show(anchor, lines)),
      copyDraft: actions.copyDraft,
      dismissDraft: actions.dismissDraft,
    })
    this.#life.add(() => this.#overlay.end())
    this.#life.add(() => this.#notes.end())
    if (options.panel !== 'none') {
      const open = options.panel === 'auto' ? undefined : options.panel === 'open'
      this.#panel = new Panel(root, page, this.words, actions, open)
    }
    this.#listen(page)
  }

  /** Shows the state of all fields and of the whole. */
  show(fields: readonly { elements: readonly HTMLElement[]; view: FieldView }[], panel: PanelView): void {
    this.#overlay.show(fields)
    this.#panel?.show(panel)
    this.#tips.clear()
    for (const { elements, view } of fields) {
      for (const element of elements) {
        this.#tips.set(element, view.tip)
        this.#notes.describe(element, view.description)
      }
    }
  }

  /** Flashes the elements of a field that somebody else has changed. */
  flash(elements: readonly HTMLElement[]): void {
    for (const element of elements) this.#overlay.flash(element)
  }

  /** Says something to those who hear the page. */
  say(words: string): void {
    this.#notes.say(words)
  }

  /** Keeps the panel away from the field that has the focus. */
  focused(element: Element | undefined): void {
    this.#panel?.makeRoomFor(element)
  }

  /** Takes everything away. */
  end(): void {
    this.#hideTip()
    this.#life.end()
  }

  #listen(page: Document): void {
    const over = (event: Event, after: number): void => {
      const target = event.composedPath().find((node) => this.#tips.has(node as Element)) as Element | undefined
      if (target === undefined) return
      this.#hideTip()
      this.#hover = setTimeout(() => this.#tooltip.show(target, this.#tips.get(target) ?? []), after)
    }
    this.#life.listen(page, 'pointerover', (event) => over(event, HOVER_MS), { capture: true, passive: true })
    this.#life.listen(page, 'focusin', (event) => (event.target as Element).matches(':focus-visible') && over(event, HOVER_MS))
    for (const type of ['pointerout', 'pointerdown', 'focusout', 'input', 'scroll']) {
      this.#life.listen(page, type, () => this.#hideTip(), { capture: true, passive: true })
    }
    this.#life.listen<KeyboardEvent>(page, 'keydown', ({ key }) => key === 'Escape' && this.#hideTip(), { capture: true })
  }

  #hideTip(): void {
    if (this.#hover !== undefined) clearTimeout(this.#hover)
    this.#hover = undefined
    this.#tooltip.hide()
  }
}

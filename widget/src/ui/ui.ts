import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'
import { element, island } from './element.ts'
import { messagesFor } from './messages.ts'
import type { Messages } from './messages.en.ts'
import type { PanelView } from './model.ts'
import { Notes } from './notes.ts'
import { Overlay } from './overlay.ts'
import type { Decorated } from './overlay.ts'
import { Panel } from './panel.ts'
import { PANEL_STYLES } from './styles.ts'
import { Tooltip } from './tooltip.ts'

/** The pointer or the focus rests this long on a field before its tooltip comes, in milliseconds. */
const HOVER_MS = 600

/** Set by the constructor, never changed. */
export interface UiOptions {
  readonly locale: string
  readonly panel: 'open' | 'minimised' | 'auto' | 'none'
  readonly act: (action: 'tryNow' | 'unlockMine') => void
  readonly copyDraft: (field: string) => void
  readonly dismissDraft: (field: string) => void
}

/** Everything that the widget shows, in shadow roots beside the page. It draws what it is given and decides nothing. */
export class Ui {
  readonly words: Messages
  #life = new Lifetime()
  #overlay: Overlay
  #panel: Panel | undefined
  #tooltip: Tooltip
  #notes: Notes
  #tips = new Map<EventTarget, readonly string[]>()
  #hover = new Timer()

  constructor(options: UiOptions) {
    const words = (this.words = messagesFor(options.locale))
    const root = island(document.documentElement, 'corsia-panel', PANEL_STYLES)
    const live = element('div.sr')
    live.role = 'status'
    root.append(live)
    const tooltip = (this.#tooltip = new Tooltip(root))
    this.#notes = new Notes(live)
    this.#overlay = new Overlay({ ...options, words, tip: (anchor, lines) => tooltip.show(anchor, lines) })
    if (options.panel !== 'none') {
      const open = options.panel === 'auto' ? undefined : options.panel === 'open'
      this.#panel = new Panel(root, words, options.act, open)
    }
    for (const end of [() => root.host.remove(), () => this.#overlay.end(), () => this.#notes.end()]) this.#life.add(end)
    this.#life.add(() => this.#hover.clear())
    this.#listen()
  }

  /** Shows the state of all fields and of the whole. */
  show(fields: readonly Decorated[], panel: PanelView): void {
    this.#overlay.show(fields)
    this.#panel?.show(panel)
    this.#tips.clear()
    for (const { elements, view } of fields) {
      for (const target of elements) {
        this.#tips.set(target, view.tip)
        this.#notes.describe(target, view.tip[1])
      }
    }
  }

  /** Flashes the elements of a field that somebody else has changed. */
  flash(elements: readonly HTMLElement[]): void {
    for (const target of elements) this.#overlay.flash(target)
  }

  /** Says something to those who hear the page. */
  say(words: string): void {
    this.#notes.say(words)
  }

  /** Keeps the panel away from the field that has the focus. */
  focused(target: Element | undefined): void {
    this.#panel?.makeRoomFor(target)
  }

  /** Takes everything away. */
  end(): void {
    this.#life.end()
  }

  #listen(): void {
    const hide = (): void => {
      this.#hover.clear()
      this.#tooltip.show(document.documentElement, [])
    }
    const over = (event: Event): void => {
      const target = event.composedPath().find((node) => this.#tips.has(node)) as Element | undefined
      hide()
      if (target) this.#hover.set(HOVER_MS, () => this.#tooltip.show(target, this.#tips.get(target) ?? []))
    }
    const quiet = { capture: true, passive: true }
    for (const type of ['pointerover', 'focusin']) this.#life.listen(document, type, over, quiet)
    for (const type of ['pointerdown', 'focusout', 'input', 'scroll']) this.#life.listen(document, type, hide, quiet)
    this.#life.listen<KeyboardEvent>(document, 'keydown', ({ key }) => key === 'Escape' && hide(), quiet)
  }
}

import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'
import type { Widget } from '../widget.ts'
import type { Actions } from './actions.ts'
import { button, element, island } from './element.ts'
import { icon } from './icons.ts'
import { en } from './messages.en.ts'
import type { Messages } from './messages.en.ts'
import { varietyOf } from './model.ts'
import type { PanelView } from './model.ts'
import { Notes } from './notes.ts'
import { Overlay } from './overlay.ts'
import type { Decorated } from './overlay.ts'
import { Panel } from './panel.ts'
import { loadPart, MISSING } from './part.ts'
import type { Part } from './part.ts'
import { PANEL_STYLES } from './styles.ts'
import { Top } from './top.ts'

/** The pointer or the focus rests this long on a field before its tooltip comes, in milliseconds. */
const HOVER_MS = 600

/** So long after the beginning the rarely needed part is fetched: offline it could not be had any more, in milliseconds. */
const PART_AFTER_MS = 3_000

/** What draws the rarely needed pieces. */
export type Rare = InstanceType<Part['Rare']>

/** Set by the constructor, never changed. */
export interface UiOptions {
  readonly locale: string
  readonly panel: 'open' | 'minimised' | 'auto' | 'none'
  readonly widget: Pick<Widget, 'document' | 'locks' | 'fields'>
  readonly actions: Actions
  /** Everything is to be shown anew: it can be shown now, or in another way. */
  readonly redraw: () => void
}

/** Everything that the widget shows, in shadow roots beside the page. It draws what it is given and decides nothing. */
export class Ui {
  words: Messages = en
  #italian = false
  #options: UiOptions
  #life = new Lifetime()
  #root: ShadowRoot | undefined
  #corner = element('div.corner')
  #overlay: Overlay | undefined
  #panel: Panel | undefined
  #notes: Notes | undefined
  #rare: Rare | undefined
  /** Tells that the rarely needed part is missing. */
  #missing: HTMLElement | undefined
  #tips = new Map<EventTarget, readonly string[]>()
  #hover = new Timer()
  #later = new Timer()

  constructor(options: UiOptions) {
    this.#options = options
    for (const timer of [this.#hover, this.#later]) this.#life.add(() => timer.clear())
    if (isItalian(options.locale)) void this.#beginInItalian()
    else this.#begin(false)
  }

  /** Shows the state of all fields and of the whole. */
  show(fields: readonly Decorated[], panel: PanelView): void {
    if (panel.drafts.length > 0 || fields.some(({ view }) => view.draft ?? view.conflict)) this.#need()
    this.#overlay?.show(fields)
    this.#panel?.show(panel)
    this.#tips.clear()
    for (const { elements, view } of fields) {
      for (const target of elements) {
        this.#tips.set(target, view.tip)
        this.#notes?.describe(target, view.tip[1])
      }
    }
  }

  /** Flashes the elements of a field that somebody else has changed. */
  flash(elements: readonly HTMLElement[]): void {
    for (const target of elements) this.#overlay?.flash(target)
  }

  /** Says something to those who hear the page; of the same topic, the last that is said within a moment. */
  say(words: string, topic?: string): void {
    this.#notes?.say(words, topic)
  }

  /** Notes where the focus is: the panel stays away from it, and the two values of a field are shown. */
  focused(target: Element | undefined, choose?: string): void {
    this.#panel?.makeRoomFor(target)
    if (choose !== undefined) this.rare((rare) => rare.choose(choose, false))
  }

  /** Uses the rarely needed part, when it is there; that it can't be had is said and shown. */
  rare(use: (rare: Rare) => void): void {
    if (this.#rare !== undefined) return use(this.#rare)
    this.#need(use)
  }

  /** Takes everything away. */
  end(): void {
    this.#life.end()
  }

  #need(use?: (rare: Rare) => void): void {
    if (this.#rare !== undefined || (use === undefined && this.#missing?.isConnected)) return
    void loadPart().then((part) => {
      const root = this.#root
      if (this.#life.ended || root === undefined) return
      this.#missing?.remove()
      if (part === undefined) return this.#tellMissing(use)
      if (this.#rare === undefined) {
        const say = (words: string): void => this.say(words)
        const redraw = (): void => {
          this.#overlay?.showBelow()
          this.#panel?.redraw()
        }
        const rare = new part.Rare({ ...this.#options, root, corner: this.#corner, italian: this.#italian, language: this.words.tag, say, redraw })
        this.#rare = rare
        this.#life.add(() => rare.end())
        redraw()
      }
      use?.(this.#rare)
    })
  }

  /** Shows a tooltip. Nobody misses it: when the part can't be had, nothing is said. */
  #tip(anchor: Element, lines: readonly string[]): void {
    void loadPart().then((part) => part && !this.#life.ended && this.rare(({ tooltip }) => tooltip.show(anchor, lines)))
  }

  /** A press tries again to do what was wanted. */
  #tellMissing(use?: (rare: Rare) => void): void {
    const words = MISSING[isItalian(this.#options.locale) ? 1 : 0]
    this.say(words)
    this.#missing = button('.mn.st.bad', words, () => this.#need(use ?? (() => undefined)), icon('bad'), words)
    this.#corner.prepend(this.#missing)
  }

  /** Waits for the words; without them, English is better than nothing. */
  async #beginInItalian(): Promise<void> {
    const part = await loadPart()
    if (this.#life.ended) return
    if (part !== undefined) this.words = part.italian
    this.#begin(part !== undefined)
    if (part === undefined) this.#tellMissing()
    this.#options.redraw()
  }

  #begin(italian: boolean): void {
    this.#italian = italian
    const { words } = this
    const { actions, locale, panel } = this.#options
    this.words = { ...words, tag: varietyOf(italian || /^en\b/i.test(locale) ? locale : words.tag) }
    const root = island(document.documentElement, 'corsia-panel', PANEL_STYLES, words.tag)
    this.#root = root
    const live = element('div.sr')
    live.role = 'status'
    root.append(live, this.#corner)
    const notes = (this.#notes = new Notes(live, words.tag))
    const top = new Top(root.host as HTMLElement)
    const choose = (field: string): void => this.rare((rare) => rare.choose(field, true))
    const overlay = (this.#overlay = new Overlay(
      {
        tip: (anchor, lines) => this.#tip(anchor, lines),
        press: (act, field) => (act === 'ask' ? actions.ask(field) : choose(field)),
        below: (view, layer) => this.#rare?.below(view, layer) ?? [],
      },
      words.tag,
      () => top.raise(),
    ))
    if (panel !== 'none') {
      const open = panel === 'auto' ? undefined : panel === 'open'
      const drafts: Rare['drafts'] = (views) => this.#rare?.drafts(views) ?? []
      const choosing = (field: string): void => {
        actions.goTo(field)
        choose(field)
      }
      this.#panel = new Panel(this.#corner, this.words, { ...actions, choose: choosing, drafts }, open)
    }
    for (const end of [() => root.host.remove(), () => overlay.end(), () => notes.end()]) this.#life.add(end)
    this.#listen()
    this.#later.set(PART_AFTER_MS, () => void loadPart())
  }

  #listen(): void {
    const hide = (): void => {
      this.#hover.clear()
      this.#rare?.tooltip.hide()
    }
    const over = (event: Event): void => {
      const path = event.composedPath()
      if (this.#root !== undefined && path.includes(this.#root)) return // the tooltip itself, or the panel
      const target = path.find((node) => this.#tips.has(node)) as Element | undefined
      hide()
      if (target) this.#hover.set(HOVER_MS, () => this.#tip(target, this.#tips.get(target) ?? []))
    }
    const quiet = { capture: true, passive: true }
    for (const type of ['pointerover', 'focusin']) this.#life.listen(document, type, over, quiet)
    for (const type of ['pointerdown', 'focusout', 'input', 'scroll']) this.#life.listen(document, type, hide, quiet)
    this.#life.listen<KeyboardEvent>(document, 'keydown', (event) => this.#key(event, hide), { capture: true })
  }

  #key(event: KeyboardEvent, hide: () => void): void {
    if (event.key === 'Escape') hide()
    if (event.code !== 'KeyC' || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    this.#panel?.enter((event.composedPath()[0] as HTMLElement | undefined) ?? undefined)
  }
}

function isItalian(locale: string): boolean {
  return /^it\b/i.test(locale)
}

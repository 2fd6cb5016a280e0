import { idOf } from '../field.ts'
import type { LockEvents } from '../locks.ts'
import { LOST } from '../protocol.ts'
import type { LockRequest } from '../protocol.ts'
import type { Push } from '../pushes.ts'
import type { Widget } from '../widget.ts'
import type { Actions } from './actions.ts'
import { adopt } from './element.ts'
import { clock } from './model.ts'
import type { DraftView, FieldView } from './model.ts'
import { initials } from './person.ts'
import type { Person } from './person.ts'
import { askForField } from './rare/asking.ts'
import { chooser } from './rare/chooser.ts'
import { draftList, draftStrip } from './rare/drafts.ts'
import type { DraftHooks } from './rare/drafts.ts'
import { it as messages } from './rare/messages.it.ts'
import { Notices } from './rare/notices.ts'
import { Requests } from './rare/requests.ts'
import { sign } from './rare/signs.ts'
import { RARE_STYLES } from './rare/styles.ts'
import { Tooltip } from './rare/tooltip.ts'
import { en } from './rare/words.en.ts'
import type { RareWords } from './rare/words.en.ts'
import { it } from './rare/words.it.ts'

/** The often needed words in Italian, for an Italian page. */
export const italian = messages

/** Set by the constructor, never changed. */
export interface RareOptions {
  readonly widget: Pick<Widget, 'document' | 'locks' | 'fields'>
  readonly root: ShadowRoot
  readonly corner: HTMLElement
  readonly italian: boolean
  /** Language that times follow. */
  readonly language: string
  readonly actions: Actions
  readonly say: (words: string) => void
  /** What stands below fields, or in the panel, has changed. */
  readonly redraw: () => void
}

/** Draws what is rarely needed: dialogs, notices, the tooltip, the chooser of two values, drafts. */
export class Rare {
  readonly tooltip: Tooltip
  #options: RareOptions
  #words: RareWords
  #notices: Notices
  #requests: Requests
  #hooks: DraftHooks
  /** Nodes are kept as long as what they show: a press on them or the focus is not lost by drawing anew. */
  #nodes = new Map<string, HTMLElement>()
  /** The field whose card is open; undefined for the first that needs one, empty for none. */
  #choosing: string | undefined

  constructor(options: RareOptions) {
    const { root, corner, actions, say, widget } = options
    this.#options = options
    this.#words = options.italian ? it : en
    adopt(root, RARE_STYLES)
    this.tooltip = new Tooltip(root)
    this.#notices = new Notices(corner, this.#words.notices)
    this.#requests = new Requests(root, this.#notices, this.#words, widget.locks)
    this.#hooks = { words: this.#words, say, dismiss: actions.dismissDraft }
  }

  /** Opens the dialog that asks for a field. */
  ask(id: string): void {
    const { root, widget, actions } = this.#options
    const { locks, fields } = widget
    const field = fields.get(id)
    const lock = field && locks.against(field.wire)
    if (lock === undefined) return
    const subject = { field: lock.field, label: actions.label(lock.field), holder: lock.name, mayBreak: locks.mayBreak }
    askForField(root, subject, this.#words, {
      request: (wire, message) => {
        locks.request(wire, message, ({ ok, reason = '' }) => {
          if (ok) this.#options.say(this.#words.wasAsked(lock.name))
          else if (reason !== LOST) this.#tell(this.#words.notAsked(reason), '', { warn: true })
        })
      },
      breakGlass: (wire, reason, code, done) => {
        locks.breakGlass(wire, reason, code, (answer) => {
          done(answer.ok ? undefined : (answer.reason ?? ''))
          if (answer.ok) actions.goTo(id)
        })
      },
    })
  }

  /** Shows who asks for own locks. */
  requests(everybody: readonly Person[]): void {
    const { widget, actions, say } = this.#options
    const views = widget.locks.requests.map((request) => ({
      request,
      person: everybody.find(({ userId }) => userId === request.userId) ?? stranger(request),
      label: actions.label(request.field),
    }))
    for (const words of this.#requests.show(views, !actions.isFree(''))) say(words)
  }

  /** Opens the card of a field with two values, and puts the focus into it if the user has asked for it. */
  choose(field: string, enter: boolean): void {
    this.#choosing = field
    this.#options.redraw()
    if (enter) this.#nodes.get(`choose ${field}`)?.querySelector('button')?.focus()
  }

  /** Gives what stands below a field. */
  below({ id, label, draft, conflict }: FieldView, layer: ShadowRoot): readonly HTMLElement[] {
    if (draft === undefined && conflict === undefined) return []
    if (!styled.has(layer)) {
      styled.add(layer)
      adopt(layer, RARE_STYLES)
    }
    const nodes: HTMLElement[] = []
    if (draft) nodes.push(this.#kept(`strip ${draft.wire} ${draft.text}`, () => draftStrip(draft, this.#hooks)))
    this.#choosing ??= conflict && id
    if (conflict && this.#choosing === id) {
      const { actions } = this.#options
      const key = `choose ${id}`
      const value = JSON.stringify(conflict)
      if (this.#nodes.get(key)?.dataset['value'] !== value) this.#nodes.delete(key)
      const make = (): HTMLElement =>
        chooser(label, conflict, this.#words, (which) => this.#chosen(id, which), () => {
          actions.goTo(id) // which opens it
          this.choose('', false)
        })
      const card = this.#kept(key, make)
      card.dataset['value'] = value
      nodes.push(card)
    }
    return nodes
  }

  /** Gives the panel's list of drafts. */
  drafts(drafts: readonly DraftView[]): readonly HTMLElement[] {
    return draftList(drafts, this.#hooks, (draft, make) => this.#kept(`list ${draft.wire} ${draft.text}`, make))
  }

  /** Tells of a push, until it is closed. It names the field that the push is about, if it says so and it is here. */
  push({ source, eventType, occurredAt, data }: Push): void {
    const { pushed, untouched } = this.#words
    const { summary, field } = (data ?? {}) as { summary?: unknown; field?: unknown }
    const time = new Date(occurredAt as string | number).getTime()
    const about = typeof summary === 'string' ? summary : eventType
    const what = [about, time > 0 && clock(time, this.#options.language)].filter(Boolean).join(', ')
    const known = typeof field === 'string' && this.#options.widget.fields.get(field) ? field : undefined
    this.#tell(pushed(source), [what && `${what}.`, untouched].filter(Boolean).join(' '), { sign: 'in', stays: true, go: known })
  }

  /** Tells that the content of the record was erased, if that is why the page forgot it (O7). */
  forgot(): void {
    const { erased, erasedText } = this.#words
    if (this.#options.widget.document.erased > 0) this.#tell(erased, erasedText, { stays: true })
  }

  /** Tells what came of an own request. The focus goes to the field that was granted, unless the user types elsewhere. */
  answered({ field, result, name }: LockEvents['answered']): void {
    const { actions } = this.#options
    const words = this.#words
    const [id, label] = [idOf(field), actions.label(field)]
    if (result !== 'granted') return this.#tell(words[result](name, label), words.declinedText)
    const free = actions.isFree(id)
    if (free) actions.goTo(id)
    this.#tell(words.granted(label), words.grantedText, { sign: 'ok', go: free ? undefined : id })
  }

  /** Tells that an own lock went to somebody else. */
  taken({ field, name, broken }: LockEvents['taken']): void {
    const words = this.#words
    const label = this.#options.actions.label(field)
    if (!broken) return this.#tell(words.passedTo(name, label), words.kept)
    this.#tell(words.brokenBy(name, label), words.kept, { warn: true, stays: true })
  }

  /** Takes everything away. */
  end(): void {
    this.tooltip.hide()
    this.#requests.end()
    this.#notices.end()
    for (const dialog of this.#options.root.querySelectorAll('dialog')) dialog.remove()
  }

  /** The next field that needs a choice has its turn, and the focus if it was in the card. */
  #chosen(id: string, which: 'mine' | 'theirs'): void {
    const { actions, redraw } = this.#options
    this.#nodes.delete(`choose ${id}`)
    this.#choosing = undefined
    actions.choose(id, which)
    redraw()
    const next = this.#choosing as string | undefined
    if (next === undefined) actions.goTo(id)
    else this.choose(next, true)
  }

  #tell(
    title: string,
    line: string,
    { sign: name = 'hand', warn = false, stays = false, go }: { sign?: 'hand' | 'in' | 'ok'; warn?: boolean; stays?: boolean; go?: string | undefined } = {},
  ): void {
    const { actions, say } = this.#options
    const { goTo, close } = this.#words
    const choices = [
      ...(go === undefined ? [] : [{ words: goTo, main: true, work: () => actions.goTo(go) }]),
      { words: close, work: () => undefined },
    ]
    this.#notices.show({ sign: sign(warn ? 'bad' : name), title, lines: line === '' ? [] : [line], choices, kind: warn ? 'warn' : 'info', stays })
    say(`${title}. ${line}`)
  }

  #kept(key: string, make: () => HTMLElement): HTMLElement {
    const node = this.#nodes.get(key) ?? make()
    this.#nodes.set(key, node)
    return node
  }
}

function stranger({ userId, name }: LockRequest): Person {
  return { userId, name, role: '', initials: initials(name), colour: '#37474f', you: false, viewing: false }
}

/** Layers that have the look of what stands in them. */
const styled = new WeakSet<Node>()

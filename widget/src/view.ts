import type { BoundField } from './bound.ts'
import { DISPUTED } from './disputes.ts'
import { idOf, shown } from './field.ts'
import { Lifetime } from './lifetime.ts'
import type { Settings } from './options.ts'
import type { Push } from './pushes.ts'
import type { Save, Status } from './status.ts'
import type { Actions } from './ui/actions.ts'
import { fieldView, panelView } from './ui/model.ts'
import type { ActiveView, DraftView, FieldView, PanelView } from './ui/model.ts'
import { people } from './ui/person.ts'
import type { Person } from './ui/person.ts'
import { Ui } from './ui/ui.ts'
import type { Widget } from './widget.ts'

/** What is not on the server after so long is said to be not saved, in milliseconds. */
const LATE_MS = 2_000
/** The count-down to the next try and the lateness are looked at this often, in milliseconds. */
const LOOK_EVERY_MS = 500
/** Who has done something within this time is busy: no dialog comes up, and the focus stays where it is. */
const BUSY_MS = 4_000

/** Turns the state of the parts into what is shown, and what the user does there into calls of the parts. */
export class View {
  #widget: Widget
  #ui: Ui
  #act: Actions
  #life = new Lifetime()
  #focused: BoundField | undefined
  /** The last state that was said aloud. */
  #said: PanelView['kind'] = 'ok'
  #heldBy: string | undefined
  #count = 0
  /** Requests are shown, or were until now. */
  #asked = false

  constructor(widget: Widget, settings: Settings, tryNow: () => void) {
    this.#widget = widget
    this.#act = this.#actions(tryNow)
    this.#ui = new Ui({ ...settings, widget, actions: this.#act, redraw: () => this.changed() })
    this.#life.add(() => this.#ui.end())
    this.#life.every(LOOK_EVERY_MS, () => {
      const { connection, save } = widget.status
      if (connection !== 'connected' || save !== 'server') this.changed()
    })
    this.#hear()
  }

  /** Shows the state as it is now. */
  changed(): void {
    const { status, presence, ownId, document, fields, locks } = this.#widget
    const everybody = people(presence.users, ownId)
    const late = this.#mustTell(status)
    const unsaved = late ? document.outbox.fields : new Set<string>()
    const views = fields.all.map((field) => {
      const save = field.waitsWithText || unsaved.has(field.wire) ? status.save : 'server'
      return { elements: field.binding.elements, view: this.#fieldView(field, everybody, status, save) }
    })
    const panel = this.#panelView(everybody, views.map(({ view }) => view), status, late)
    this.#ui.show(views, panel)
    this.#sayState(panel)
    if (locks.requests.length > 0 || this.#asked) this.#ui.rare((rare) => rare.requests(everybody))
    this.#asked = locks.requests.length > 0
  }

  /** Flashes a field, by wire name. */
  flash(wire: string): void {
    const field = this.#widget.fields.ofWire(wire)
    if (field !== undefined) this.#ui.flash(field.binding.elements)
  }

  /** Notes which field has the focus. */
  focused(field: BoundField | undefined): void {
    this.#focused = field
    this.#heldBy = field && this.#widget.locks.against(field.wire)?.name
    this.#ui.focused(field?.binding.elements[0], field?.conflict && field.id)
  }

  /** Tells that the content of the record was erased (O7). */
  forgot(): void {
    this.#ui.rare((rare) => rare.forgot())
  }

  /** Tells of a push of the hospital's systems. Nothing on the page is touched (G9). */
  pushed(push: Push): void {
    this.#ui.rare((rare) => rare.push(push))
  }

  /** Takes everything away. */
  end(): void {
    this.#life.end()
  }

  #actions(tryNow: () => void): Actions {
    const { locks, fields } = this.#widget
    return {
      tryNow,
      unlockMine: () => locks.releaseAll(),
      choose: (id, which) => {
        this.#widget.choose(id, which)
        this.changed()
      },
      dismissDraft: (wire) => {
        this.#widget.dismiss(wire)
        this.changed()
      },
      goTo: (id) => {
        const element = fields.get(id)?.binding.elements[0]
        element?.scrollIntoView({ block: 'nearest' })
        element?.focus({ preventScroll: true })
      },
      ask: (id) => this.#ui.rare((rare) => rare.ask(id)),
      isFree: (id) => locks.idle(BUSY_MS) || this.#focused?.id === id,
      label: (wire) => fields.ofWire(wire)?.label ?? (idOf(wire) || document.title),
    }
  }

  #hear(): void {
    const { locks, presence } = this.#widget
    const hear = (stop: () => void): void => this.#life.add(stop)
    hear(locks.events.on('denied', ({ field, lockedByName }) => {
      if (lockedByName !== '') this.#ui.say(`${this.#act.label(field)}: ${this.#ui.words.isLocked(lockedByName)}`, 'field')
    }))
    hear(locks.events.on('answered', (news) => this.#ui.rare((rare) => rare.answered(news))))
    hear(locks.events.on('taken', (news) => this.#ui.rare((rare) => rare.taken(news))))
    hear(presence.events.on('users', ({ length }) => {
      if (this.#count > 0 && length !== this.#count) this.#ui.say(`${this.#ui.words.onRecord}: ${length}`, 'people')
      this.#count = length
    }))
  }

  #draftOf(wire: string): DraftView | undefined {
    const draft = this.#widget.drafts.get(wire)
    if (draft?.reason === DISPUTED && this.#widget.fields.ofWire(wire)?.conflict) return undefined // it is shown as one of the two
    return draft && { wire, label: this.#act.label(wire), text: shown(draft.mine), reason: draft.reason }
  }

  #fieldView(field: BoundField, everybody: readonly Person[], status: Status, save: Save): FieldView {
    const { locks, presence } = this.#widget
    const { id, label, kind, wire, conflict } = field
    const other = locks.against(wire)
    const here = presence.in(wire)
    return fieldView(
      {
        id,
        label,
        kind,
        own: locks.own(wire) !== undefined,
        other,
        asked: other !== undefined && locks.asked(other.field),
        people: everybody.filter(({ userId, you }) => here.has(userId) && !you && userId !== other?.userId),
        status,
        save: save === 'server' ? undefined : save,
        draft: this.#draftOf(wire),
        conflict: conflict && { ...conflict, mine: shown(conflict.mine), theirs: shown(conflict.theirs), by: conflict.by ?? '' },
      },
      this.#ui.words,
    )
  }

  #panelView(everybody: readonly Person[], views: readonly FieldView[], status: Status, late: boolean): PanelView {
    const { locks, fields, drafts, degraded } = this.#widget
    return panelView(
      {
        status,
        late,
        title: document.title,
        people: everybody,
        active: this.#active(views),
        choose: views.flatMap(({ id, label, conflict }) => (conflict ? [{ id, label }] : [])),
        drafts: [...drafts.keys()].filter((wire) => !fields.ofWire(wire)).flatMap((wire) => this.#draftOf(wire) ?? []),
        locksPaused: degraded,
        fields: fields.all.length,
        ownLocks: locks.any,
        now: Date.now(),
      },
      this.#ui.words,
    )
  }

  #active(views: readonly FieldView[]): readonly ActiveView[] {
    const { words } = this.#ui
    return views.flatMap(({ id, label, tag, people: here }): ActiveView[] => {
      const field = this.#widget.fields.get(id)
      const other = field && this.#widget.locks.against(field.wire)
      if (field !== undefined && this.#widget.locks.own(field.wire)) return [{ locked: true, label, who: words.youLocked }]
      if (other === undefined) return here.map(({ name }) => ({ locked: false, label, who: words.isEditing(name) }))
      const who = this.#widget.locks.asked(other.field) ? words.asked(other.name) : words.isLocked(other.name)
      return [{ locked: true, label, who, ...(tag?.act === 'ask' && { ask: id }) }]
    })
  }

  /** Reports whether unsaved text is worth telling of: nothing takes it, or it takes too long. */
  #mustTell({ connection, save }: Status): boolean {
    const { document, unsavedSince: since } = this.#widget
    if (save === 'server') return false
    return connection !== 'connected' || document.held || since === undefined || performance.now() - since > LATE_MS
  }

  /** Says aloud what has become of the whole, and of the lock of the focused field. What is under way is not worth it. */
  #sayState({ kind, word, rest }: PanelView): void {
    const { words } = this.#ui
    if (kind !== 'sync' && kind !== this.#said) {
      this.#said = kind
      this.#ui.say(`${word}: ${rest}`, 'state')
    }
    const field = this.#focused
    if (field === undefined) return
    const now = this.#widget.locks.against(field.wire)?.name
    if (now === this.#heldBy) return
    this.#heldBy = now
    this.#ui.say(`${field.label}: ${now === undefined ? words.free : words.isLocked(now)}`, 'field')
  }
}

import type { BoundField } from './bound.ts'
import { shown } from './field.ts'
import { Lifetime } from './lifetime.ts'
import type { Settings } from './options.ts'
import type { Save, Status } from './status.ts'
import { fieldView, panelView } from './ui/model.ts'
import type { FieldView, PanelView } from './ui/model.ts'
import { people } from './ui/person.ts'
import type { Person } from './ui/person.ts'
import { Ui } from './ui/ui.ts'
import type { Widget } from './widget.ts'

/** What is not on the server after so long is said to be not saved, in milliseconds. */
const LATE_MS = 2_000
/** The count-down to the next try and the lateness are looked at this often, in milliseconds. */
const LOOK_EVERY_MS = 500

/** Turns the state of the parts into what is shown, and what the user does there into calls of the parts. */
export class View {
  #widget: Widget
  #ui: Ui
  #life = new Lifetime()

  constructor(widget: Widget, settings: Settings, tryNow: () => void) {
    this.#widget = widget
    this.#ui = new Ui({
      locale: settings.locale,
      panel: settings.panel,
      act: (action) => (action === 'tryNow' ? tryNow() : widget.locks.releaseAll()),
      copyDraft: (id) => void navigator.clipboard?.writeText(this.#draftOf(id)),
      dismissDraft: (id) => this.#dismiss(id),
    })
    this.#life.add(() => this.#ui.end())
    this.#life.every(LOOK_EVERY_MS, () => {
      const { connection, save } = widget.status
      if (connection !== 'connected' || save !== 'server') this.changed()
    })
    this.#life.add(widget.locks.events.on('denied', ({ field, lockedByName }) => this.#sayLocked(field, lockedByName)))
  }

  /** Shows the state as it is now. */
  changed(): void {
    const { status, presence, ownId, document, fields } = this.#widget
    const everybody = people(presence.users, ownId)
    const late = this.#mustTell(status)
    const unsaved = late ? document.outbox.fields : new Set<string>()
    const views = fields.all.map((field) => {
      const save = field.waitsWithText || unsaved.has(field.wire) ? status.save : 'server'
      return { elements: field.binding.elements, view: this.#fieldView(field, everybody, status, save) }
    })
    this.#ui.show(views, this.#panelView(everybody, views.map(({ view }) => view), status, late))
  }

  /** Flashes a field, by wire name. */
  flash(wire: string): void {
    const field = this.#widget.fields.ofWire(wire)
    if (field !== undefined) this.#ui.flash(field.binding.elements)
  }

  /** Notes which element has the focus. */
  focused(element: Element | undefined): void {
    this.#ui.focused(element)
  }

  /** Takes everything away. */
  end(): void {
    this.#life.end()
  }

  #fieldView(field: BoundField, everybody: readonly Person[], status: Status, save: Save): FieldView {
    const { locks, presence, drafts } = this.#widget
    const { id, label, kind, wire } = field
    const other = locks.against(wire)
    const here = presence.in(wire)
    return fieldView(
      {
        id,
        label,
        kind,
        own: locks.own(wire) !== undefined,
        other,
        people: everybody.filter(({ userId, you }) => here.has(userId) && !you && userId !== other?.userId),
        status,
        save: save === 'server' ? undefined : save,
        draft: drafts.get(wire)?.mine,
      },
      this.#ui.words,
    )
  }

  #panelView(everybody: readonly Person[], views: readonly FieldView[], status: Status, late: boolean): PanelView {
    const { locks, fields } = this.#widget
    return panelView(
      {
        status,
        late,
        title: document.title,
        people: everybody,
        active: this.#active(views),
        fields: fields.all.length,
        ownLocks: locks.any,
        now: Date.now(),
      },
      this.#ui.words,
    )
  }

  #active(views: readonly FieldView[]): PanelView['active'] {
    const { words } = this.#ui
    return views.flatMap((view): PanelView['active'] => {
      const field = this.#widget.fields.get(view.id)
      const other = field && this.#widget.locks.against(field.wire)
      if (field !== undefined && this.#widget.locks.own(field.wire) !== undefined) {
        return [{ locked: true, label: view.label, who: words.youLocked }]
      }
      if (other !== undefined) return [{ locked: true, label: view.label, who: words.isLocked(other.name) }]
      return view.people.map(({ name }) => ({ locked: false, label: view.label, who: words.isEditing(name) }))
    })
  }

  /** Reports whether unsaved text is worth telling of: nothing takes it, or it takes too long. */
  #mustTell({ connection, save }: Status): boolean {
    const { document, unsavedSince: since } = this.#widget
    if (save === 'server') return false
    return connection !== 'connected' || document.held || since === undefined || performance.now() - since > LATE_MS
  }

  #draftOf(id: string): string {
    const field = this.#widget.fields.get(id)
    return shown(field && this.#widget.drafts.get(field.wire)?.mine)
  }

  #dismiss(id: string): void {
    const field = this.#widget.fields.get(id)
    if (field !== undefined) this.#widget.drafts.delete(field.wire)
    this.changed()
  }

  #sayLocked(wire: string, name: string): void {
    const field = this.#widget.fields.ofWire(wire)
    if (field !== undefined && name !== '') this.#ui.say(`${field.label}: ${this.#ui.words.isLocked(name)}`)
  }
}

import type { BoundField } from './bound.ts'
import { shown } from './field.ts'
import { Lifetime } from './lifetime.ts'
import type { Settings } from './options.ts'
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
    this.#life.every(LOOK_EVERY_MS, () => this.changed())
    this.#life.add(widget.locks.events.on('denied', ({ field, lockedByName }) => this.#sayLocked(field, lockedByName)))
  }

  /** Shows the state as it is now. */
  changed(): void {
    const { status } = this.#widget
    const everybody = people(this.#widget.presence.users, this.#widget.ownId)
    const fields = this.#widget.fields.all
    const views = fields.map((field) => ({ elements: field.binding.elements, view: this.#fieldView(field, everybody) }))
    this.#ui.show(views, this.#panelView(everybody, views.map(({ view }) => view), status))
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

  #fieldView(field: BoundField, everybody: readonly Person[]): FieldView {
    const { locks, presence, document, drafts, status } = this.#widget
    const other = locks.against(field.wire)
    const here = presence.in(field.wire)
    const unsaved = field.waitsWithText || (document.outbox.fields.has(field.wire) && this.#mustTell())
    const holder = everybody.find((person) => person.userId === other?.userId)
    return fieldView(
      {
        id: field.id,
        label: field.label,
        kind: field.kind,
        own: locks.own(field.wire) !== undefined,
        other: other && { ...other, name: holder?.name ?? other.name },
        people: everybody.filter((person) => here.has(person.userId) && !person.you && person.userId !== other?.userId),
        status,
        save: unsaved && status.save !== 'server' ? status.save : undefined,
        draft: drafts.get(field.wire)?.mine,
      },
      this.#ui.words,
    )
  }

  #panelView(everybody: readonly Person[], views: readonly FieldView[], status: Widget['status']): PanelView {
    const { locks, fields } = this.#widget
    return panelView(
      {
        status,
        late: this.#mustTell() || (status.connection === 'connected' && fields.all.some((field) => field.waitsWithText)),
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
  #mustTell(): boolean {
    const { document, status } = this.#widget
    const { since } = document.outbox
    if (since === undefined) return false
    return status.connection !== 'connected' || document.held || performance.now() - since > LATE_MS
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

import { BoundField } from './bound.ts'
import { CarriedWatch } from './carried.ts'
import type { Carried } from './carried.ts'
import type { Binding, Editor } from './binding/binding.ts'
import { ChoiceBinding, checkboxControl, radioControl, selectControl } from './binding/choice.ts'
import { beforeRemote } from './binding/gesture.ts'
import { InputControl } from './binding/input.ts'
import { editableControl, loadEditable } from './binding/rarely.ts'
import type { Editable } from './binding/rarely.ts'
import { TextBinding } from './binding/text.ts'
import { Groups } from './discovery/groups.ts'
import { Identity } from './discovery/identity.ts'
import { Labels } from './discovery/label.ts'
import { focusedIn } from './discovery/place.ts'
import { Scanner } from './discovery/scanner.ts'
import type { Found, ScanOptions } from './discovery/scanner.ts'
import type { SharedDocument } from './document.ts'
import { Emitter } from './emitter.ts'
import { same, shown, valueIn, wireName } from './field.ts'
import type { FieldKind } from './field.ts'
import { Lifetime } from './lifetime.ts'
import { Seeding } from './seeding.ts'
import { Timer } from './timer.ts'

/** A page counts as done with showing another record when no field has come or gone for so long, in milliseconds. */
const SETTLED_MS = 1_000

/** The fields of the page, as they come, are bound, and go. */
export class Fields {
  /** `opened` tells of the page and of each frame's document, whose events reach no other one, until `life` ends. */
  readonly events = new Emitter<{
    changed: readonly BoundField[]
    opened: { readonly document: Document; readonly life: Lifetime }
  }>()
  #document: SharedDocument
  #scanner: Scanner
  #identity = new Identity()
  #fields = new Map<string, BoundField>()
  /** The values of `#fields`; undefined when they have changed. */
  #all: readonly BoundField[] | undefined
  #byWire = new Map<string, BoundField>()
  #byElement = new Map<Element, BoundField>()
  #groups = new Groups()
  #seeding: Seeding
  #carried: Carried
  #watch: CarriedWatch
  #settled = new Timer()
  /** What was found and went since something was found whose part of the widget is being loaded. */
  #waiting: (readonly [readonly Found[], readonly HTMLElement[]])[] | undefined
  #life = new Lifetime()

  constructor(document: SharedDocument, seeding: Seeding, options: ScanOptions, carried: Carried) {
    this.#document = document
    this.#seeding = seeding
    this.#carried = carried
    this.#watch = new CarriedWatch((field) => this.#renew(field), () => this.#consider())
    for (const end of [() => this.#watch.end(), () => this.#settled.clear()]) this.#life.add(end)
    this.#scanner = new Scanner(options, {
      found: (come, gone) => this.#found(come, gone),
      opened: (page, life) => {
        life.add(document.events.on('arriving', () => beforeRemote(page)))
        // The second tells of a form that a script submits, which is no event, and of one that it reads.
        for (const type of ['submit', 'formdata']) life.listen(page, type, ({ target }) => this.#handOver(target), { capture: true })
        this.events.emit('opened', { document: page, life })
      },
    })
    this.#life.add(() => this.#scanner.end())
    this.#life.add(document.events.on('joined', () => this.#joined()))
    this.#life.add(document.events.on('restored', () => this.#consider()))
    this.#life.add(document.events.on('replaced', () => this.#each((field) => field.rebind(document))))
    this.#life.add(document.events.on('arrived', ({ fields }) => this.#consider(fields)))
  }

  /** Every field, in the order in which they were found. */
  get all(): readonly BoundField[] {
    return (this.#all ??= [...this.#fields.values()])
  }

  /** Reports whether it is not known yet of some fields whether what they show is old. */
  get comparing(): boolean {
    return this.#seeding.busy
  }

  /** Begins to look. */
  start(page: Document): void {
    this.#scanner.start(page)
  }

  /** Returns the field with the id. */
  get(id: string): BoundField | undefined {
    return this.#fields.get(id)
  }

  /** Returns the field of a wire name. */
  ofWire(wire: string): BoundField | undefined {
    return this.#byWire.get(wire)
  }

  /** Returns the field that has the focus on a page, in a shadow root or frame too. */
  focusedIn(page: Document): BoundField | undefined {
    for (let at = focusedIn(page); at !== null; at = at.parentElement) {
      const field = this.#byElement.get(at)
      if (field !== undefined) return field
    }
    return undefined
  }

  /** Returns the field that an event happened in. */
  ofEvent(event: Event): BoundField | undefined {
    for (const node of event.composedPath()) {
      const field = this.#byElement.get(node as Element)
      if (field !== undefined) return field
    }
    return undefined
  }

  /** Lets go of every field; the page keeps what it shows. */
  end(): void {
    if (this.#life.ended) return
    this.#life.end()
    this.#each((field) => {
      if (field.waitsWithText) this.#document.keepAsDraft(field.wire, shown(field.binding.read()), 'left')
      field.binding.detach()
      this.#carried.note(field)
    })
    this.#fields.clear()
    this.#all = undefined
    this.#byWire.clear()
    this.#byElement.clear()
    this.events.clear()
  }

  /** Takes what was found, in its order: from that order come the names of fields that nothing else tells apart. */
  #found(come: readonly Found[], gone: readonly HTMLElement[]): void {
    if (this.#waiting !== undefined) this.#waiting.push([come, gone])
    else if (editableControl() !== undefined || !come.some(isEditable)) this.#update(come, gone)
    else {
      this.#waiting = [[come, gone]]
      void loadEditable().then(() => {
        const found = this.#waiting ?? []
        this.#waiting = undefined
        if (!this.#life.ended) for (const [here, there] of found) this.#update(here, there)
      })
    }
  }

  #update(come: readonly Found[], gone: readonly HTMLElement[]): void {
    for (const element of gone) this.#remove(element)
    this.#addAll(editableControl() === undefined ? come.filter((one) => !isEditable(one)) : come)
    if (this.#watch.any) this.#settled.set(SETTLED_MS, () => this.#consider())
    this.#consider()
    this.events.emit('changed', this.all)
  }

  #addAll(come: readonly Found[]): void {
    const groups = this.#groups.of(come)
    const later = new Set([...groups].flatMap(([key, buttons]) => (this.#groups.get(key) ? buttons : buttons.slice(1))))
    const first = come.filter(({ element }) => !later.has(element))
    const ids = this.#identity.name(first.map(({ element }) => element))
    const labels = new Labels()
    for (const { element, kind } of first) this.#add(element, kind, ids.get(element) ?? '', labels.of(element))
    for (const [key, buttons] of groups) this.#group(key, buttons)
    for (const field of new Set(come.map(({ element }) => this.#byElement.get(element)))) {
      const isCarried = field?.binding.elements.every((element) => this.#carried.holds(element, field.base))
      if (field !== undefined && isCarried) this.#watch.add(field)
    }
  }

  #add(element: HTMLElement, kind: FieldKind, id: string, label: string): void {
    const field = new BoundField(id, kind, label, bind(element, kind, wireName(id, kind), this.#document), () => {
      this.#consider([field.wire])
      this.events.emit('changed', this.all)
    })
    this.#fields.set(id, field)
    this.#all = undefined
    this.#byWire.set(field.wire, field)
    this.#byElement.set(element, field)
  }

  /** Makes radio buttons of one group one field: that of the group, or of its first button. */
  #group(key: string, buttons: readonly HTMLElement[]): void {
    const field = this.#groups.get(key) ?? this.#byElement.get(buttons[0] as HTMLElement)
    if (field === undefined) return
    this.#groups.set(key, field)
    for (const button of buttons) {
      if (this.#byElement.has(button)) continue
      this.#byElement.set(button, field)
      field.binding.add(button)
    }
  }

  /** The page has put something else into a field that was carried over: it is found anew, with what it shows now. */
  #renew({ kind, binding: { elements } }: BoundField): void {
    this.#update(elements.map((element) => ({ element, kind })), elements)
  }

  #remove(element: HTMLElement): void {
    const field = this.#byElement.get(element)
    this.#byElement.delete(element)
    if (field === undefined) return
    const waits = field.waitsWithText
    const value = field.binding.read()
    if (field.binding.remove(element)) return
    this.#seeding.gone(field.wire, value)
    this.#watch.drop(field)
    if (waits) this.#document.keepAsDraft(field.wire, shown(value), 'removed')
    field.binding.detach()
    this.#identity.release(field.id)
    this.#groups.delete(field)
    this.#fields.delete(field.id)
    this.#all = undefined
    this.#byWire.delete(field.wire)
  }

  /** A form is sent to the page's own system, which may show it again when the document is newer. */
  #handOver(form: EventTarget | null): void {
    this.#seeding.note(this.all.flatMap(({ live, wire, binding }) => {
      const value = binding.read()
      const [element] = binding.elements
      const isSent = live && (element as HTMLInputElement | undefined)?.form === form
      return isSent && value !== undefined && same(value, valueIn(this.#document.doc, wire)) ? [[wire, value] as const] : []
    }))
  }

  #joined(): void {
    this.#seeding.forget()
    this.#consider()
  }

  /** Binds what can be bound, of all fields or of some by wire name; asks for seeds of what must be filled first. */
  #consider(wires?: readonly string[]): void {
    const fields = wires === undefined ? this.all : wires.flatMap((wire) => this.#byWire.get(wire) ?? [])
    const disputed = (): boolean => fields.some((field) => field.conflict !== undefined)
    const before = disputed()
    const ready = fields.filter(({ carried }) => !carried || !this.#settled.running)
    const asking = ready.filter((field) => field.consider(this.#document, this.#seeding))
    this.#seeding.ask(new Map(asking.map((field) => [field.wire, field.base])), () => {
      this.#consider()
      this.events.emit('changed', this.all)
    })
    if (before || disputed()) this.events.emit('changed', this.all)
  }

  #each(work: (field: BoundField) => void): void {
    for (const field of this.#fields.values()) work(field)
  }
}

function isEditable({ kind }: Found): boolean {
  return kind === 'editable'
}

function bind(element: HTMLElement, kind: FieldKind, wire: string, editor: Editor): Binding {
  switch (kind) {
    case 'text':
      return new TextBinding(new InputControl(element as HTMLInputElement | HTMLTextAreaElement), wire, editor)
    case 'editable':
      return new TextBinding(new (editableControl() as Editable)(element), wire, editor)
    case 'select':
      return new ChoiceBinding(selectControl, element, wire, editor)
    case 'checkbox':
      return new ChoiceBinding(checkboxControl, element, wire, editor)
    case 'radio':
      return new ChoiceBinding(radioControl, element, wire, editor)
  }
}

import { BoundField } from './bound.ts'
import type { Binding, Editor } from './binding/binding.ts'
import { ChoiceBinding, checkboxControl, radioControl, selectControl } from './binding/choice.ts'
import { EditableControl } from './binding/editable.ts'
import { InputControl } from './binding/input.ts'
import { TextBinding } from './binding/text.ts'
import { Identity, groupKey } from './discovery/identity.ts'
import { labelOf } from './discovery/label.ts'
import { Scanner } from './discovery/scanner.ts'
import type { Found, ScanOptions } from './discovery/scanner.ts'
import type { SharedDocument } from './document.ts'
import { Emitter } from './emitter.ts'
import { shown, wireName } from './field.ts'
import type { FieldKind } from './field.ts'
import { Lifetime } from './lifetime.ts'
import { Seeding } from './seeding.ts'

/** The fields of the page, as they come, are bound, and go. */
export class Fields {
  readonly events = new Emitter<{ changed: readonly BoundField[] }>()
  #document: SharedDocument
  #scanner: Scanner
  #identity = new Identity()
  #fields = new Map<string, BoundField>()
  #byWire = new Map<string, BoundField>()
  #byElement = new Map<Element, BoundField>()
  #seeding: Seeding
  #life = new Lifetime()

  constructor(document: SharedDocument, seeding: Seeding, options: ScanOptions) {
    this.#document = document
    this.#seeding = seeding
    this.#scanner = new Scanner(options, (come, gone) => this.#update(come, gone))
    this.#life.add(() => this.#scanner.end())
    this.#life.add(document.events.on('joined', () => this.#joined()))
    this.#life.add(document.events.on('replaced', () => this.#each((field) => field.rebind(document))))
    this.#life.add(document.events.on('arrived', ({ fields }) => this.#consider(fields)))
  }

  /** Every field, in the order in which they were found. */
  get all(): readonly BoundField[] {
    return [...this.#fields.values()]
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

  /** Returns the field of an element. */
  ofElement(element: Element | null): BoundField | undefined {
    return element === null ? undefined : this.#byElement.get(element)
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
    this.#each((field) => field.binding.detach())
    this.#fields.clear()
    this.#byWire.clear()
    this.#byElement.clear()
    this.events.clear()
  }

  #update(come: readonly Found[], gone: readonly HTMLElement[]): void {
    for (const element of gone) this.#remove(element)
    for (const found of come) this.#add(found)
    this.#consider()
    this.events.emit('changed', this.all)
  }

  #add({ element, kind }: Found): void {
    const group = kind === 'radio' ? this.#fields.get(groupKey(element) ?? '') : undefined
    if (group !== undefined) {
      group.binding.add(element)
      this.#byElement.set(element, group)
      return
    }
    const id = this.#identity.idOf(element)
    const field = new BoundField(id, kind, labelOf(element), bind(element, kind, wireName(id, kind), this.#document))
    this.#fields.set(id, field)
    this.#byWire.set(field.wire, field)
    this.#byElement.set(element, field)
  }

  #remove(element: HTMLElement): void {
    const field = this.#byElement.get(element)
    this.#byElement.delete(element)
    if (field === undefined) return
    const waits = field.waitsWithText
    const value = field.binding.read()
    if (field.binding.remove(element)) return
    if (waits) this.#document.keepAsDraft(field.wire, shown(value), 'removed')
    field.binding.detach()
    this.#identity.release(element)
    this.#fields.delete(field.id)
    this.#byWire.delete(field.wire)
  }

  #joined(): void {
    this.#seeding.end()
    this.#consider()
  }

  /** Binds what can be bound, of all fields or of some by wire name; asks for seeds of what must be filled first. */
  #consider(wires?: readonly string[]): void {
    const fields = wires === undefined ? this.all : wires.flatMap((wire) => this.#byWire.get(wire) ?? [])
    const empty = fields.filter((field) => field.consider(this.#document))
    this.#seeding.ask(new Map(empty.map((field) => [field.wire, field.base])), () => this.#consider())
  }

  #each(work: (field: BoundField) => void): void {
    for (const field of this.#fields.values()) work(field)
  }
}

function bind(element: HTMLElement, kind: FieldKind, wire: string, editor: Editor): Binding {
  switch (kind) {
    case 'text':
      return new TextBinding(new InputControl(element as HTMLInputElement | HTMLTextAreaElement), wire, editor)
    case 'editable':
      return new TextBinding(new EditableControl(element), wire, editor)
    case 'select':
      return new ChoiceBinding(selectControl, element, wire, editor)
    case 'checkbox':
      return new ChoiceBinding(checkboxControl, element, wire, editor)
    case 'radio':
      return new ChoiceBinding(radioControl, element, wire, editor)
  }
}

import type { Doc, Map as YMap, YMapEvent } from 'yjs'
import { LocalEdit } from '../edit.ts'
import { choices, idOf, same, valueIn } from '../field.ts'
import type { Value } from '../field.ts'
import { Lifetime } from '../lifetime.ts'
import { Timer } from '../timer.ts'
import type { Binding, Cause, Editor, Rendering } from './binding.ts'
import { watchPage } from './gesture.ts'
import { announce, borrowAttribute, setChecked, setNative } from './native.ts'
import { Pristine } from './pristine.ts'
import { whileRendering } from './rendering.ts'

/** Reads and shows the value of one or more elements. */
export interface ChoiceControl {
  read(elements: readonly HTMLElement[]): Value
  /** Shows the value and tells the page. Reports false when it can't: an option that is not there (yet). */
  write(elements: readonly HTMLElement[], value: Value): boolean
}

/** A `select`, of one or of several options. */
export const selectControl: ChoiceControl = {
  read([element]) {
    const select = element as HTMLSelectElement
    return select.multiple ? [...select.selectedOptions].map((option) => option.value) : select.value
  },
  write([element], value) {
    const select = element as HTMLSelectElement
    const wanted = Array.isArray(value) ? (value as string[]) : [String(value)]
    const options = [...select.options]
    if (!wanted.every((one) => one === '' || options.some((option) => option.value === one))) return false
    if (select.multiple) for (const option of options) option.selected = wanted.includes(option.value)
    else setNative(select, 'value', wanted[0] ?? '')
    announce(select)
    return true
  },
}

/** A checkbox. */
export const checkboxControl: ChoiceControl = {
  read: ([element]) => (element as HTMLInputElement).checked,
  write([element], value) {
    setChecked(element as HTMLInputElement, value === true)
    return true
  },
}

/** A group of radio buttons; its value is that of the button chosen, empty for none. */
export const radioControl: ChoiceControl = {
  read: (elements) => (elements as HTMLInputElement[]).find((button) => button.checked)?.value ?? '',
  write(elements, value) {
    const buttons = elements as HTMLInputElement[]
    const chosen = buttons.find((button) => button.value === value)
    if (chosen === undefined && value !== '') return false
    if (chosen !== undefined) setChecked(chosen, true)
    else for (const button of buttons) setChecked(button, false)
    return true
  },
}

/** Keeps a choice and its entry of the map `values` the same. The last write wins; there is nothing to merge. */
export class ChoiceBinding implements Binding {
  readonly pristine = new Pristine(() => this.read())
  rendered: (cause: Cause) => Rendering = () => 'undone'
  #control: ChoiceControl
  #wire: string
  #editor: Editor
  #elements: HTMLElement[] = []
  #listening = new Map<HTMLElement, Lifetime>()
  #readOnly: Lifetime | undefined
  #map: YMap<unknown> | undefined
  #doc: Doc | undefined
  #unobserve: (() => void) | undefined
  #unwatch: () => void
  #rendering = new Timer()
  #agreed: Value | undefined
  #writing = false

  constructor(control: ChoiceControl, element: HTMLElement, wire: string, editor: Editor) {
    this.#control = control
    this.#wire = wire
    this.#editor = editor
    this.add(element)
    this.#unwatch = watchPage(element.ownerDocument, (by, _at, target) => (by === 'reset' ? this.#changed() : this.#elements.includes(target as HTMLElement) || this.#look(by)))
  }

  get elements(): readonly HTMLElement[] {
    return this.#elements
  }

  read(): Value | undefined {
    return this.#elements.length === 0 ? undefined : this.#control.read(this.#elements)
  }

  shape(value: Value): Value {
    return value
  }

  attach(doc: Doc, base: Value): void {
    this.#unobserve?.()
    if (this.#map === undefined) this.#agreed = base
    const map = choices(doc)
    const follow = (): boolean => this.#look('page') || this.#show()
    const observe = (event: YMapEvent<unknown>): void => {
      const own = event.transaction.origin instanceof LocalEdit && event.transaction.origin.by === this
      if (!own && event.keysChanged.has(idOf(this.#wire)) && !follow()) whileRendering(this.#rendering, follow)
    }
    map.observe(observe)
    this.#unobserve = () => map.unobserve(observe)
    this.#map = map
    this.#doc = doc
    if (same(this.read(), this.#agreed)) this.#show()
    else this.#changed()
    whileRendering(this.#rendering, follow) // options may come late, too
  }

  pause(): void {
    this.#unobserve?.()
    this.#unobserve = undefined
    this.#map = undefined
    this.#rendering.clear()
  }

  detach(): void {
    this.pause()
    this.#unwatch()
    this.setReadOnly(false)
    for (const life of this.#listening.values()) life.end()
    this.#listening.clear()
    this.#elements = []
  }

  setReadOnly(readOnly: boolean): void {
    if (readOnly === (this.#readOnly !== undefined)) return
    this.#readOnly?.end()
    this.#readOnly = undefined
    if (!readOnly) return
    this.#readOnly = new Lifetime()
    for (const element of this.#elements) hold(element, this.#readOnly)
  }

  add(element: HTMLElement): void {
    this.#elements.push(element)
    const life = new Lifetime()
    this.#listening.set(element, life)
    for (const type of ['input', 'change']) {
      life.listen(element, type, () => this.#chosen(), { capture: true })
    }
    if (this.#readOnly !== undefined) hold(element, this.#readOnly)
    if (this.#map !== undefined) this.#show()
  }

  remove(element: HTMLElement): boolean {
    this.#listening.get(element)?.end()
    this.#listening.delete(element)
    this.#elements = this.#elements.filter((one) => one !== element)
    return this.#elements.length > 0
  }

  #chosen(): void {
    if (this.#writing) return
    this.pristine.touch()
    this.#changed()
  }

  /** Looks whether the page itself has made another choice. Reports whether there is nothing to be shown any more. */
  #look(cause: Cause): boolean {
    const value = this.read()
    if (this.#map === undefined || this.#doc === undefined || same(value, this.#agreed)) return false
    if (same(value, valueIn(this.#doc, this.#wire))) return false
    const fate = this.rendered(cause)
    if (fate === 'kept') this.#changed()
    else if (fate === 'undone') this.#show()
    return true
  }

  #changed(): void {
    if (this.#map === undefined || this.#writing) return
    if (this.#readOnly !== undefined) return void this.#show()
    const value = this.read()
    if (value === undefined || same(value, this.#agreed)) return
    const edited = this.#editor.edit(this.#wire, this, (doc) => choices(doc).set(idOf(this.#wire), value))
    if (edited) this.#agreed = value
    else this.#show()
  }

  /** Shows what the document has. Reports false when that is not possible (yet). */
  #show(): boolean {
    const value = this.#doc === undefined ? undefined : valueIn(this.#doc, this.#wire)
    let done = true
    if (value !== undefined && !same(value, this.read())) {
      this.#writing = true
      done = this.#control.write(this.#elements, value)
      this.#writing = false
    }
    this.#agreed = this.read()
    return done
  }
}

/** Keeps the user from changing an element that has no read-only state of its own. Tab and Escape go on working. */
function hold(element: HTMLElement, life: Lifetime): void {
  life.add(borrowAttribute(element, 'aria-readonly', 'true'))
  const refuse = (event: Event): void => event.preventDefault()
  life.listen(element, 'click', (event) => event.isTrusted && refuse(event), { capture: true })
  if (element.localName !== 'select') return
  life.listen<MouseEvent>(element, 'mousedown', (event) => (refuse(event), element.focus()), { capture: true })
  life.listen<KeyboardEvent>(element, 'keydown', (event) => /^(Tab|Escape)$/.test(event.key) || refuse(event), {
    capture: true,
  })
}

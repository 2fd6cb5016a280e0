import { Window } from 'happy-dom'

/** A page of its own for one test file: the globals of a browser, backed by happy-dom. */
export const window = new Window({ url: 'https://emr.example/patient/12345', width: 1280, height: 800 })

// What the widget uses of a browser: its classes, and these.
const names = ['document', 'navigator', 'location', 'sessionStorage', 'innerWidth', 'innerHeight', 'Event', 'CustomEvent', 'EventTarget', 'CSS']
const classes = Object.getOwnPropertyNames(window).filter((name) => /^[A-Z]/.test(name) && !(name in globalThis))
for (const name of [...names, ...classes]) {
  const get = (): unknown => (window as unknown as Record<string, unknown>)[name]
  Object.defineProperty(globalThis, name, { configurable: true, get })
}
Object.defineProperty(globalThis, 'window', { configurable: true, get: () => window })
for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent', 'getComputedStyle', 'requestAnimationFrame', 'cancelAnimationFrame', 'matchMedia'] as const) {
  Object.defineProperty(globalThis, name, { configurable: true, value: (window[name] as (...all: unknown[]) => unknown).bind(window) })
}

/** Says of every element that it can be seen: happy-dom lays nothing out. */
class EverythingIsSeen {
  #tell: (entries: readonly object[]) => void

  constructor(tell: (entries: readonly object[]) => void) {
    this.#tell = tell
  }

  observe(target: Element): void {
    queueMicrotask(() => this.#tell([{ target, isIntersecting: true }]))
  }

  unobserve(): void {}
  disconnect(): void {}
}
Object.defineProperty(globalThis, 'IntersectionObserver', { configurable: true, value: EverythingIsSeen })

/** Puts markup into the page and returns the first element. */
export function show(markup: string): HTMLElement {
  document.body.innerHTML = markup
  return document.body.firstElementChild as HTMLElement
}

/** Returns the element of the id. */
export function get<T extends HTMLElement = HTMLInputElement>(id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`no element ${id}`)
  return found as T
}

/** Types as a person does: the value, then the event. */
export function type(field: HTMLInputElement | HTMLTextAreaElement, value: string): void {
  field.value = value
  field.dispatchEvent(trusted(new Event('input', { bubbles: true })))
}

/** Makes an event look as if the browser had sent it because of what the user did. */
export function trusted<E extends Event>(event: E): E {
  Object.defineProperty(event, 'isTrusted', { value: true })
  return event
}

/** Lets microtasks, observers and timers of no delay run, also those that follow from them when the machine is slow. */
export async function settled(ms = 5): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, ms / 5))
}

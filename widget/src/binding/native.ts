/** Returns the property as the browser has it, under whatever a framework put over it on the element itself. */
export function setNative(element: Element, property: 'value' | 'checked', value: string | boolean): void {
  for (let at: object | null = Object.getPrototypeOf(element); at !== null; at = Object.getPrototypeOf(at)) {
    const setter = Object.getOwnPropertyDescriptor(at, property)?.set
    if (setter !== undefined) return setter.call(element, value)
  }
  Reflect.set(element, property, value)
}

/** Tells the page that the field has changed, as typing and leaving it would (G4). */
export function announce(element: Element): void {
  const view = element.ownerDocument.defaultView ?? globalThis
  element.dispatchEvent(new view.Event('input', { bubbles: true, composed: true }))
  element.dispatchEvent(new view.Event('change', { bubbles: true }))
}

/**
 * Ticks or unticks a box. React hears of boxes by their click alone, so one that React watches (it keeps a tracker on
 * the element) is clicked; the browser then changes it and tells of it.
 */
export function setChecked(element: HTMLInputElement, checked: boolean): void {
  if (element.checked === checked) return
  if ('_valueTracker' in element && !element.disabled) return element.click()
  setNative(element, 'checked', checked)
  announce(element)
}

/** Reports whether the element has the focus, in its own document or shadow root. */
export function hasFocus(element: Element): boolean {
  return (element.getRootNode() as Document | ShadowRoot).activeElement === element
}

/** Makes an attribute have the value until the returned function gives it back what it had. */
export function borrowAttribute(element: Element, name: string, value: string): () => void {
  const before = element.getAttribute(name)
  element.setAttribute(name, value)
  return () => {
    if (element.getAttribute(name) !== value) return // the page has changed it meanwhile: it is the page's
    if (before === null) element.removeAttribute(name)
    else element.setAttribute(name, before)
  }
}

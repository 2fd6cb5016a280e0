const LONGEST = 60

/** Returns what people call the field: its label, else its accessible name, else its placeholder, name or id. */
export function labelOf(element: HTMLElement): string {
  const labels = (element as HTMLInputElement).labels
  const candidates = [
    element.getAttribute('aria-label'),
    labelledBy(element),
    ...[...(labels ?? [])].map((label) => label.textContent),
    element.closest('fieldset')?.querySelector('legend')?.textContent,
    element.getAttribute('placeholder'),
    element.getAttribute('title'),
    element.getAttribute('name'),
    element.id,
  ]
  const found = candidates.map((text) => (text ?? '').replace(/\s+/g, ' ').trim()).find((text) => text !== '')
  if (found === undefined) return element.localName
  return found.length <= LONGEST ? found : `${found.slice(0, LONGEST - 1)}…`
}

function labelledBy(element: HTMLElement): string {
  const root = element.getRootNode() as Document | ShadowRoot
  const ids = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter((id) => id !== '')
  return ids.map((id) => root.querySelector(`[id="${CSS.escape(id)}"]`)?.textContent ?? '').join(' ')
}

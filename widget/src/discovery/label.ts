const LONGEST = 60

/**
 * Finds what people call fields, for fields that are found together: of each document or shadow root the labels are read
 * once, because the browser looks through all of it to find the labels of one control.
 */
export class Labels {
  #texts = new Map<Node, Map<string, string>>()

  /** Returns the field's label, else its accessible name, else its placeholder, name or id. */
  of(element: HTMLElement): string {
    const root = element.getRootNode() as Document | ShadowRoot
    const sources = [
      () => element.getAttribute('aria-label'),
      () => labelledBy(element, root),
      () => this.#for(element.id, root),
      () => element.closest('label')?.textContent,
      () => element.closest('fieldset')?.querySelector('legend')?.textContent,
      () => element.getAttribute('placeholder'),
      () => element.getAttribute('title'),
      () => element.getAttribute('name'),
      () => element.id,
    ]
    for (const source of sources) {
      const text = (source() ?? '').replace(/\s+/g, ' ').trim()
      if (text !== '') return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
    }
    return element.localName
  }

  #for(id: string, root: Document | ShadowRoot): string | undefined {
    if (id === '') return undefined
    const known = this.#texts.get(root)
    if (known !== undefined) return known.get(id)
    const texts = new Map<string, string>()
    for (const label of root.querySelectorAll<HTMLLabelElement>('label[for]')) {
      if (!texts.has(label.htmlFor)) texts.set(label.htmlFor, label.textContent ?? '')
    }
    this.#texts.set(root, texts)
    return texts.get(id)
  }
}

function labelledBy(element: HTMLElement, root: Document | ShadowRoot): string {
  const ids = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter((id) => id !== '')
  return ids.map((id) => root.querySelector(`[id="${CSS.escape(id)}"]`)?.textContent ?? '').join(' ')
}

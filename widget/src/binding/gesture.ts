/** After a gesture, scripts of the page may write at once, or when their server has answered; in milliseconds. */
const LOOKS_MS = [0, 500]

/** What the page does after it: a form is reset to what the user wanted; for the others see Cause. */
export type Consequence = 'pressed' | 'calculated' | 'reset'

type Look = (consequence: Consequence) => void

const CONSEQUENCES: Record<string, Consequence> = { click: 'pressed', change: 'calculated', reset: 'reset' }

const watched = new WeakMap<Document, Set<Look>>()

/**
 * Calls `look` some time after the user clicked, or left a field that they had changed, anywhere in the document: a
 * template, a calculation or a reset may have written into other fields, of which no event tells. Returns what ends it.
 */
export function afterGestures(document: Document, look: Look): () => void {
  const looks = watched.get(document) ?? new Set()
  if (looks.size === 0) {
    watched.set(document, looks)
    for (const type of Object.keys(CONSEQUENCES)) document.addEventListener(type, hear, true)
  }
  looks.add(look)
  return () => {
    looks.delete(look)
    if (looks.size === 0) for (const type of Object.keys(CONSEQUENCES)) document.removeEventListener(type, hear, true)
  }
}

function hear({ isTrusted, type, currentTarget }: Event): void {
  if (!isTrusted && type !== 'reset') return
  const delays = type === 'reset' ? [0] : LOOKS_MS
  for (const delay of delays) {
    setTimeout(() => {
      for (const look of watched.get(currentTarget as Document) ?? []) look(CONSEQUENCES[type] ?? 'pressed')
    }, delay)
  }
}

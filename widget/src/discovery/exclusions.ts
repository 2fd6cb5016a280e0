/** Inputs that are collaborative; every other type is left alone (G2). */
const TEXT_TYPES = new Set([
  'text', 'email', 'tel', 'url', 'search', 'number', 'date', 'time', 'datetime-local', 'month', 'week',
])
const BOX_TYPES = new Set(['checkbox', 'radio'])
const SECRET_TOKENS = /^(?:.*-password|one-time-code|cc-.*)$/
/** Editors that own their content; plain text would destroy it. */
const RICH_EDITORS = '.ProseMirror,.ql-editor,.ck-content,.cke_editable,.mce-content-body,.public-DraftEditor-content,' +
  '[data-slate-editor],[data-lexical-editor],.cm-content,.trix-content'

/**
 * Decides which elements may never be fields. The list can't be switched off by any option. It remembers what it saw as
 * a password field, so that "show password" does not share one: the element, and its id and name for one that is put
 * in its place.
 */
export class Exclusions {
  #secret = new WeakSet<Element>()
  #secretNames = new Set<string>()

  /** Reports whether the element may be a field. */
  allows(element: Element): boolean {
    if (this.#isSecret(element)) return false
    if (ignored(element)) return false
    switch (element.localName) {
      case 'input':
        return TEXT_TYPES.has(typeOf(element)) || BOX_TYPES.has(typeOf(element))
      case 'textarea':
      case 'select':
        return true
      default:
        return isPlainEditable(element)
    }
  }

  /** Remembers a field that holds a secret now; to be told of every element seen and of every change of a type. */
  note(element: Element, formerType?: string | null): void {
    const wasSecret = formerType?.toLowerCase() === 'password'
    if (!wasSecret && !(element.localName === 'input' && typeOf(element) === 'password')) return
    this.#secret.add(element)
    for (const name of namesOf(element)) this.#secretNames.add(name)
  }

  #isSecret(element: Element): boolean {
    this.note(element)
    if (this.#secret.has(element) || namesOf(element).some((name) => this.#secretNames.has(name))) return true
    const tokens = (element.getAttribute('autocomplete') ?? '').toLowerCase().split(/\s+/)
    return tokens.some((token) => SECRET_TOKENS.test(token)) || isMasked(element)
  }
}

/** Returns the kind of an input, in lower case; an unknown one is text to the browser, and to us. */
export function typeOf(element: Element): string {
  const property = (element as HTMLInputElement).type
  return (typeof property === 'string' ? property : 'text').toLowerCase()
}

/** Reports whether the element or something around it, through shadow roots too, wants to be left alone. */
function ignored(element: Element): boolean {
  for (let at: Element | null = element; at !== null; ) {
    if (at.closest('[data-collab-ignore]') !== null) return true
    const root: Node = at.getRootNode()
    at = 'host' in root ? (root as ShadowRoot).host : null
  }
  return false
}

/** Reports whether the page hides what is typed by style, as a password field does. */
function isMasked(element: Element): boolean {
  const view = element.ownerDocument.defaultView
  const masking = view?.getComputedStyle(element).getPropertyValue('-webkit-text-security') ?? ''
  return masking !== '' && masking !== 'none'
}

/** Reports whether the element is an editing host of plain text. Formatted text is bound only when asked for. */
function isPlainEditable(element: Element): boolean {
  const editable = element.getAttribute('contenteditable')
  if (editable === null || editable.toLowerCase() === 'false' || element.matches(RICH_EDITORS)) return false
  if (editable.toLowerCase() === 'plaintext-only' || element.hasAttribute('data-collab')) return true
  return [...element.querySelectorAll('*')].every((child) => child.localName === 'br')
}

function namesOf(element: Element): string[] {
  const id = element.getAttribute('id')
  const name = element.getAttribute('name')
  return [...(id ? [`id ${id}`] : []), ...(name ? [`name ${name}`] : [])]
}

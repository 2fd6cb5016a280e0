import { scopeOf } from './identity.ts'
import { isUnder } from './place.ts'

/** Inputs that are collaborative; every other type is left alone (G2). */
const TEXT_TYPES = new Set([
  'text', 'email', 'tel', 'url', 'search', 'number', 'date', 'time', 'datetime-local', 'month', 'week',
])
const BOX_TYPES = new Set(['checkbox', 'radio'])
const SECRET_TOKENS = /^(?:.*-password|one-time-code|cc-.*)$/
/** Editors that own their content, and what they catch keys with; plain text would destroy it. */
const RICH_EDITORS = '.ProseMirror,.ql-editor,.ck-content,.cke_editable,.mce-content-body,.public-DraftEditor-content,' +
  '[data-slate-editor],[data-lexical-editor],.cm-content,.trix-content,.CodeMirror,.monaco-editor,.ace_editor,.xterm'
/** An editing host. */
const EDITABLE = '[contenteditable]:not([contenteditable="false" i])'

/**
 * Decides which elements may never be fields. The list can't be switched off by any option. It remembers what it saw as
 * a password field, so that "show password" does not share one: the element, and its id, name and placeholder for one that
 * is put in its place.
 */
export class Exclusions {
  #secret = new WeakSet<Element>()
  #secretNames = new Set<string>()

  /** Reports whether the element may be a field. Text that is plain stays so, whatever the browser makes of its lines. */
  allows(element: Element, isPlain = false): boolean {
    if (this.#isSecret(element) || isUnder(element, 'data-collab-ignore') || isPartOfEditor(element)) return false
    switch (element.localName) {
      case 'input':
        return TEXT_TYPES.has(typeOf(element)) || BOX_TYPES.has(typeOf(element))
      case 'textarea':
      case 'select':
        return true
      default:
        return isEditable(element) && (isPlain || hasPlainText(element))
    }
  }

  /**
   * Remembers a field that holds a secret now; to be told of every element seen and of every change of a type. `at` is where
   * on the page it is, or was.
   */
  note(element: Element, formerType?: string | null, at: Node = element): void {
    const wasSecret = formerType?.toLowerCase() === 'password'
    if (wasSecret || (element.localName === 'input' && typeOf(element) === 'password')) this.#remember(element, at)
  }

  #remember(element: Element, at: Node): void {
    this.#secret.add(element)
    for (const name of namesOf(element, at)) this.#secretNames.add(name)
  }

  #isSecret(element: Element): boolean {
    this.note(element)
    if (this.#secret.has(element)) return true
    if (this.#secretNames.size > 0 && namesOf(element, element).some((name) => this.#secretNames.has(name))) return true
    const tokens = (element.getAttribute('autocomplete') ?? '').toLowerCase().split(/\s+/)
    if (tokens.some((token) => SECRET_TOKENS.test(token))) return true
    if (!isMasked(element)) return false
    this.#remember(element, element)
    return true
  }
}

/** What was ever a secret on this page, for every widget there is and will be on it. */
export const exclusionsOfPage = new Exclusions()

/** Returns the kind of an input, in lower case; an unknown one is text to the browser, and to us. */
export function typeOf(element: Element): string {
  const property = (element as HTMLInputElement).type
  return (typeof property === 'string' ? property : 'text').toLowerCase()
}

/** Reports whether the page hides what is typed by style, as a password field does. */
function isMasked(element: Element): boolean {
  const view = element.ownerDocument.defaultView
  const masking = view?.getComputedStyle(element).getPropertyValue('-webkit-text-security') ?? ''
  return masking !== '' && masking !== 'none'
}

function isPartOfEditor(element: Element): boolean {
  if (element.closest(RICH_EDITORS) !== null) return true
  // Of an editing host within another one, the outer one is the field, if any.
  return element.matches(EDITABLE) && element.parentElement?.closest(EDITABLE) != null && !element.hasAttribute('data-collab')
}

function isEditable(element: Element): boolean {
  return ['', 'true', 'plaintext-only'].includes(element.getAttribute('contenteditable')?.toLowerCase() ?? 'false')
}

/** Reports whether what is edited there is plain text. Formatted text is bound only when asked for. */
function hasPlainText(element: Element): boolean {
  if (element.getAttribute('contenteditable') === 'plaintext-only' || element.hasAttribute('data-collab')) return true
  return [...element.querySelectorAll('*')].every((child) => child.localName === 'br')
}

/** Returns what would make another element a successor of this one. */
function namesOf(element: Element, at: Node): string[] {
  const named = ['id', 'name'].filter((attribute) => element.getAttribute(attribute))
  const scope = scopeOf(at)
  const attributes = named.length > 0 || !element.getAttribute('placeholder') ? named : ['placeholder']
  return attributes.map((attribute) => `${attribute} ${element.getAttribute(attribute)}${scope}`)
}

import { button, element } from '../element.ts'
import type { Child } from '../element.ts'

/** A button of a dialog. Without `work` it cancels. */
export interface Choice {
  readonly words: string
  /** `p`: the usual one, `d`: one that takes something away, `q`: one that stands apart. */
  readonly kind?: 'p' | 'd' | 'q'
  readonly work?: () => void
}

/** Set by the caller, never changed. */
export interface DialogOptions {
  readonly sign: Child
  readonly title: string
  readonly danger?: boolean
  readonly body: readonly Child[]
  readonly choices: readonly Choice[]
  /** What has the focus at first; by default the button that cancels. */
  readonly focus?: HTMLElement
  /** Runs when the dialog is cancelled: by Escape or its button. */
  readonly cancel?: () => void
}

/**
 * Opens a modal dialog, which lies over everything and keeps the focus; afterwards the focus is where it was. Returns
 * what closes it without cancelling.
 */
export function openDialog(root: ShadowRoot, options: DialogOptions): () => void {
  const { title, choices, cancel } = options
  const back = wayBack()
  const node = element('dialog.dg') as HTMLDialogElement
  const head = element(`h2${options.danger ? '.dgr' : ''}`, options.sign, title)
  head.id = 'corsia-dialog-title'
  node.setAttribute('aria-labelledby', head.id)
  const buttons = choices.map(({ words, kind, work = () => end(cancel) }) => button(kind ? `.b.${kind}` : '.b', words, work))
  node.append(head, ...options.body.filter((child) => typeof child === 'object'), element('div.ac', ...buttons))
  const end = (after?: () => void): void => {
    if (!node.isConnected) return
    node.close()
    back()
    node.remove() // until then nobody takes it for leaving the field
    after?.()
  }
  node.addEventListener('cancel', (event) => {
    event.preventDefault()
    end(cancel)
  })
  root.append(node)
  node.showModal()
  ;(options.focus ?? buttons[choices.findIndex(({ work }) => work === undefined)])?.focus()
  return end
}

/** Returns what puts the focus back where it is now. The browser would do it too, but leave the caret in the dialog. */
function wayBack(): () => void {
  const before = focused()
  const selection = document.getSelection()
  const range = before?.isContentEditable && selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : undefined
  return () => {
    before?.blur()
    before?.focus({ preventScroll: true })
    if (range === undefined) return
    selection?.removeAllRanges()
    selection?.addRange(range)
  }
}

/** Returns the element that has the focus, in whatever shadow root it is. */
export function focused(): HTMLElement | null {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return at as HTMLElement | null
}

/** Makes a control with its label above it. */
export function labelled<T extends HTMLElement>(words: string, control: T): HTMLElement {
  return element('label', words, control)
}

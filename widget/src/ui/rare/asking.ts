import { element } from '../element.ts'
import { labelled, openDialog } from './dialog.ts'
import { sign } from './signs.ts'
import type { RareWords } from './words.en.ts'

/** A reason has at least so many characters, which the gateway checks too (L7). */
const SHORTEST_REASON = 10
const LONGEST_MESSAGE = 200

/** A field that another holds. */
export interface LockSubject {
  /** Wire name of the lock, which may be that of the whole resource. */
  readonly field: string
  readonly label: string
  readonly holder: string
  readonly mayBreak: boolean
}

/** What the dialogs do. */
export interface AskActions {
  readonly request: (field: string, message: string) => void
  /** `done` hears why it was refused, or nothing. */
  readonly breakGlass: (field: string, reason: string, code: string, done: (refusal: string | undefined) => void) => void
}

/** Asks the user what to say to the holder of a field, and asks the holder. */
export function askForField(root: ShadowRoot, subject: LockSubject, words: RareWords, actions: AskActions): void {
  const { field, label, holder } = subject
  const message = element('input') as HTMLInputElement
  message.maxLength = LONGEST_MESSAGE
  const send = (): void => {
    close()
    actions.request(field, message.value.trim())
  }
  message.onkeydown = ({ key, isComposing }) => {
    if (key === 'Enter' && !isComposing) send()
  }
  const instead = (): void => {
    close()
    breakLock(root, subject, words, actions)
  }
  const close = openDialog(root, {
    sign: sign('hand'),
    title: words.askTitle(holder),
    body: [element('p.mut', words.askText(label)), labelled(words.message, message)],
    choices: [
      ...(subject.mayBreak ? [{ words: words.breakInstead, kind: 'q' as const, work: instead }] : []),
      { words: words.cancel },
      { words: words.ask, kind: 'p', work: send },
    ],
    focus: message,
  })
}

/** Takes a lock from its holder, once the user has said why. */
export function breakLock(root: ShadowRoot, { field, label, holder }: LockSubject, words: RareWords, actions: AskActions): void {
  const code = element('select') as HTMLSelectElement
  for (const [value, name] of Object.entries(words.codes)) {
    const option = element('option', name) as HTMLOptionElement
    option.value = value
    code.append(option)
  }
  const reason = element('textarea') as HTMLTextAreaElement
  reason.rows = 2
  reason.required = true
  const wrong = element('p.er')
  wrong.id = 'corsia-wrong'
  wrong.role = 'alert'
  reason.setAttribute('aria-describedby', wrong.id)
  const tell = (text: string): void => {
    wrong.replaceChildren(...(text === '' ? [] : [sign('bad'), text]))
    reason.ariaInvalid = String(text !== '')
    reason.focus()
  }
  const send = (): void => {
    const text = reason.value.trim()
    if ([...text].length < SHORTEST_REASON) return tell(words.tooShort)
    actions.breakGlass(field, text, code.value, (refusal) => {
      if (refusal === undefined) close()
      else tell(words.notBroken(refusal))
    })
  }
  const close = openDialog(root, {
    sign: sign('glass'),
    title: words.breakTitle(holder),
    danger: true,
    body: [element('p', `${label}. ${words.breakText}`), labelled(words.why, code), labelled(words.reason, reason), wrong],
    choices: [{ words: words.cancel }, { words: words.breakLock, kind: 'd', work: send }],
    focus: reason,
  })
}

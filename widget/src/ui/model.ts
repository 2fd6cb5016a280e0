import { isText, shown } from '../field.ts'
import type { FieldKind, Value } from '../field.ts'
import type { Lock } from '../protocol.ts'
import type { Save, Status } from '../status.ts'
import type { Messages } from './messages.en.ts'
import type { Person } from './person.ts'

/** What is shown of one field: a line, a sign and a word for each state (G5). */
export interface FieldView {
  readonly id: string
  readonly label: string
  readonly box: boolean
  readonly ring: 'bound' | 'own' | 'other' | 'offline'
  readonly tag: { readonly kind: 'own' | 'other' | 'here' | 'no' | 'view'; readonly words: string } | undefined
  /** The others who are in it. */
  readonly people: readonly Person[]
  /** Lines of the tooltip; the second one describes the field to a screen reader too. */
  readonly tip: readonly [string, string]
  readonly draft: string | undefined
}

/** What a field's view is made of. */
export interface FieldParts {
  readonly id: string
  readonly label: string
  readonly kind: FieldKind
  readonly own: boolean
  readonly other: Lock | undefined
  readonly people: readonly Person[]
  readonly status: Status
  /** Where the field's text is, when that is worth a tag. */
  readonly save: Exclude<Save, 'server'> | undefined
  readonly draft: Value | undefined
}

/** Says how a field looks. */
export function fieldView(parts: FieldParts, words: Messages): FieldView {
  const { id, label, kind, other, own, status, people, save, draft } = parts
  const offline = status.connection === 'offline' || status.connection === 'refused' || save !== undefined
  const tag = tagOf(parts, words)
  const about = other ? words.lockedBy(other.name, clock(other.acquiredAt)) : (tag?.words ?? '')
  return {
    id,
    label,
    box: kind === 'checkbox' || kind === 'radio',
    ring: offline ? 'offline' : other ? 'other' : own ? 'own' : 'bound',
    tag,
    people,
    tip: [words.collaborative(id), about],
    draft: draft === undefined ? undefined : shown(draft),
  }
}

function tagOf({ save, other, own, status, kind }: FieldParts, words: Messages): FieldView['tag'] {
  if (save === 'unsaved') return { kind: 'no', words: words.notSaved }
  if (save === 'here') return { kind: 'here', words: words.savedHere }
  if (other !== undefined) return { kind: 'other', words: other.name }
  if (own) return { kind: 'own', words: words.lockedByYou }
  return status.mode === 'viewer' && isText(kind) ? { kind: 'view', words: words.viewing } : undefined
}

/** What the panel shows. */
export interface PanelView {
  readonly title: string
  readonly subtitle: string
  readonly kind: 'ok' | 'off' | 'sync' | 'bad'
  readonly word: string
  readonly rest: string
  readonly people: readonly Person[]
  readonly active: readonly { readonly locked: boolean; readonly label: string; readonly who: string }[]
  readonly footer: string
  readonly action: 'tryNow' | 'unlockMine' | undefined
}

/** What the panel's view is made of. */
export interface PanelParts {
  readonly status: Status
  /** What is not saved waits so long, or so hopelessly, that it must be said. */
  readonly late: boolean
  readonly title: string
  readonly people: readonly Person[]
  readonly active: PanelView['active']
  readonly fields: number
  readonly ownLocks: boolean
  readonly now: number
}

/** Says what the panel shows. "Saved on the server" appears only when nothing waits. */
export function panelView(parts: PanelParts, words: Messages): PanelView {
  const { status, people, active, fields, ownLocks, now } = parts
  const { connection, waiting, retryAt = now } = status
  const offline = connection === 'offline'
  const [kind, word, rest] = stateOf(parts, words)
  return {
    title: connection === 'connected' || connection === 'offline' ? words[connection] : word,
    subtitle: offline && retryAt > now ? words.tryAgainIn(Math.ceil((retryAt - now) / 1000)) : parts.title,
    kind,
    word,
    rest,
    people: offline ? people.filter(({ you }) => you) : people,
    active: offline ? [] : active,
    footer: offline && waiting > 0 ? words.waiting(waiting) : words.sharedFields(fields),
    action: offline || connection === 'refused' ? 'tryNow' : ownLocks ? 'unlockMine' : undefined,
  }
}

function stateOf({ status, late }: PanelParts, words: Messages): [PanelView['kind'], string, string] {
  const { connection, save, waiting, mode, reason = '' } = status
  if (connection === 'refused') return ['bad', words.noAccess, words.noAccessWhy(reason)]
  if (connection === 'offline') {
    const rest = { server: words.offlineNothing, here: words.offlineHere, unsaved: words.offlineUnsaved }[save]
    return ['off', words.offline, rest]
  }
  if (save !== 'server' && late) return ['bad', words.notSaved, words.notSavedWhy]
  if (connection !== 'connected') return ['sync', words.syncing, words.opening]
  if (save !== 'server') return ['sync', words.syncing, words.onTheWay(waiting)]
  return ['ok', words.synced, mode === 'viewer' ? words.readOnly : words.onServer]
}

/** Returns a time of the day, as the user's browser writes it. */
export function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

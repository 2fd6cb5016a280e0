import { isText } from '../field.ts'
import type { FieldKind } from '../field.ts'
import type { Lock } from '../protocol.ts'
import type { Save, Status } from '../status.ts'
import type { Messages } from './messages.en.ts'
import type { Person } from './person.ts'

/** What is shown of one field: a line, a sign and a word for each state (G5). */
export interface FieldView {
  readonly id: string
  readonly label: string
  readonly box: boolean
  readonly ring: 'bound' | 'own' | 'other' | 'offline' | 'two'
  readonly tag: TagView | undefined
  /** The others who are in it. */
  readonly people: readonly Person[]
  /** Lines of the tooltip; the second one describes the field to a screen reader too. */
  readonly tip: readonly [string, string]
  readonly draft: DraftView | undefined
  readonly conflict: ConflictView | undefined
}

/** The word on a field's border. `act` is what a press on it does, and `does` says so. */
export interface TagView {
  readonly kind: 'own' | 'other' | 'here' | 'no' | 'view' | 'two'
  readonly words: string
  readonly act?: 'ask' | 'choose'
  readonly does?: string
}

/** Text of the user that was refused or has no field any more. */
export interface DraftView {
  readonly wire: string
  readonly label: string
  readonly text: string
  /** See Draft. */
  readonly reason: string
}

/** The two values of a field that was changed in the record and on the page (G4); `by` is who changed the record. */
export interface ConflictView {
  readonly mine: string
  readonly theirs: string
  readonly by: string
  /** `mine` was typed here, and is not what the page came with. */
  readonly typed?: boolean
}

/** What a field's view is made of. */
export interface FieldParts {
  readonly id: string
  readonly label: string
  readonly kind: FieldKind
  readonly own: boolean
  readonly other: Lock | undefined
  /** This session has asked the holder. */
  readonly asked: boolean
  readonly people: readonly Person[]
  readonly status: Status
  /** Where the field's text is, when that is worth a tag. */
  readonly save: Exclude<Save, 'server'> | undefined
  readonly draft: DraftView | undefined
  readonly conflict: ConflictView | undefined
}

/** Says how a field looks. */
export function fieldView(parts: FieldParts, words: Messages): FieldView {
  const { id, label, kind, other, own, status, people, save, draft, conflict } = parts
  const offline = status.connection === 'offline' || status.connection === 'refused' || save !== undefined
  const tag = tagOf(parts, words)
  const about = other ? words.lockedBy(other.name, clock(other.acquiredAt, words.tag)) : tag?.kind === 'two' ? words.twoValues : (tag?.words ?? '')
  return {
    id,
    label,
    box: kind === 'checkbox' || kind === 'radio',
    ring: conflict ? 'two' : offline ? 'offline' : other ? 'other' : own ? 'own' : 'bound',
    tag,
    people,
    tip: [words.collaborative(id), about],
    draft,
    conflict,
  }
}

function tagOf({ label, save, other, own, asked, status, kind, conflict }: FieldParts, words: Messages): TagView | undefined {
  if (conflict) return { kind: 'two', words: words.choose, act: 'choose', does: words.chooseFor(label) }
  if (save === 'unsaved') return { kind: 'no', words: words.notSaved }
  if (save === 'here') return { kind: 'here', words: words.savedHere }
  if (other !== undefined) {
    if (asked) return { kind: 'other', words: words.asked(other.name) }
    const mayAsk = status.connection === 'connected' && status.mode === 'editor'
    return { kind: 'other', words: other.name, ...(mayAsk && { act: 'ask', does: `${other.name}: ${words.askFor(label)}` }) }
  }
  if (own) return { kind: 'own', words: words.lockedByYou }
  return status.mode === 'viewer' && isText(kind) ? { kind: 'view', words: words.viewing } : undefined
}

/** What the panel shows. */
export interface PanelView {
  readonly title: string
  readonly subtitle: string
  readonly kind: 'ok' | 'off' | 'sync' | 'bad' | 'deg'
  readonly word: string
  readonly rest: string
  readonly people: readonly Person[]
  readonly active: readonly ActiveView[]
  /** Fields with two values. */
  readonly choose: readonly { readonly id: string; readonly label: string }[]
  /** Drafts whose fields are not on the page. */
  readonly drafts: readonly DraftView[]
  readonly footer: string
  readonly action: 'tryNow' | 'unlockMine' | undefined
}

/** A field that somebody is in or holds. `ask` is its id when its holder can be asked for it. */
export interface ActiveView {
  readonly locked: boolean
  readonly label: string
  readonly who: string
  readonly ask?: string
}

/** What the panel's view is made of. */
export interface PanelParts {
  readonly status: Status
  /** What is not saved waits so long, or so hopelessly, that it must be said. */
  readonly late: boolean
  readonly title: string
  readonly people: readonly Person[]
  readonly active: PanelView['active']
  readonly choose: PanelView['choose']
  readonly drafts: PanelView['drafts']
  /** The gateway can give no locks now. */
  readonly locksPaused: boolean
  readonly fields: number
  readonly ownLocks: boolean
  readonly now: number
}

/** Says what the panel shows. "Saved on the server" appears only when nothing waits. */
export function panelView(parts: PanelParts, words: Messages): PanelView {
  const { status, people, active, choose, drafts, fields, ownLocks, now } = parts
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
    choose,
    drafts,
    footer: offline && waiting > 0 ? words.waiting(waiting) : words.sharedFields(fields),
    action: offline || connection === 'refused' ? 'tryNow' : ownLocks ? 'unlockMine' : undefined,
  }
}

function stateOf({ status, late, locksPaused }: PanelParts, words: Messages): [PanelView['kind'], string, string] {
  const { connection, save, waiting, mode, reason = '' } = status
  if (connection === 'refused') return ['bad', words.noAccess, words.noAccessWhy(reason)]
  if (connection === 'offline') {
    const rest = { server: words.offlineNothing, here: words.offlineHere, unsaved: words.offlineUnsaved }[save]
    return ['off', words.offline, rest]
  }
  if (save !== 'server' && late) return ['bad', words.notSaved, words.notSavedWhy]
  if (connection !== 'connected') return ['sync', words.syncing, words.opening]
  if (save !== 'server') return ['sync', words.syncing, words.onTheWay(waiting)]
  if (locksPaused) return ['deg', words.synced, `${words.onServer}. ${words.paused}`]
  return ['ok', words.synced, mode === 'viewer' ? words.readOnly : words.onServer]
}

/** Returns a time of the day, as it is written in a language. */
export function clock(time: number, language: string): string {
  return new Date(time).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' })
}

/** Returns the language tag that numbers and times follow: the browser's own variety of the language, if it has one. */
export function varietyOf(language: string): string {
  const wanted = language.replace(/_/g, '-')
  const own = navigator.languages?.find((one) => one.startsWith(`${wanted.slice(0, 2)}-`))
  const best = wanted.length > 2 || own === undefined ? wanted : own
  try {
    return Intl.getCanonicalLocales(best)[0] ?? 'en'
  } catch {
    return 'en'
  }
}

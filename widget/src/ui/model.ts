import { isText, shown } from '../field.ts'
import type { FieldKind, Value } from '../field.ts'
import type { Lock } from '../protocol.ts'
import type { Save, Status } from '../status.ts'
import type { Icon } from './icons.ts'
import type { Messages } from './messages.en.ts'
import type { Person } from './person.ts'

/** How the line around a field looks (G5). */
export type Ring = 'bound' | 'own' | 'other' | 'offline'

/** What is shown of one field. */
export interface FieldView {
  readonly id: string
  readonly label: string
  readonly box: boolean
  readonly ring: Ring
  readonly tag: { readonly kind: 'own' | 'other' | 'here' | 'no' | 'view'; readonly words: string } | undefined
  /** The others who are in it. */
  readonly people: readonly Person[]
  /** Lines of the tooltip. */
  readonly tip: readonly string[]
  /** What a screen reader says of the field besides its name; empty for nothing. */
  readonly description: string
  readonly draft: { readonly text: string } | undefined
}

/** What a field's view is made of. */
export interface FieldParts {
  readonly id: string
  readonly label: string
  readonly kind: FieldKind
  readonly own: boolean
  readonly other: Lock | undefined
  readonly otherRole: string
  readonly people: readonly Person[]
  readonly status: Status
  /** Where the field's text is; undefined when there is nothing to say of it. */
  readonly save: Exclude<Save, 'server'> | undefined
  readonly draft: Value | undefined
}

/** Says how a field looks: a line, a sign and a word for each state. */
export function fieldView(parts: FieldParts, words: Messages): FieldView {
  const { other, own, status } = parts
  const offline = status.connection === 'offline' || status.connection === 'refused'
  const tag = tagOf(parts, words)
  const locked = other && [words.lockedBy(other.name, parts.otherRole), words.since(clock(other.acquiredAt))]
  return {
    id: parts.id,
    label: parts.label,
    box: parts.kind === 'checkbox' || parts.kind === 'radio',
    ring: offline || parts.save !== undefined ? 'offline' : other !== undefined ? 'other' : own ? 'own' : 'bound',
    tag,
    people: parts.people,
    tip: [words.collaborative(parts.id), ...(locked ?? (tag === undefined ? [] : [tag.words]))],
    description: locked?.[0] ?? tag?.words ?? '',
    draft: parts.draft === undefined ? undefined : { text: shown(parts.draft) },
  }
}

function tagOf({ save, other, own, status, kind }: FieldParts, words: Messages): FieldView['tag'] {
  if (save === 'unsaved') return { kind: 'no', words: words.notSaved }
  if (save === 'here') return { kind: 'here', words: words.savedHere }
  if (other !== undefined) return { kind: 'other', words: other.name }
  if (own) return { kind: 'own', words: words.lockedByYou }
  return status.mode === 'viewer' && isText(kind) ? { kind: 'view', words: words.viewingTag } : undefined
}

/** What the panel shows. */
export interface PanelView {
  readonly dot: 'on' | 'off' | 'sync' | 'warn'
  readonly title: string
  readonly subtitle: string
  readonly strip: { readonly kind: 'ok' | 'off' | 'sync' | 'bad'; readonly icon: Icon; readonly word: string; readonly rest: string }
  readonly people: readonly Person[]
  readonly active: readonly { readonly locked: boolean; readonly label: string; readonly who: string }[]
  readonly footer: string
  readonly action: 'try' | 'unlock' | undefined
  /** What the panel says when it is minimised. */
  readonly short: string
}

/** What the panel's view is made of. */
export interface PanelParts {
  readonly status: Status
  readonly late: boolean
  readonly title: string
  readonly people: readonly Person[]
  readonly active: PanelView['active']
  readonly fields: number
  readonly ownLocks: number
  readonly now: number
}

/** Says what the panel shows. */
export function panelView(parts: PanelParts, words: Messages): PanelView {
  const { status, fields, ownLocks } = parts
  const strip = stripOf(parts, words)
  const offline = status.connection === 'offline'
  const seconds = Math.max(0, Math.ceil(((status.retryAt ?? parts.now) - parts.now) / 1000))
  return {
    dot: strip.kind === 'ok' ? 'on' : strip.kind === 'off' ? 'off' : strip.kind === 'sync' ? 'sync' : 'warn',
    title: titleOf(status, words),
    subtitle: offline && seconds > 0 ? words.tryAgainIn(seconds) : parts.title,
    strip,
    people: offline ? parts.people.filter((person) => person.you) : parts.people,
    active: offline ? [] : parts.active,
    footer: offline && status.waiting > 0 ? words.waiting(status.waiting) : words.sharedFields(fields),
    action: offline || status.connection === 'refused' ? 'try' : ownLocks > 0 ? 'unlock' : undefined,
    short: offline && status.waiting > 0 ? `${words.offline} · ${words.waitShort(status.waiting)}` : strip.word,
  }
}

function titleOf({ connection }: Status, words: Messages): string {
  if (connection === 'connected') return words.connected
  if (connection === 'offline') return words.offline
  return connection === 'connecting' ? words.connecting : words.panel
}

function stripOf({ status, late }: PanelParts, words: Messages): PanelView['strip'] {
  const { connection, save, waiting, mode, reason = '' } = status
  if (connection === 'refused') {
    const [word, rest] = refusedWords(reason, words)
    return { kind: 'bad', icon: 'warn', word, rest }
  }
  if (connection === 'offline') {
    const rest = { server: words.offlineNothing, here: words.offlineHere, unsaved: words.offlineUnsaved }[save]
    return { kind: 'off', icon: 'offline', word: words.offline, rest }
  }
  if (save !== 'server' && late) {
    const rest = mode === undefined ? words.notSavedText : words.notSavedServer
    return { kind: 'bad', icon: 'warn', word: words.notSaved, rest }
  }
  if (connection === 'connecting') return { kind: 'sync', icon: 'sync', word: words.syncing, rest: words.syncingStart }
  if (save !== 'server') return { kind: 'sync', icon: 'sync', word: words.syncing, rest: words.syncingChanges(waiting) }
  const rest = mode === 'viewer' ? words.viewingOnly : words.syncedServer
  return { kind: 'ok', icon: 'ok', word: words.synced, rest }
}

function refusedWords(reason: string, words: Messages): [string, string] {
  if (reason === 'PERMISSION_DENIED') return [words.noAccess, words.noAccessWhy]
  if (/^[A-Z_]+$/.test(reason)) return [words.noAccess, words.failedWhy(reason)]
  return [words.signedOut, words.signedOutWhy(reason)]
}

/** Returns a time of the day, as the user's browser writes it. */
export function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
}

/** What the user does in all that is shown, and what is known of fields there. Fields are named by ids, where it is said by wire names. */
export interface Actions {
  readonly tryNow: () => void
  readonly unlockMine: () => void
  readonly choose: (field: string, which: 'mine' | 'theirs') => void
  /** Forgets a draft, by the wire name of its field. */
  readonly dismissDraft: (wire: string) => void
  /** Brings a field into view and gives it the focus. */
  readonly goTo: (field: string) => void
  /** Opens the dialog that asks for a field. */
  readonly ask: (field: string) => void
  /** Reports whether the focus may be moved to the field: the user does nothing now, or is in it. */
  readonly isFree: (field: string) => boolean
  /** Returns what people call a field, by its wire name. */
  readonly label: (wire: string) => string
}

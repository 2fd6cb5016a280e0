import { button, element } from '../element.ts'
import { icon } from '../icons.ts'
import type { DraftView } from '../model.ts'
import { listOf } from '../panel.ts'
import type { RareWords } from './words.en.ts'

/** A second press within this time deletes, in milliseconds. */
const SURE_MS = 6_000

/** What a list or strip of drafts needs. */
export interface DraftHooks {
  readonly words: RareWords
  readonly say: (words: string) => void
  readonly dismiss: (wire: string) => void
}

const ERASED = 'erased'

function why({ reason }: DraftView, words: RareWords): string {
  return reason === ERASED ? words.erasedDraft : words.notSaved
}

/** Makes the strip below a field whose text was refused. */
export function draftStrip(draft: DraftView, { words, ...hooks }: DraftHooks): HTMLElement {
  const told = element('span', `${why(draft, words)} `, element('b', words.draftKept))
  told.title = draft.text
  return element('div.strip', icon('bad'), told, ...draftButtons(draft, { words, ...hooks }))
}

/** Makes the panel's list of drafts whose fields are not on the page. */
export function draftList(
  drafts: readonly DraftView[],
  hooks: DraftHooks,
  kept: (draft: DraftView, make: () => HTMLElement) => HTMLElement,
): HTMLElement[] {
  if (drafts.length === 0) return []
  const { words } = hooks
  const items = drafts.map((draft) =>
    kept(draft, () => element(
      'li.dr',
      element('div', draft.label, element('small', draft.reason === ERASED ? `${words.erasedDraft} ${words.fieldGone}` : words.fieldGone), element('blockquote', draft.text)),
      element('div.ac', ...draftButtons(draft, hooks)),
    )),
  )
  return listOf(words.drafts, items)
}

/** Copying, and deleting by two presses: it is the only copy. */
function draftButtons({ wire, label, text }: DraftView, { words, say, dismiss }: DraftHooks): HTMLElement[] {
  const copy = button('.b.s', words.copyOf(label), () => {
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    copied.then(
      () => {
        copy.textContent = words.copied
        say(words.copied)
      },
      () => say(words.notCopied),
    )
  })
  copy.textContent = words.copy
  let sure: ReturnType<typeof setTimeout> | undefined
  const calm = (): void => {
    sure = undefined
    remove.textContent = words.dismiss
    remove.ariaLabel = words.dismissOf(label)
  }
  const remove = button('.b.s', '', () => {
    if (sure !== undefined) {
      clearTimeout(sure)
      return dismiss(wire)
    }
    sure = setTimeout(calm, SURE_MS)
    remove.textContent = words.sure
    remove.ariaLabel = `${words.sure} ${words.sureOf(label)}`
    say(words.sureOf(label))
  })
  calm()
  return [copy, remove]
}

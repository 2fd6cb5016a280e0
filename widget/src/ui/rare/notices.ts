import { button, element } from '../element.ts'
import type { Child } from '../element.ts'

/** A notice that needs nothing of the user goes after so long without the pointer or the focus, in milliseconds. */
const GONE_AFTER_MS = 12_000
/** So many are shown; when more come, the oldest that needs nothing goes. */
const MOST = 4

/** Set by the caller, never changed. */
export interface NoticeOptions {
  readonly sign: Child
  readonly title: string
  readonly lines: readonly string[]
  readonly choices: readonly { readonly words: string; readonly main?: boolean; readonly work: () => void }[]
  readonly kind?: 'warn' | 'info'
  /** It stays until the user has done something about it. */
  readonly stays?: boolean
}

/** Notices in the corner, over the panel. They never take the focus; what they say is announced by who shows them. */
export class Notices {
  #place = element('section.nts')
  #ends = new Map<HTMLElement, () => void>()

  constructor(corner: HTMLElement, name: string) {
    this.#place.ariaLabel = name
    corner.prepend(this.#place)
  }

  /** Shows a notice. Returns what takes it away. */
  show({ sign, title, lines, choices, kind = 'info', stays = false }: NoticeOptions): () => void {
    const buttons = choices.map(({ words, main, work }) =>
      button(main ? '.b.s.p' : '.b.s', words, () => {
        end()
        work()
      }),
    )
    const node = element(
      `div.nt.${kind}`,
      sign,
      element('div', element('b', title), ...lines.map((line) => element('p', line)), element('div.ac', ...buttons)),
    )
    node.role = 'group'
    node.ariaLabel = title
    let timer: ReturnType<typeof setTimeout> | undefined
    const hold = (): void => clearTimeout(timer)
    const wait = (): void => {
      hold()
      if (!stays) timer = setTimeout(() => end(), GONE_AFTER_MS)
    }
    const end = (): void => {
      hold()
      this.#ends.delete(node)
      node.remove()
    }
    for (const type of ['pointerenter', 'focusin']) node.addEventListener(type, hold)
    for (const type of ['pointerleave', 'focusout']) node.addEventListener(type, wait)
    wait()
    this.#place.append(node)
    if (!stays) this.#ends.set(node, end)
    if (this.#place.childElementCount > MOST) [...this.#ends.values()][0]?.()
    return end
  }

  /** Takes every notice away. */
  end(): void {
    for (const end of this.#ends.values()) end()
    this.#place.remove()
  }
}

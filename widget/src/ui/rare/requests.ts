import { avatar } from '../decoration.ts'
import type { Locks } from '../../locks.ts'
import { element } from '../element.ts'
import type { Person } from '../person.ts'
import type { LockRequest } from '../../protocol.ts'
import { openDialog } from './dialog.ts'
import type { Notices } from './notices.ts'
import type { RareWords } from './words.en.ts'

/** A request for an own lock, as it is shown. */
export interface RequestView {
  readonly request: LockRequest
  readonly person: Person
  readonly label: string
}

/**
 * Shows who asks for own locks: as a dialog when the user is doing nothing, as a notice when they type, because what is
 * typed must never end up in a dialog. One dialog at a time.
 */
export class Requests {
  #root: ShadowRoot
  #notices: Notices
  #words: RareWords
  #locks: Locks
  #shown = new Map<LockRequest, () => void>()
  #dialog: LockRequest | undefined

  constructor(root: ShadowRoot, notices: Notices, words: RareWords, locks: Locks) {
    this.#root = root
    this.#notices = notices
    this.#words = words
    this.#locks = locks
  }

  /** Shows these and no others. `busy` is true while the user types. Returns what is new, in words. */
  show(views: readonly RequestView[], busy: boolean): string[] {
    const wanted = new Set(views.map(({ request }) => request))
    for (const [request, end] of this.#shown) if (!wanted.has(request)) this.#end(request, end)
    return views.flatMap((view) => {
      if (this.#shown.has(view.request)) return []
      const modal = !busy && this.#dialog === undefined && !this.#root.querySelector('dialog')
      this.#shown.set(view.request, modal ? this.#ask(view) : this.#notice(view))
      return [`${this.#words.requestTitle(view.person.name)}: ${this.#text(view)}`]
    })
  }

  /** Takes all of them away. */
  end(): void {
    for (const [request, end] of this.#shown) this.#end(request, end)
  }

  #end(request: LockRequest, end: () => void): void {
    this.#shown.delete(request)
    if (this.#dialog === request) this.#dialog = undefined
    end()
  }

  #text({ label, request }: RequestView): string {
    return this.#words.requestText(label, request.message)
  }

  #ask(view: RequestView): () => void {
    const { person, request } = view
    const { requestTitle, requestRest, keep, handOver } = this.#words
    this.#dialog = request
    const close = openDialog(this.#root, {
      sign: avatar(person),
      title: requestTitle(person.name),
      body: [element('p', this.#text(view)), element('p.mut', requestRest)],
      choices: [
        { words: keep },
        { words: handOver, kind: 'p', work: () => this.#answer(request, true) },
      ],
      cancel: () => this.#answer(request, false),
    })
    return close
  }

  #notice(view: RequestView): () => void {
    const { person, request } = view
    const { requestTitle, requestRest, keep, handOver } = this.#words
    return this.#notices.show({
      sign: avatar(person),
      title: requestTitle(person.name),
      lines: [this.#text(view), requestRest],
      choices: [
        { words: keep, work: () => this.#answer(request, false) },
        { words: handOver, main: true, work: () => this.#answer(request, true) },
      ],
      kind: 'warn',
      stays: true,
    })
  }

  #answer(request: LockRequest, yes: boolean): void {
    const end = this.#shown.get(request)
    if (end !== undefined) this.#end(request, end)
    if (yes) this.#locks.handOver(request)
    else this.#locks.decline(request)
  }
}

import type { Value } from './field.ts'

/** Text that the server refused, or that never got into the document; it is kept until somebody dismisses it. */
export interface Draft {
  /** Id of the field. */
  readonly field: string
  /** What the user had there; undefined: nothing that can be shown. */
  readonly mine: Value | undefined
  /** Why: `locked`, a code of the gateway, `epoch` after a restore, `erased` after an erasure, `unsent` when it never got into the document. */
  readonly reason: string
  /** Who held the lock: a user id, or empty. */
  readonly by: string
}

/** All drafts of a resource, oldest first. Of each field the newest is shown, and those before it when that is dismissed. */
export class Drafts {
  #all: Draft[] = []

  get all(): readonly Draft[] {
    return this.#all
  }

  /** Adds a draft. Reports false when it is there already. */
  add(draft: Draft): boolean {
    const same = JSON.stringify(draft)
    if (this.#all.some((one) => JSON.stringify(one) === same)) return false
    this.#all.push(draft)
    return true
  }

  /** Removes the newest draft of the field. Returns the one before it. */
  dismiss(field: string): Draft | undefined {
    const newest = this.#all.findLastIndex((one) => one.field === field)
    if (newest >= 0) this.#all.splice(newest, 1)
    return this.#all.findLast((one) => one.field === field)
  }

  /** Forgets all. */
  clear(): void {
    this.#all = []
  }
}

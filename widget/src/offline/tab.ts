/** Name of the lock that a living page holds: the browser ends it when the page dies, however it dies. */
const nameOf = (tab: string): string => `corsia ${tab}`

/** Says, while it is held, that a page lives. Others may take over what it left when it does not (G7). */
export class Tab {
  /** Empty where there are no locks to hold either: on a page that is not served over https. */
  readonly id: string = crypto.randomUUID?.() ?? ''
  #letGo: (() => void) | undefined

  /** Holds the lock. Resolves when it is held. */
  async hold(): Promise<void> {
    if (this.#letGo !== undefined) return
    return new Promise((held, failed) => {
      const life = new Promise<void>((end) => (this.#letGo = end))
      navigator.locks
        .request(nameOf(this.id), () => {
          held()
          return life
        })
        .catch(failed)
    })
  }

  /** Lets go: the page is dead, or may be frozen for long. */
  release(): void {
    this.#letGo?.()
    this.#letGo = undefined
  }
}

/** Does `work` while no page of that id lives and nobody else does the same. Does nothing when one does. */
export async function whileDead(tab: string, work: () => Promise<unknown>): Promise<void> {
  await navigator.locks.request(nameOf(tab), { ifAvailable: true }, (lock) => (lock === null ? undefined : work()))
}

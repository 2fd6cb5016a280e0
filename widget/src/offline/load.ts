import type { Kept, Keeper } from './keeper.ts'
import type { Vault } from './vault.ts'

/** The part that has the store must come this soon, in milliseconds: the server comes first then, and nothing is kept. */
const PATIENCE_MS = 8_000

/** The user's store, and what keeps a document in it. */
export interface Store {
  readonly vault: Vault
  keep(resource: string, document: Kept): Keeper
}

/** Loads the store of a gateway's user. It rejects when it cannot be loaded in time. */
export function loadStore(gateway: string): Promise<Store> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the store does not load')), PATIENCE_MS)
    import('./store.ts')
      .then(({ Keeper, Vault }) => {
        const vault = new Vault(gateway)
        resolve({ vault, keep: (resource, document) => new Keeper(vault, resource, document) })
      }, reject)
      .finally(() => clearTimeout(late))
  })
}

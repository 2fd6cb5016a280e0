import { shown } from '../field.ts'
import { docOf, ownText } from '../rebuilding.ts'
import { knownOf, ownOf } from './record.ts'
import type { Known, Own } from './record.ts'
import type { Place, Vault } from './vault.ts'

/** Sending what waits may take this long, in milliseconds; then it counts as not sent. */
const PATIENCE_MS = 5_000
const LOOK_EVERY_MS = 50

/** Text of the user that is not on the server. The field is empty when a record cannot be read. */
export interface Unsent {
  /** The record that it belongs to. */
  readonly resourceId: string
  /** Its wire name. */
  readonly field: string
  /** What the whole field would be. */
  readonly text: string
}

/** Whether everything was on the server; if not, what was not. */
export type LogoutAnswer = { readonly sent: true } | { readonly sent: false; readonly unsent: readonly Unsent[] }

/** A document that is open on this page. */
export interface Departing {
  readonly resourceId: string
  /** Reports whether what waits is on its way. */
  readonly sending: boolean
  readonly own: Own
  readonly known: Known
  end(): void
}

/**
 * Ends what the user has in this browser: waits until what can be sent is sent, then removes the user's store, with its
 * key. When something is left that only this browser has, it is returned instead, for the page to export, and nothing is
 * removed unless `discard` says so. It rejects when the store cannot be read or removed.
 */
export async function logout(vault: Vault | undefined, documents: readonly Departing[], discard: boolean): Promise<LogoutAnswer> {
  for (let waited = 0; waited < PATIENCE_MS && documents.some(({ sending }) => sending); waited += LOOK_EVERY_MS) {
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS))
  }
  const unsent = [...documents.flatMap(({ resourceId, own, known }) => unsentOf(resourceId, own, known)), ...(vault?.known ? await leftIn(vault, documents) : [])]
  if (unsent.length > 0 && !discard) return { sent: false, unsent }
  for (const document of documents) document.end()
  await vault?.clear()
  return unsent.length === 0 ? { sent: true } : { sent: false, unsent }
}

/** Returns what other pages of the user have left in the vault, dead or alive. */
async function leftIn(vault: Vault, documents: readonly Departing[]): Promise<Unsent[]> {
  const open = ([resource, tab]: Place): boolean => tab === vault.tab.id && documents.some(({ resourceId }) => resourceId === resource)
  const places = (await vault.places()).filter((place) => place[2] === 'own' && !open(place))
  const found = places.map(async (place): Promise<Unsent[]> => {
    const [resourceId, tab] = place
    const own = await vault.read(place, ownOf)
    if (own === undefined) return [{ resourceId, field: '', text: '' }]
    const known = await vault.read([resourceId, tab, 'known'], knownOf)
    return unsentOf(resourceId, own, known)
  })
  return (await Promise.all(found)).flat()
}

/** Returns every text that only this browser has, of one record. */
function unsentOf(resourceId: string, own: Own, known: Known | undefined): Unsent[] {
  const edited = ownText(docOf(known?.update, own.update), docOf(known?.update), own.fields)
  const loose = Object.entries(own.loose).map(([field, mine]) => ({ field, mine }))
  return [...edited, ...loose, ...own.drafts].map(({ field, mine }) => ({ resourceId, field, text: shown(mine) }))
}

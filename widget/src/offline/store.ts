/** The browser's store (G7): a part of the widget that is loaded beside the main script, before the first connection. */
export { Keeper } from './keeper.ts'
export { logout } from './logout.ts'
export { Vault } from './vault.ts'

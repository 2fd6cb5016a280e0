/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { k as init, l as instances } from './collab-sdk.part-253bf836.mjs';

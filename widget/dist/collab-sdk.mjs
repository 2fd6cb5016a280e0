/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { k as init, m as instances } from './collab-sdk.part-3b2949a2.mjs';

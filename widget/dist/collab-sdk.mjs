/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { k as init, m as instances } from './collab-sdk.part-08d147ee.mjs';

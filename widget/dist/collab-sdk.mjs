/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { i as init, a as instances } from './collab-sdk.part-b08dba4b.mjs';

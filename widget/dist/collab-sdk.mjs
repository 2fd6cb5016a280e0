/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { I as init, J as instances } from './collab-sdk.part-22a8c8db.mjs';

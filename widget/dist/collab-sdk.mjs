/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { F as init, G as instances } from './collab-sdk.part-f4694c0f.mjs';

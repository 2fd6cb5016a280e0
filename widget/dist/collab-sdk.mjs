/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { C as init, D as instances } from './collab-sdk.part-6d5169c1.mjs';

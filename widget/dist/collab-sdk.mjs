/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { N as init, P as instances } from './collab-sdk.part-fc9e7cdb.mjs';

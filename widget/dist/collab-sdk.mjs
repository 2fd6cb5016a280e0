/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { y as init, z as instances } from './collab-sdk.part-ac42a48b.mjs';

/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { y as init, z as instances } from './collab-sdk.part-d211a888.mjs';

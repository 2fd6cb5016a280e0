/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { F as init, G as instances } from './collab-sdk.part-fea0e327.mjs';

/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */

export { i as init, a as instances } from './collab-sdk.part-9614d063.mjs';

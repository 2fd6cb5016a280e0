/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT). */

export { i as init, a as instances } from './collab-sdk.part-23a6ecf3.mjs';

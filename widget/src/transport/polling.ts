import { Manager } from 'socket.io-client'
import { fieldsOf } from '../protocol.ts'
import { OPEN_TIMEOUT_MS } from './transport.ts'
import type { Authenticate, Ear, Endpoint, Transport } from './transport.ts'

/** Long polling by socket.io-client, which goes on to WebSocket when that opens after all (G7). */
export class PollingTransport implements Transport {
  #socket

  constructor({ origin, path }: Endpoint, auth: Authenticate, ear: Ear) {
    const options = { path, autoConnect: false, reconnection: false, timeout: OPEN_TIMEOUT_MS, transports: ['polling', 'websocket'] }
    this.#socket = new Manager(origin, options).socket('/', { auth: (use) => auth((credentials) => use({ ...credentials })) })
    this.#socket.on('connect', () => ear.connected())
    this.#socket.on('connect_error', (error) => ear.refused(fieldsOf(error)['data']))
    this.#socket.on('disconnect', (reason) => ear.ended(reason))
    this.#socket.onAny((event: string, ...values: unknown[]) => ear.heard(event, ...values))
  }

  connect(): void {
    this.#socket.connect()
  }

  emit(event: string, ...values: unknown[]): void {
    this.#socket.emit(event, ...values)
  }

  disconnect(): void {
    this.#socket.disconnect()
  }
}

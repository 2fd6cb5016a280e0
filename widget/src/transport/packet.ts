/** Packets of the Socket.IO protocol, version 5, as the messages of Engine.IO 4 carry them (C1). */
export const PACKET = { connect: 0, disconnect: 1, event: 2, ack: 3, connectError: 4, binaryEvent: 5, binaryAck: 6 } as const

/** A packet whose attachments may still be on their way: `wanted` is how many belong to it. */
export interface Packet {
  readonly type: number
  readonly id: number | undefined
  readonly wanted: number
  /** JSON, with placeholders where attachments belong. */
  readonly body: string
}

/** Returns the frames of an event: its text, then its attachments. `id` asks for an acknowledgement. */
export function encodeEvent(id: number | undefined, values: readonly unknown[]): [string, ...ArrayBufferView<ArrayBuffer>[]] {
  const attachments: ArrayBufferView<ArrayBuffer>[] = []
  const body = JSON.stringify(values, (_key, value: unknown) =>
    ArrayBuffer.isView(value)
      ? { _placeholder: true, num: attachments.push(value as ArrayBufferView<ArrayBuffer>) - 1 }
      : value,
  )
  const type = attachments.length > 0 ? `${PACKET.binaryEvent}${attachments.length}-` : `${PACKET.event}`
  return [`${type}${id ?? ''}${body}`, ...attachments]
}

/** Returns the packet of a text frame; undefined when it is none. The only namespace is the root. */
export function decode(frame: string): Packet | undefined {
  const [all, type, wanted, id] = /^([0-6])(?:(\d+)-)?(?:\/,)?(\d*)/.exec(frame) ?? []
  if (all === undefined) return undefined
  return { type: Number(type), id: id ? Number(id) : undefined, wanted: Number(wanted ?? 0), body: frame.slice(all.length) }
}

/** Returns what a packet says, with its attachments in their places. It throws when that is no JSON. */
export function contentOf({ body, wanted }: Packet, attachments: readonly ArrayBuffer[]): unknown {
  if (body === '') return undefined
  if (wanted === 0) return JSON.parse(body)
  return JSON.parse(body, (_key, value: { _placeholder?: unknown; num?: number } | null) =>
    value?._placeholder === true ? attachments[value.num ?? -1] : value,
  )
}

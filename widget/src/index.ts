/** The public surface of the widget: the global `CollabSDK` (G1). Everything else is internal. */
import { Handle } from './handle.ts'
import type { Options } from './options.ts'
import { settingsOf } from './options.ts'
import { openSocket } from './socket.ts'

export type { Handle } from './handle.ts'
export type { Options } from './options.ts'
export type { Status } from './status.ts'
export type { FieldInfo, WidgetEvents } from './widget.ts'

/** The widgets of this page that were started and not destroyed. */
export const instances: Handle[] = []

/**
 * Makes the page's fields collaborative. It throws a TypeError when an option is wrong; whatever goes wrong later is told
 * by `onError` and the event `error`, and never reaches the page as an exception.
 */
export function init(options: Options): Handle {
  const settings = settingsOf(options, document)
  const gone = (): unknown => instances.splice(instances.indexOf(handle), 1)
  const handle: Handle = new Handle(settings, document, openSocket, gone)
  instances.push(handle)
  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', () => handle.start(), { once: true })
  } else handle.start()
  return handle
}

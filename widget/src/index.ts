/** The public surface of the widget: the global `CollabSDK` (G1). Everything else is internal. */
import { Handle } from './handle.ts'
import type { Options } from './options.ts'
import { settingsOf } from './options.ts'
import { openSocket } from './socket.ts'

export type { Handle } from './handle.ts'
export type { LogoutAnswer, Unsent } from './offline/logout.ts'
export type { Options } from './options.ts'
export type { Status } from './status.ts'
export type { FieldInfo, WidgetEvents } from './widget.ts'

/** The widgets of this page that were started and not destroyed. */
export const instances: Handle[] = []

/** What each of them was asked to share; the empty string is the page's path. */
const resources = new Map<Handle, Options['resourceId']>()

/**
 * Makes the page's fields collaborative. It throws a TypeError when an option is wrong; whatever goes wrong later is told
 * by `onError` and the event `error`, and never reaches the page as an exception. A page whose resource has a widget
 * already gets that one, and `onError` the code `ALREADY_STARTED`: a second one would type everything twice.
 */
export function init(options: Options): Handle {
  const settings = settingsOf(options, document)
  const resource = options.resourceId ?? ''
  const running = instances.find((one) => resources.get(one) === resource)
  if (running !== undefined) {
    settings.onError({ code: 'ALREADY_STARTED', message: 'this page has a widget for the resource already' })
    return running
  }
  const start = (): void => handle.start()
  const handle: Handle = new Handle(settings, document, openSocket, () => {
    document.removeEventListener('DOMContentLoaded', start)
    resources.delete(handle)
    instances.splice(instances.indexOf(handle), 1)
  })
  instances.push(handle)
  resources.set(handle, resource)
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start, { once: true })
  else start()
  return handle
}

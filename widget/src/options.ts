import type { Locking } from './locks.ts'
import type { Mode } from './protocol.ts'

/** What a page gives to `CollabSDK.init` (G1). A wrong option is a TypeError that names it. */
export interface Options {
  /**
   * Where the gateway is: a `wss:`, `ws:`, `https:` or `http:` URL. Its path, when it has one, is that of the sockets;
   * `/ws/` by default. Required.
   */
  readonly gatewayUrl: string
  /** The user's token, a JWT. Required unless there is `getToken`. */
  readonly token?: string
  /**
   * Gives the user's token, at each connection and about 60 s before the last one expires. While it fails or takes its
   * time the widget waits and tries again, as for a gateway that is away. Preferred to `token`, which ends with its expiry.
   */
  readonly getToken?: () => string | Promise<string>
  /** `false`: only fields that match `include` or are under `[data-collab]`. Default `true`. */
  readonly autoDiscovery?: boolean
  /** `'opt-in'` is the same as `autoDiscovery: false`. Default `'auto'`. */
  readonly capture?: 'auto' | 'opt-in'
  /**
   * What people edit together, at most 512 bytes of UTF-8, or a function that gives it for an address and is asked again when
   * the address changes; undefined means that the page shows no record. Default `page:` and the path of the page, which it
   * then follows when a single-page application navigates.
   */
  readonly resourceId?: string | ((location: Location) => string | undefined)
  /** Kind of resource, such as `patient_record`: for the audit trail, at most 128 bytes. Default none. */
  readonly resourceType?: string
  /** What to ask for. Default: to edit, or to view when that is all the user may do. */
  readonly mode?: Mode
  /** CSS selectors of fields to take that would not be found. Never takes passwords and the like (G2). Default none. */
  readonly include?: string | readonly string[]
  /** CSS selectors of fields to leave alone. Default none; `[data-collab-ignore]` always is. */
  readonly exclude?: string | readonly string[]
  /** How locks come about. Default `'off'`. */
  readonly locking?: Locking
  /** `false`: nothing is shown. `panel` leaves the panel out, or has it begin open or minimised; by default the width decides. */
  readonly ui?: boolean | { readonly panel?: boolean | 'open' | 'minimised' }
  /** Language of what is shown, as a BCP 47 tag: Italian for `it…`, else English. Default the page's, then the browser's. */
  readonly locale?: string
  /** Is told of whatever goes wrong later: the same as the event `error`. Default: nothing is done. */
  readonly onError?: (error: { readonly code: string; readonly message: string }) => void
}

/** The options with every default filled in. */
export interface Settings {
  readonly gatewayUrl: string
  readonly token: () => string | Promise<string>
  readonly renewable: boolean
  readonly optIn: boolean
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly resourceId: string | ((location: Location) => string | undefined)
  readonly resourceType: string | undefined
  readonly mode: Mode | undefined
  readonly locking: Locking
  readonly ui: boolean
  readonly panel: 'open' | 'minimised' | 'auto' | 'none'
  readonly locale: string
  readonly onError: (error: { readonly code: string; readonly message: string }) => void
}

/** Checks the options and fills in the defaults. It throws a TypeError that names what is wrong: a page's own mistake. */
export function settingsOf(options: Options, page: Document): Settings {
  const { token, getToken } = options
  if (typeof options.gatewayUrl !== 'string' || options.gatewayUrl === '') wrong('gatewayUrl is missing')
  if (getToken === undefined && (typeof token !== 'string' || token === '')) wrong('token or getToken is missing')
  if (getToken !== undefined && typeof getToken !== 'function') wrong('getToken is not a function')
  const view = page.defaultView ?? window
  return {
    gatewayUrl: options.gatewayUrl,
    token: getToken ?? (() => token ?? ''),
    renewable: getToken !== undefined,
    optIn: options.autoDiscovery === false || oneOf('capture', options.capture ?? 'auto', ['auto', 'opt-in']) === 'opt-in',
    include: selectors('include', options.include, page),
    exclude: selectors('exclude', options.exclude, page),
    resourceId: resourceOf(options.resourceId),
    resourceType: options.resourceType,
    mode: options.mode && oneOf<Mode>('mode', options.mode, ['editor', 'viewer']),
    locking: oneOf('locking', options.locking ?? 'off', ['off', 'manual', 'focus']),
    ui: options.ui !== false,
    panel: panelOf(options.ui),
    locale: options.locale ?? (page.documentElement.lang || view.navigator.language),
    onError: options.onError ?? (() => undefined),
  }
}

function resourceOf(resourceId: Options['resourceId']): Settings['resourceId'] {
  if (resourceId === undefined) return ({ pathname }) => `page:${pathname}`
  if (typeof resourceId !== 'function' && (typeof resourceId !== 'string' || resourceId === '')) {
    wrong('resourceId is neither a text nor a function')
  }
  return resourceId
}

function panelOf(ui: Options['ui']): Settings['panel'] {
  const panel = typeof ui === 'object' ? ui.panel : ui
  if (panel === false) return 'none'
  return panel === 'open' || panel === 'minimised' ? panel : 'auto'
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) wrong(`${name} is "${value}", not one of ${allowed.join(', ')}`)
  return value
}

function selectors(name: string, value: string | readonly string[] | undefined, page: Document): readonly string[] {
  const list = value === undefined ? [] : typeof value === 'string' ? [value] : value
  for (const selector of list) {
    try {
      page.createDocumentFragment().querySelector(selector)
    } catch {
      wrong(`${name} has "${selector}", which is no selector`)
    }
  }
  return list
}

function wrong(what: string): never {
  throw new TypeError(`CollabSDK.init: ${what}`)
}

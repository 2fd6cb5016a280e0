import type { Locking } from './locks.ts'
import type { Mode } from './protocol.ts'

/** What a page gives to `CollabSDK.init` (G1). */
export interface Options {
  /** Where the gateway is: a wss, ws, https or http URL. */
  readonly gatewayUrl: string
  /** The user's token, or a function that gives a fresh one each time. */
  readonly token?: string
  readonly getToken?: () => string | Promise<string>
  /** False: only fields that match `include` or are under `[data-collab]`. */
  readonly autoDiscovery?: boolean
  /** `opt-in` is the same as `autoDiscovery: false`. */
  readonly capture?: 'auto' | 'opt-in'
  /**
   * What people edit together; by default the page's path. A function is asked again whenever the address changes;
   * undefined means that the page shows no record.
   */
  readonly resourceId?: string | ((location: Location) => string | undefined)
  readonly resourceType?: string
  /** Undefined asks to edit, and takes viewing when that is all the user may do. */
  readonly mode?: Mode
  /** Selectors of fields to take, and of fields to leave alone. */
  readonly include?: string | readonly string[]
  readonly exclude?: string | readonly string[]
  readonly locking?: Locking
  /** False: nothing is shown. The panel may be left out, or begin open or minimised. */
  readonly ui?: boolean | { readonly panel?: boolean | 'open' | 'minimised' }
  /** Language of the words shown; by default the page's, then the browser's. */
  readonly locale?: string
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

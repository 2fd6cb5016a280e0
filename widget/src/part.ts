/**
 * Loads parts of the widget that are rarely needed, as scripts beside the main one. It is no module of the widget: the
 * build puts it in front of the main script, and turns each `import()` of the sources into a call of `loadPart`.
 *
 * A part is fetched with its hash (SRI) and the page's nonce, and under Trusted Types through a policy named `corsia`, so
 * that it runs wherever the main script was allowed to run. A part that cannot be loaded is asked for again the next time.
 */

interface Policy {
  createScriptURL(file: string): string
}

interface PartScript extends HTMLScriptElement {
  /** What the part calls, with a function that makes its exports out of the main script's and those of other parts. */
  corsia: (make: (main: object, load: typeof loadPart) => object | Promise<object>) => void
}

/** What parts use of the main script; the build fills it in. */
export const host = {}

const own = document.currentScript as HTMLScriptElement | null
const base = own?.src
const { nonce } = own ?? {}
const loaded = new Map<string, Promise<object>>()
let policy: Policy | undefined

/** Returns the exports of a part, by the name of its file and its hash, with a blank between them. */
export function loadPart(name: string): Promise<object> {
  const part = loaded.get(name) ?? fetchPart(name)
  loaded.set(name, part)
  part.catch(() => loaded.delete(name))
  return part
}

function fetchPart(name: string): Promise<object> {
  const [file = '', integrity = ''] = name.split(' ')
  return new Promise((resolve, reject) => {
    const script = document.createElement('script') as PartScript
    script.corsia = (make) => resolve(make(host, loadPart))
    script.onload = script.onerror = () => {
      script.remove()
      reject(new Error(`CollabSDK: ${file} was not loaded`)) // without effect after corsia() was called
    }
    script.integrity = integrity
    script.crossOrigin = 'anonymous'
    if (nonce) script.nonce = nonce
    script.src = addressOf(file)
    document.head.append(script)
  })
}

/** The policy gives addresses beside the main script and nothing else. It is made when it is first needed. */
function addressOf(file: string): string {
  const rules = { createScriptURL: (name: string) => new URL(name, base).href }
  const { trustedTypes } = window as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }
  policy ??= trustedTypes?.createPolicy('corsia', rules) ?? rules
  return policy.createScriptURL(file)
}

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { modules, scripts } from '../bundle.mjs'

const sources = {
  'index.ts': `
    import { count } from './state.ts'
    export const instances: number[] = []
    export async function init(what: 'first' | 'second'): Promise<string> {
      count()
      const { say } = what === 'first' ? await import('./first.ts') : await import('./second.ts')
      return say()
    }`,
  'state.ts': 'let calls = 0\nexport const count = (): number => ++calls',
  'shared.ts': "import { count } from './state.ts'\nexport const _times = (): string => `${count()} times`",
  'first.ts': "import { _times } from './shared.ts'\nexport const say = (): string => 'first, ' + _times()",
  'second.ts': "import { _times } from './shared.ts'\nimport { count } from './state.ts'\nexport const say = (): string => 'second, ' + count() + ', ' + _times()",
}
let folder = ''
let files: Record<string, string> = {}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corsia-bundle-'))
  for (const [name, text] of Object.entries(sources)) await writeFile(join(folder, name), text)
  files = await scripts('sdk', true, join(folder, 'index.ts'))
})
after(() => rm(folder, { recursive: true, force: true }))

interface Script {
  src: string
  integrity: string
  crossOrigin: string
  nonce: string
  onload(): void
  onerror(): void
  remove(): void
}

/** A page that loads scripts as a browser does: a script whose hash is not the asked one does not run. */
function open({ serve = (name: string): string | undefined => files[name], trustedTypes = undefined as unknown } = {}) {
  const page = { asked: [] as Script[], left: 0, policies: [] as string[] }
  const document = {
    currentScript: { src: 'https://cdn.example/v1/sdk.min.js', nonce: 'abc' } as unknown,
    createElement: () => ({ remove: () => page.left-- }),
    head: {
      append(script: Script) {
        page.asked.push(script)
        page.left++
        setImmediate(() => {
          const text = serve(String(script.src).replace('https://cdn.example/v1/', ''))
          const hash = `sha384-${createHash('sha384').update(text ?? '').digest('base64')}`
          if (text === undefined || hash !== script.integrity) return script.onerror()
          document.currentScript = script
          runInContext(text, context)
          document.currentScript = null
          script.onload()
        })
      },
    },
  }
  const window = { trustedTypes }
  const context = createContext({ document, window, URL, setImmediate })
  runInContext(files['sdk.min.js'] ?? '', context)
  document.currentScript = null
  const sdk = runInContext('CollabSDK', context) as { init(what: string): Promise<string>; instances: unknown[] }
  return { ...page, page, sdk }
}

test('the global has what the sources export, and each part is a file of its own', () => {
  const { sdk } = open()
  assert.deepEqual(Object.keys(sdk).sort(), ['init', 'instances'])
  assert.equal(Object.keys(files).length, 4)
  for (const name of Object.keys(files)) assert.match(name, /^sdk(\.part-[0-9a-f]{8})?\.min\.js$/)
})

test('parts share what they have in common with the main script and with each other', async () => {
  const { sdk, page } = open()
  assert.equal(await sdk.init('first'), 'first, 2 times')
  assert.equal(await sdk.init('second'), 'second, 4, 5 times')
  assert.equal(await sdk.init('first'), 'first, 7 times')
  assert.equal(page.asked.length, 3)
  assert.equal(page.left, 0)
})

test('G8 a part is asked for with its hash, the nonce of the page and CORS', async () => {
  const { sdk, page } = open()
  await sdk.init('first')
  for (const { src, integrity, nonce, crossOrigin } of page.asked) {
    assert.match(src, /^https:\/\/cdn\.example\/v1\/sdk\.part-/)
    assert.match(integrity, /^sha384-/)
    assert.deepEqual([nonce, crossOrigin], ['abc', 'anonymous'])
  }
})

test('G8 under Trusted Types addresses come from the policy corsia, made once', async () => {
  const made: string[] = []
  const trustedTypes = {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }) {
      made.push(name)
      return { createScriptURL: (url: string) => Object.assign(Object(rules.createScriptURL(url)), { trusted: true }) }
    },
  }
  const { sdk, page } = open({ trustedTypes })
  await sdk.init('first')
  await sdk.init('second')
  assert.deepEqual(made, ['corsia'])
  for (const { src } of page.asked) assert.equal((src as unknown as { trusted: boolean }).trusted, true)
})

test('a part that is missing or not the right one is refused, and asked for again the next time', async () => {
  let serve = (_name: string): string | undefined => undefined
  const { sdk, page } = open({ serve: (name) => serve(name) })
  await assert.rejects(sdk.init('first'), /was not loaded/)
  serve = (name) => `${files[name]} `
  await assert.rejects(sdk.init('first'), /was not loaded/)
  assert.equal(page.left, 0)
  serve = (name) => files[name]
  assert.equal(await sdk.init('first'), 'first, 4 times')
})

test('a page that forbids the policy gets a refusal, not an exception', async () => {
  const { sdk } = open({ trustedTypes: { createPolicy: () => { throw new TypeError('forbidden') } } })
  await assert.rejects(sdk.init('first'), /forbidden/)
})

test('the ES module exports what the sources export, and nothing else', async () => {
  const built = await modules('sdk', join(folder, 'index.ts'))
  for (const [name, text] of Object.entries(built)) await writeFile(join(folder, name), text)
  const sdk = (await import(join(folder, 'sdk.mjs'))) as { init(what: string): Promise<string> }
  assert.deepEqual(Object.keys(sdk), ['init', 'instances'])
  assert.equal(await sdk.init('second'), 'second, 2, 3 times')
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// The package as npm packs it, in an application of somebody else.

const widget = resolve(fileURLToPath(import.meta.url), '../../../..')
const app = mkdtempSync(join(tmpdir(), 'corsia-app-'))
const run = (command: string, args: string[]): string => execFileSync(command, args, { cwd: app, encoding: 'utf8', stdio: 'pipe' })
let packed: string[] = []

before(() => {
  const [{ filename, files }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', app], { cwd: widget, encoding: 'utf8' })) as [{ filename: string; files: { path: string }[] }]
  packed = files.map(({ path }) => path)
  mkdirSync(join(app, 'src'))
  writeFileSync(join(app, 'package.json'), '{"name": "app", "private": true, "type": "module"}')
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`])
})
after(() => rmSync(app, { recursive: true, force: true }))

test('the package holds what it says and nothing of how it is made', () => {
  const manifest = JSON.parse(readFileSync(join(app, 'node_modules/collab-sdk/package.json'), 'utf8')) as Record<string, unknown>
  assert.equal(manifest['private'], undefined)
  assert.equal(manifest['dependencies'], undefined)
  for (const path of packed) assert.match(path, /^(package\.json|README\.md|dist\/collab-sdk\.(part-[0-9a-f]{8}\.)?(min\.js|js|mjs|d\.ts|licences\.txt))$/)
  for (const name of ['collab-sdk.js', 'collab-sdk.min.js', 'collab-sdk.mjs', 'collab-sdk.d.ts', 'collab-sdk.licences.txt']) {
    assert.ok(packed.includes(`dist/${name}`), name)
  }
  assert.deepEqual(readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.')), ['collab-sdk'])
})

const program = `
import { init, instances } from 'collab-sdk'
import type { FieldInfo, Handle, Options, Status, WidgetEvents } from 'collab-sdk'

const options: Options = { gatewayUrl: 'wss://gateway.example', getToken: async () => 'token', locking: 'focus', ui: { panel: 'minimised' } }
export const handle: Handle = init(options)
const stop: () => void = handle.on('status', ({ connection, save }: Status) => console.log(connection, save))
handle.on('fields', (fields: readonly FieldInfo[]) => fields.map(({ id }) => id.length))
handle.on('saved', ({ ms }: WidgetEvents['saved']) => ms.toFixed())
export const granted: Promise<boolean> = handle.lock('id-notes').then(({ ok }) => ok)
stop()
for (const one of instances) one.destroy()
// @ts-expect-error there is no such way of locking
init({ gatewayUrl: 'wss://x', token: 't', locking: 'always' })
// @ts-expect-error there is no such event
handle.on('nothing', () => undefined)
// @ts-expect-error this is internal
handle.start()
`

for (const [module, moduleResolution] of [['ESNext', 'Bundler'], ['NodeNext', 'NodeNext']] as const) {
  test(`TypeScript finds the types with moduleResolution ${moduleResolution}, and refuses what is wrong`, () => {
    const compilerOptions = { strict: true, noEmit: true, target: 'ES2022', lib: ['ES2022', 'DOM'], types: [], module, moduleResolution }
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
    writeFileSync(join(app, 'src/main.ts'), program)
    run(process.execPath, [join(widget, 'node_modules/typescript/bin/tsc'), '-p', '.'])
  })
}

test('a bundler takes it, and keeps rarely needed parts apart', async () => {
  const { outputFiles } = await build({ absWorkingDir: app, entryPoints: ['src/main.ts'], bundle: true, splitting: true, format: 'esm', outdir: 'out', write: false, minify: true, logLevel: 'silent' })
  assert.ok(outputFiles.length >= 2)
  assert.match(outputFiles.map(({ text }) => text).join(''), /gatewayUrl is missing/)
})

test('what does not use it does not carry it', async () => {
  const stdin = { contents: "import { init } from 'collab-sdk'\nconsole.log(1)", resolveDir: app }
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false, minify: true, logLevel: 'silent' })
  assert.ok((outputFiles[0]?.text.length ?? Infinity) < 100)
})

test('a server that renders pages may import it', () => {
  const got = run(process.execPath, ['-e', "import('collab-sdk').then((sdk) => console.log(Object.keys(sdk).join()))"])
  assert.equal(got.trim(), 'init,instances')
})

// Compiles the sources and the unit tests, file by file, and runs the tests. Arguments are names of test files.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = `${root}test/.out`
const wanted = process.argv.slice(2)
const sources = readdirSync(`${root}src`, { recursive: true }).map((name) => `src/${name}`)
const tests = readdirSync(`${root}test`).map((name) => `test/${name}`)
const isWanted = (name) => wanted.length === 0 || wanted.some((one) => name === `test/${one}.test.ts`)
rmSync(out, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: [...sources, ...tests].filter((name) => name.endsWith('.ts')),
  outdir: out,
  outbase: '.',
  outExtension: { '.js': '.mjs' },
  bundle: true, // for the sake of the plugin alone: every import stays one
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'error',
  plugins: [{ name: 'imports', setup: (to) => to.onResolve({ filter: /^\.{1,2}\// }, ({ path, kind }) => kind === 'entry-point' ? undefined : { path: compiled(path), external: true }) }],
})

/** Returns where a file ends up; what is no TypeScript stays where it is. */
function compiled(path) {
  return path.endsWith('.ts') ? path.replace(/\.ts$/, '.mjs') : `../../${path}`
}

const files = tests.filter((name) => name.endsWith('.test.ts') && isWanted(name)).map((name) => `${out}/${name.replace(/\.ts$/, '.mjs')}`)
const flags = ['--enable-source-maps', '--test', '--test-reporter=spec', '--test-timeout=120000']
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' })
process.exit(status ?? 1) // what was compiled stays: the coverage is counted from it

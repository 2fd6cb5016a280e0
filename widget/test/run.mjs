// Bundles the unit tests, so that Node runs them without a loader, and runs them. Arguments are names of test files.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const out = `${here}.out`
const wanted = process.argv.slice(2)
const files = readdirSync(here).filter((name) => name.endsWith('.test.ts') && (wanted.length === 0 || wanted.includes(name.slice(0, -8))))
rmSync(out, { recursive: true, force: true })
await build({
  entryPoints: files.map((name) => here + name),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  external: ['esbuild'],
  banner: { js: "import { createRequire as corsiaRequire } from 'node:module'; const require = corsiaRequire(import.meta.url);" },
  logLevel: 'error',
})
const tests = files.map((name) => `${out}/${name.replace(/\.ts$/, '.mjs')}`)
const flags = ['--enable-source-maps', '--test', '--test-reporter=spec', '--test-timeout=30000']
const { status } = spawnSync(process.execPath, [...flags, ...tests], { stdio: 'inherit' })
rmSync(out, { recursive: true, force: true })
process.exit(status ?? 1)

// Makes scripts and modules out of the sources: a main file, and a part for each dynamic import().
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import nodeResolve from '@rollup/plugin-node-resolve'
import { transform } from 'esbuild'
import { rollup } from 'rollup'
import { minify } from 'terser'
import { trim } from './trim.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const banner = '/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT). */\n'
const target = 'es2022'

const typescript = {
  name: 'typescript',
  transform: (code, id) => (id.endsWith('.ts') ? stripTypes(code) : null),
}

/** Reads the sources. What they import dynamically stays apart. */
function read(preserveEntrySignatures) {
  return rollup({
    preserveEntrySignatures,
    input: `${here}src/index.ts`,
    plugins: [trim, typescript, nodeResolve({ browser: true })],
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message)
    },
  })
}

/** Returns the ES module and its parts, by file name. */
export async function modules(name) {
  const bundle = await read('strict')
  const { output } = await bundle.generate({
    format: 'es',
    banner,
    entryFileNames: `${name}.mjs`,
    chunkFileNames: `${name}.part-[hash].mjs`,
    hashCharacters: 'hex',
  })
  return Object.fromEntries(output.map(({ fileName, code }) => [fileName, code]))
}

/**
 * Returns the script that defines the global CollabSDK, and its parts, by file name. The main script names each part by
 * its file and its hash, so that no other content can take its place (SRI).
 */
export async function scripts(name, minified) {
  const bundle = await read('allow-extension') // the parts import from the main file
  const { output } = await bundle.generate({
    format: 'es',
    entryFileNames: 'main',
    chunkFileNames: '[name]@part',
    plugins: [{ name: 'parts', renderDynamicImport: () => ({ left: 'loadPart(', right: ')' }) }],
  })
  const shrink = minified ? shrinker() : (code) => code
  const suffix = minified ? '.min.js' : '.js'
  const [main, ...parts] = output
  const loader = await stripTypes(await readFile(`${here}src/part.ts`, 'utf8'))
  let text = await shrink(mainScript(main.code, loader))
  const files = {}
  for (const { fileName, code } of parts) {
    const part = banner + (await shrink(partScript(code)))
    const file = `${name}.part-${createHash('sha256').update(part).digest('hex').slice(0, 8)}${suffix}`
    const place = new RegExp(`(["'\`])\\./${fileName}\\1`, 'g')
    if (!place.test(text)) throw new Error(`the main script does not load ${fileName}`)
    text = text.replace(place, `"${file} ${integrity(part)}"`)
    files[file] = part
  }
  return { [name + suffix]: banner + text, ...files }
}

/** Returns what a script element's `integrity` must be. */
export function integrity(code) {
  return `sha384-${createHash('sha384').update(code).digest('base64')}`
}

async function stripTypes(code) {
  return (await transform(code, { loader: 'ts', target })).code
}

/** The loader, then the sources. What is exported for the parts alone goes to the loader, the rest is CollabSDK. */
function mainScript(code, loader) {
  const { body, exports } = withoutExports(code)
  const isPublic = ([as]) => as.length > 1 // Rollup names what is for the parts alone by one letter
  return `var CollabSDK = (() => {
const { loadPart, host } = (() => {
${loader.replace(/^export /gm, '')}
return { loadPart, host } })()
${body}
Object.assign(host, ${object(exports.filter((one) => !isPublic(one)))})
return ${object(exports.filter(isPublic))}
})()`
}

/** What a part imports it gets from the main script, which waits for its call. */
function partScript(code) {
  const { body, exports } = withoutExports(code)
  const [all, names] = /^import \{([^}]*)\} from '\.\/main';$/m.exec(body) ?? ['', '']
  const rest = body.replace(all, '')
  if (/^(import|export) /m.test(rest)) throw new Error('a part imports more than the main script')
  const parameters = names.replaceAll(' as ', ': ')
  return `document.currentScript.corsia(({${parameters}}) => {${rest}\nreturn ${object(exports)} })`
}

/** Takes the export statement off; returns what it named, as pairs of outer and inner name. */
function withoutExports(code) {
  const [all, names] = /^export \{([^}]*)\};?$/m.exec(code)
  const exports = names.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim().split(' as ').reverse()]))
  return { body: code.replace(all, ''), exports: exports.map(([as, name = as]) => [as, name]) }
}

function object(pairs) {
  return `{${pairs.map(([as, name]) => `${as}: ${name}`).join(', ')}}`
}

/**
 * Returns what makes code small, the same way for all files that belong together. esbuild goes first because it alone
 * shortens private names.
 */
function shrinker() {
  // Names with an underscore are private to the libraries; of two that are not, one is React's, one is on the wire.
  const properties = { regex: /^_/, reserved: ['_placeholder', '_valueTracker'] }
  const compress = { ecma: 2022, passes: 3, unsafe_arrows: true }
  const nameCache = {}
  return async (code) => {
    const { code: shorter } = await transform(code, { minify: true, target, charset: 'utf8', legalComments: 'none' })
    return (await minify(shorter, { ecma: 2022, compress, mangle: { properties }, nameCache, format: { comments: false } })).code
  }
}

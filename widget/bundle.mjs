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
const sources = `${here}src/index.ts`
const banner = '/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */\n'
const target = 'es2022'

const typescript = {
  name: 'typescript',
  transform: (code, id) => (id.endsWith('.ts') ? stripTypes(code) : null),
}

// Properties that Yjs has for itself alone. A name that is no longer there costs nothing.
const OF_YJS = [
  ...['restEncoder', 'restDecoder', 'parentSub', 'rightOrigin', 'beforeState', 'afterState', 'deleteSet', 'clientStructs'],
  ...['countable', 'isCountable', 'currentAttributes', 'changedParentTypes', 'childListChanged', 'keysChanged', 'markDeleted'],
  ...['pendingStructs', 'pendingDs', 'currClient', 'lastId', 'integrate', 'mergeWith', 'getContent', 'getLength', 'getMissing', 'getRef'],
  ...['resetDsCurVal', 'filterSkips'],
  ...['Info', 'Len', 'Key', 'String', 'JSON', 'Buf', 'Client', 'TypeRef', 'ParentInfo', 'LeftID', 'RightID', 'DsClock', 'DsLen']
    .flatMap((what) => [`read${what}`, `write${what}`]),
]

/** Reads the sources. What they import dynamically stays apart. */
function read(input, preserveEntrySignatures) {
  return rollup({
    input,
    preserveEntrySignatures,
    plugins: [trim, typescript, nodeResolve({ browser: true })],
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message)
    },
  })
}

/** Returns the ES module and its parts, by file name. */
export async function modules(name, input = sources) {
  const bundle = await read(input, 'strict')
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
export async function scripts(name, minified, input = sources) {
  const bundle = await read(input, 'allow-extension') // the parts import from the main file
  let offered = []
  const { output } = await bundle.generate({
    format: 'es',
    entryFileNames: 'main',
    chunkFileNames: '[name]@part',
    plugins: [
      {
        name: 'parts',
        renderDynamicImport: () => ({ left: '$part(', right: ')' }),
        renderChunk(_code, { isEntry, facadeModuleId }) {
          if (isEntry) offered = this.getModuleInfo(facadeModuleId).exports
        },
      },
    ],
  })
  const shrink = minified ? shrinker() : (code) => code
  const suffix = minified ? '.min.js' : '.js'
  const [main, ...parts] = output
  const loader = await stripTypes(await readFile(`${here}src/part.ts`, 'utf8'))
  const text = await shrink(mainScript(main.code, loader, offered))
  const files = {}
  const named = new Map() // what stands for a part until its name is known, and that name
  const fill = (code) => [...named].reduce((filled, [place, by]) => filled.replace(place, by), code)
  for (const { fileName, code } of inOrder(parts)) {
    const part = banner + fill(await shrink(partScript(code)))
    const file = `${name}.part-${createHash('sha256').update(part).digest('hex').slice(0, 8)}${suffix}`
    named.set(new RegExp(`(["'\`])\\./${fileName}\\1`, 'g'), `"${file} ${integrity(part)}"`)
    files[file] = part
  }
  return { [name + suffix]: banner + fill(text), ...files }
}

/** Returns the parts so that each comes after those that it needs. */
function inOrder(parts) {
  const all = new Map(parts.map((part) => [part.fileName, part]))
  const done = new Set()
  const visit = (part, path) => {
    if (path.includes(part)) throw new Error(`parts that need each other: ${path.map(({ fileName }) => fileName)}`)
    for (const other of [...part.imports, ...part.dynamicImports]) if (all.has(other)) visit(all.get(other), [...path, part])
    done.add(part)
  }
  for (const part of parts) visit(part, [])
  return [...done]
}

/** Returns the licences of what is bundled, which must go with every copy. */
export async function licences() {
  const bundle = await read(sources, 'strict')
  const folders = bundle.watchFiles.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [])
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
    return `${name} ${version}\n\n${(await readFile(`${folder}/LICENSE`, 'utf8')).trim()}\n`
  })
  return `What Corsia CollabSDK contains of others.\n\n${(await Promise.all(texts)).join('\n---\n\n')}`
}

/** Returns what a script element's `integrity` must be. */
export function integrity(code) {
  return `sha384-${createHash('sha384').update(code).digest('base64')}`
}

async function stripTypes(code) {
  return (await transform(code, { loader: 'ts', target })).code
}

/** The loader, then the sources, which know it as `$part`. What they offer is CollabSDK, the other exports are the parts'. */
function mainScript(code, loader, offered) {
  const { body, exports } = withoutExports(code)
  const isPublic = ([as]) => offered.includes(as)
  return `var CollabSDK = (() => {
const { loadPart: $part, host } = (() => {
${loader.replace(/^export /gm, '')}
return { loadPart, host } })()
${body}
Object.assign(host, ${object(exports.filter((one) => !isPublic(one)))})
return ${object(exports.filter(isPublic))}
})()`
}

/** What a part imports it gets from the main script, which waits for its call, and from other parts. */
function partScript(code) {
  const { body, exports } = withoutExports(code)
  const imports = [...body.matchAll(/^import (?:\{([^}]*)\} from )?'(\.\/[^']+)';$/gm)]
  const lines = imports.map(([, names = '', from]) => {
    const source = from === './main' ? 'host' : `await $part('${from}')`
    return `const {${names.replaceAll(' as ', ': ')}} = ${source}`
  })
  const rest = imports.reduce((text, [all]) => text.replace(all, ''), body)
  if (/^(import|export) /m.test(rest)) throw new Error('a part imports in a way that the build does not know')
  const asynchronous = lines.some((line) => line.includes('await ')) ? 'async ' : ''
  return `document.currentScript.corsia(${asynchronous}(host, $part) => {${lines.join('\n')}\n${rest}\nreturn ${object(exports)} })`
}

/** Takes the export statement off; returns what it named, as pairs of outer and inner name. */
function withoutExports(code) {
  const [all, names] = /^export \{([^}]*)\};?$/m.exec(code) ?? ['', '']
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
  // Names with an underscore are private to the libraries; of two that are not, one is React's, one is on the wire. Of the
  // others, these are Yjs's own: no page, no wire and no source of the widget has them.
  const properties = { regex: new RegExp(`^(_.*|${OF_YJS.join('|')})$`), reserved: ['_placeholder', '_valueTracker'] }
  const compress = { ecma: 2022, passes: 3, unsafe_arrows: true }
  const nameCache = {}
  return async (code) => {
    const { code: shorter } = await transform(code, { minify: true, target, charset: 'utf8', legalComments: 'none' })
    return (await minify(shorter, { ecma: 2022, compress, mangle: { properties }, nameCache, format: { comments: false } })).code
  }
}

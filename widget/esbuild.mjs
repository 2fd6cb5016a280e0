// Builds dist/collab-sdk.js and dist/collab-sdk.min.js. With --check it builds to memory and fails when the files that
// are checked in are not what the sources give. Fails when the small one is larger than the limit (rule P).
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minify } from 'terser'
import { trim } from './trim.mjs'

const limit = 48 * 1024 // gzip, bytes
const here = fileURLToPath(new URL('.', import.meta.url))
const banner = '/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT). */\n'

async function bundle(minified) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ['src/index.ts'],
    bundle: true,
    write: false,
    minify: minified,
    format: 'iife',
    globalName: 'CollabSDK',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    plugins: [trim],
  })
  return result.outputFiles[0].text
}

/** Takes out what esbuild leaves; esbuild goes first because it alone shortens private names. */
async function small(text) {
  // Names with an underscore are private to the libraries; of two that are not, one is React's, one is on the wire.
  const props = { regex: /^_/, reserved: ['_placeholder', '_valueTracker'] }
  const compress = { ecma: 2022, passes: 3, unsafe_arrows: true }
  return (await minify(text, { ecma: 2022, compress, mangle: { properties: props }, format: { comments: false } })).code
}

const files = {
  'dist/collab-sdk.js': banner + (await bundle(false)),
  'dist/collab-sdk.min.js': banner + (await small(await bundle(true))),
}
if (process.argv.includes('--check')) {
  for (const [name, text] of Object.entries(files)) {
    const checkedIn = await readFile(here + name, 'utf8').catch(() => '')
    if (checkedIn === text) continue
    console.error(`${name} is not what the sources give: run "npm run build" and check it in`)
    process.exit(1)
  }
  console.log('dist/ is what the sources give')
} else {
  for (const [name, text] of Object.entries(files)) await writeFile(here + name, text)
}
const size = gzipSync(files['dist/collab-sdk.min.js'], { level: 9 }).length
console.log(`collab-sdk.min.js: ${size} bytes gzip, limit ${limit}`)
if (size > limit) {
  console.error('the widget is too large')
  process.exit(1)
}

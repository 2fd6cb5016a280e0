// Builds dist/collab-sdk.js and dist/collab-sdk.min.js. With --check it builds to memory and fails when the files that
// are checked in are not what the sources give. Fails when the small one is larger than the limit.
import { readFile, writeFile, mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const limit = 48 * 1024 // gzip, bytes
const here = fileURLToPath(new URL('.', import.meta.url))

// Parts of the libraries that the widget never uses: Yjs's log printer, and WebTransport, which the gateway has not.
const unused = {
  name: 'unused',
  setup(to) {
    to.onResolve({ filter: /^lib0\/logging$/ }, () => ({ path: 'logging', namespace: 'unused' }))
    to.onResolve({ filter: /webtransport\.js$/ }, () => ({ path: 'webtransport', namespace: 'unused' }))
    to.onLoad({ filter: /^logging$/, namespace: 'unused' }, () => ({
      contents: 'export const print=()=>{};export const warn=print,BOLD="",UNBOLD="",BLUE="",GREY="",RED="",ORANGE=""',
    }))
    to.onLoad({ filter: /^webtransport$/, namespace: 'unused' }, () => ({ contents: 'export class WT {}' }))
  },
}

async function bundle(minify) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: ['src/index.ts'],
    bundle: true,
    minify,
    write: false,
    format: 'iife',
    globalName: 'CollabSDK',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: { js: '/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT). */' },
    plugins: [unused],
  })
  return result.outputFiles[0].text
}

const files = { 'dist/collab-sdk.js': await bundle(false), 'dist/collab-sdk.min.js': await bundle(true) }
const size = gzipSync(files['dist/collab-sdk.min.js'], { level: 9 }).length
console.log(`collab-sdk.min.js: ${size} bytes gzip, limit ${limit}`)
if (process.argv.includes('--check')) {
  for (const [name, text] of Object.entries(files)) {
    const checkedIn = await readFile(here + name, 'utf8').catch(() => '')
    if (checkedIn === text) continue
    console.error(`${name} is not what the sources give: run "npm run build" and check it in`)
    process.exit(1)
  }
  console.log('dist/ is what the sources give')
} else {
  await mkdir(here + 'dist', { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(here + name, text)
}
if (size > limit) {
  console.error('the widget is too large')
  process.exit(1)
}

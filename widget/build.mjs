// Builds dist/: the script as it is and minified, the ES module, their parts, the types and the licences; and the API
// reference, docs/api.md. With --check it builds to memory and fails when the files that are checked in are not what the
// sources give. Fails when the script that every page loads is larger than the limit (rule P).
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { integrity, licences, modules, scripts } from './bundle.mjs'
import { declarationFile, declarations, reference } from './types.mjs'

const limit = 48 * 1024 // gzip, bytes
const dist = fileURLToPath(new URL('dist/', import.meta.url))
const name = 'collab-sdk'

const types = await declarations()
const files = {
  ...(await scripts(name, false)),
  ...(await scripts(name, true)),
  ...(await modules(name)),
  [`${name}.d.ts`]: declarationFile(types),
  [`${name}.licences.txt`]: await licences(),
  '../../docs/api.md': reference(types),
}
const there = await readdir(dist)
if (process.argv.includes('--check')) await check()
else {
  for (const file of there) if (!(file in files)) await rm(dist + file)
  for (const [file, text] of Object.entries(files)) await writeFile(dist + file, text)
}
for (const [file, text] of Object.entries(files)) {
  if (file.endsWith('.min.js')) console.log(`${file}  ${size(text)} bytes gzip  ${integrity(text)}`)
}
if (size(files[`${name}.min.js`]) > limit) {
  console.error(`the widget is too large: the limit is ${limit} bytes`)
  process.exit(1)
}

async function check() {
  const names = new Set([...there, ...Object.keys(files)])
  for (const file of names) {
    const checkedIn = await readFile(dist + file, 'utf8').catch(() => undefined)
    if (checkedIn === files[file]) continue
    console.error(`${join('widget/dist', file)} is not what the sources give: run "npm run build" and check it in`)
    process.exit(1)
  }
  console.log('dist/ and docs/api.md are what the sources give')
}

function size(text) {
  return gzipSync(text, { level: 9 }).length
}

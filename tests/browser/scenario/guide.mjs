// docs/integration.md: a stranger's first five minutes. Every block of the guide is taken out and run: keys, tokens in two
// languages, the two lines, the strict page, the hash, locks, events, logout; what needs a framework or npm is not run: its
// syntax is checked, but for TypeScript.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { becomes, equal, origin, restart, serve, typeAtEnd } from '../browser.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const guide = readFileSync(join(root, 'docs/integration.md'), 'utf8')
const blocks = new Map([...guide.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name, text]))
const folder = mkdtempSync(join(tmpdir(), 'corsia-guide-'))
const form = '<form><label>Notes <textarea id="notes">As it was</textarea></label></form>'

const ran = ['keys.sh', 'gateway.env', 'token.mjs', 'token.go', 'page.html', 'csp.txt', 'sri.sh', 'strict.html', 'locks.js', 'events.js', 'logout.js']
const checked = ['react.mjs', 'vue.mjs', 'npm.mjs']
const unchecked = ['angular.ts']

/** Runs a program in the reader's folder. */
const run = (command, ...args) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' })

/** Puts the test's own addresses in place of the example's. */
const here = (text, site, sri = '') => text
  .replaceAll('https://emr.hospital.example', site)
  .replaceAll('wss://gateway.hospital.example', origin.replace('http', 'ws'))
  .replaceAll('https://gateway.hospital.example', origin)
  .replaceAll('https://cdn.hospital.example', origin)
  .replaceAll('sha384-…', sri)

/** The token of the guide's Go, signed by a program of its own. */
function goToken() {
  const out = join(root, 'tests/browser/out/guide')
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'token.go'), blocks.get('token.go'))
  writeFileSync(join(out, 'main.go'), `package main

import (
	"fmt"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(text)
	if err != nil {
		panic(err)
	}
	token, err := collabToken(key, "usr_002", "Dr Luca Rossi", "physician")
	if err != nil {
		panic(err)
	}
	fmt.Print(token)
}
`)
  try {
    return execFileSync('go', ['run', '.', join(folder, 'corsia-private.pem')], { cwd: out, encoding: 'utf8' })
  } finally {
    rmSync(out, { recursive: true })
  }
}

export const strict = true

export default async function (stage) {
  stage.atEnd(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of blocks) writeFileSync(join(folder, name), text)
  const tokens = {}
  const pages = {}
  const site = await serve(stage, ({ pathname, search }) => {
    if (pathname === '/collab-token') return { body: tokens.current }
    const { html, headers } = pages[search] ?? { html: 'nothing' }
    return { headers: { 'content-type': 'text/html', ...headers }, body: `<!doctype html><html lang="en"><title>Ward</title>${form}${html}` }
  })

  equal([...blocks.keys()].sort(), [...ran, ...checked, ...unchecked].sort(), 'the blocks of the guide')
  run('sh', 'keys.sh')
  const names = Object.fromEntries(blocks.get('gateway.env').trim().split('\n').map((line) => line.split('=')))
  equal(Object.keys(names), ['JWT_KEYS', 'JWT_ISSUER', 'JWT_AUDIENCE', 'ALLOWED_ORIGINS'], 'the settings of the gateway')
  await restart({ ...names, JWT_KEYS: join(folder, names.JWT_KEYS), ALLOWED_ORIGINS: site })
  writeFileSync(join(folder, 'token.mjs'), blocks.get('token.mjs').replace("'corsia-private.pem'", JSON.stringify(join(folder, 'corsia-private.pem'))))
  const { collabToken } = await import(pathToFileURL(join(folder, 'token.mjs')).href)
  copyFileSync(join(root, 'widget/dist/collab-sdk.min.js'), join(folder, 'collab-sdk.min.js'))
  const sri = run('sh', 'sri.sh').trim()

  const policy = here(blocks.get('csp.txt'), site).replace('Content-Security-Policy: ', '').trim()
  pages['?plain'] = { html: here(blocks.get('page.html'), site) }
  pages['?strict'] = { html: here(blocks.get('strict.html'), site, sri), headers: { 'content-security-policy': policy } }
  const open = async (query, token) => {
    tokens.current = token
    const page = await stage.blank()
    page.on('console', (message) => message.type() === 'error' && stage.errors.push(message.text()))
    await page.goto(`${site}/patient/12345${query}`)
    await becomes(() => page.evaluate(() => CollabSDK.instances[0]?.status.connection), 'connected', `the page ${query}`, 20_000)
    return page
  }
  const anna = await open('?plain', collabToken({ id: 'usr_001', name: 'Giulia Conti', role: 'nurse' }))
  const luca = await open('?strict', goToken())
  await becomes(() => anna.evaluate(() => CollabSDK.instances[0].users.map(({ name }) => name).sort().join()), 'Dr Luca Rossi,Giulia Conti', 'who is there')

  const said = []
  anna.on('console', (message) => said.push(message.text()))
  await anna.evaluate((text) => (0, eval)(`{ const handle = CollabSDK.instances[0]; ${text} }`), blocks.get('events.js'))
  await anna.evaluate((text) => (0, eval)(`(async () => { const handle = CollabSDK.instances[0]; ${text} })()`), blocks.get('locks.js'))
  await typeAtEnd(luca, '#notes', ', and more')
  await becomes(() => anna.locator('#notes').inputValue(), 'As it was, and more', 'what the other typed')
  await becomes(async () => said.some((line) => line.includes('usr_002 wrote in id-notes')), true, 'what the events say')
  await typeAtEnd(anna, '#notes', '!')
  await becomes(async () => said.some((line) => /id-notes on the server's disk after .* ms/.test(line)), true, 'what the events say of saving')
  await becomes(() => luca.locator('#notes').inputValue(), 'As it was, and more!', 'what the first typed')

  const all = await anna.evaluate((text) => (0, eval)(`(async () => { const handle = CollabSDK.instances[0]; ${text}; return sent })()`), blocks.get('logout.js'))
  equal(all, true, 'everything was sent at logout')

  for (const name of checked) run(process.execPath, '--check', name)
  for (const [, name] of guide.matchAll(/\]\(((?:api|integration)\.md)/g)) readFileSync(join(root, 'docs', name))
}

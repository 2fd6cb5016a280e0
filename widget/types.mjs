// Makes one declaration file out of the public types, and the API reference out of that. What a page may use is what
// src/index.ts exports, and whatever those types mention.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('.', import.meta.url))
const header = '// Types of Corsia CollabSDK, made from its sources.\nexport as namespace CollabSDK\n'

/** Returns the public declarations: a list of {name, kind, doc, text}, those of index.ts first. */
export async function declarations() {
  const folder = await mkdtemp(join(tmpdir(), 'corsia-types-'))
  try {
    const options = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--stripInternal', '--outDir', folder, '--rootDir', here]
    await promisify(execFile)(process.execPath, [`${here}node_modules/typescript/bin/tsc`, ...options], { cwd: here })
    return await collect((file) => readFile(join(folder, 'src', file.replace(/\.ts$/, '.d.ts')), 'utf8'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function collect(read) {
  const modules = new Map()
  const load = async (file) => {
    if (!modules.has(file)) modules.set(file, parse(await read(file), file))
    return modules.get(file)
  }
  const index = await load('index.ts')
  const wanted = [...index.exported].map((name) => ['index.ts', name])
  const found = new Map()
  for (const [file, name] of wanted) {
    const module = await load(file)
    const own = module.own.get(name)
    const source = module.imported.get(name)
    if (own === undefined) {
      if (source !== undefined) wanted.push(source)
      continue // a name of the language or of the browser
    }
    if (found.get(name) === own) continue
    if (found.has(name)) throw new Error(`two public types are called ${name}`)
    if (own.kind === 'class' && !index.exported.has(name)) throw new Error(`the public types mention ${name}, which is internal`)
    found.set(name, own)
    for (const [mentioned] of bare(own.text).matchAll(/\b[A-Z]\w*\b/g)) wanted.push([file, mentioned])
  }
  return [...found.values()]
}

/** Splits a declaration file, as tsc writes it, into its statements. */
function parse(text, file) {
  const module = { own: new Map(), imported: new Map(), exported: new Set() }
  for (const statement of statements(text)) {
    const code = statement.text
    const [, names, from] = /^(?:import|export) (?:type )?\{([^}]*)\} from '([^']+)';$/.exec(code) ?? []
    if (names !== undefined) {
      for (const one of names.split(',')) {
        const [name, as = name] = one.trim().split(/ as /)
        module.imported.set(as, [relative(file, from), name])
        if (code.startsWith('export')) module.exported.add(as)
      }
      continue
    }
    const [, exported, kind, name] = /^(export )?(?:declare )?(?:abstract )?(interface|type|class|function|const) (\w+)/.exec(code) ?? []
    if (name === undefined) continue
    module.own.set(name, { ...statement, name, kind, text: `export ${code.replace(/^export /, '')}` })
    if (exported) module.exported.add(name)
  }
  return module
}

/** Yields statements with the comment before each. One ends where no bracket is open. */
function* statements(text) {
  let doc = ''
  let code = ''
  for (const line of text.split('\n')) {
    if (code === '' && /^(\/\*\*| \*)/.test(line)) {
      doc = line.startsWith('/**') ? line : `${doc}\n${line}`
      continue
    }
    code += code === '' ? line : `\n${line}`
    const plain = bare(code)
    const open = plain.split(/[{([]/).length - plain.split(/[})\]]/).length
    if (code === '' || open > 0 || !/[;}]$/.test(code)) continue
    yield { doc, text: code }
    doc = code = ''
  }
}

/** Returns code without its comments and strings. */
function bare(code) {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/'[^']*'/g, "''")
}

function relative(file, from) {
  return join(file, '..', from)
}

/** Returns the text of the declaration file. */
export function declarationFile(all) {
  return `${header}\n${all.map(({ doc, text }) => `${doc ? `${doc}\n` : ''}${text}\n`).join('\n')}`
}

/** Returns the API reference. Members without a comment are told of on the console. */
export function reference(all) {
  const links = new Set(all.map(({ name }) => name))
  const rows = (one) => members(one).map(({ name, type, doc }) => `| ${code(name)} | ${code(type)}${seeAlso(type, links)} | ${doc} |`)
  const section = (one) => {
    for (const { name, doc } of one.kind === 'interface' || one.kind === 'class' ? members(one) : []) {
      if (doc === '') console.warn(`${one.name}.${name} is public and has no comment`)
    }
    const lines = [`## ${one.name}`, '', ...(one.doc ? [prose(one.doc), ''] : [])]
    if (one.kind === 'interface' || one.kind === 'class') lines.push('| name | type | |', '|---|---|---|', ...rows(one))
    else lines.push('```ts', one.text.replace(/^export (declare )?/, ''), '```')
    return lines.join('\n')
  }
  return [
    '# API reference',
    '',
    'Made from the types in `widget/src` by `npm run build`: change the comments there. How to use it is in',
    '[integration.md](integration.md). `CollabSDK` is a global for pages with the script, and the exports of the npm package',
    '`collab-sdk` for pages with a bundler.',
    '',
    all.map(({ name }) => `[${name}](#${name.toLowerCase()})`).join(' · '),
    '',
    all.map(section).join('\n\n'),
    '',
  ].join('\n')
}

/** Returns the members of an interface or a class. */
function members({ text }) {
  const body = text.slice(text.indexOf('{') + 1, text.lastIndexOf('}')).replace(/^ {4}/gm, '')
  return [...statements(body.trimStart())].flatMap(({ doc, text: member }) => {
    const plain = member.replace(/;$/, '').replace(/\/\*[\s\S]*?\*\//g, '').replace(/\s+/g, ' ')
    const [, name, generic = '', type] = /^(?:readonly |get )*([\w#]+\??)(<[^>]*>)?(?:\(\))?(?:: |(?=\())(.*)$/.exec(plain) ?? []
    if (name === undefined || name.startsWith('#')) return []
    const method = plain.includes('(') && !plain.startsWith('get ') && !plain.startsWith(`${name}:`) && !plain.startsWith(`readonly ${name}:`)
    return [{ name: method ? `${name}()` : name, type: generic + type, doc: prose(doc) }]
  })
}

function prose(doc) {
  return doc
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/\n \* ?/g, '\n')
    .trim()
    .replace(/\n\n/g, '<br>')
    .replace(/\n/g, ' ')
    .replaceAll('|', '\\|')
}

function code(text) {
  return `\`${text.replaceAll('|', '\\|')}\``
}

function seeAlso(type, links) {
  const mentioned = new Set((bare(type).match(/\b[A-Z]\w*\b/g) ?? []).filter((name) => links.has(name)))
  return [...mentioned].map((name) => ` [↓](#${name.toLowerCase()} "${name}")`).join('')
}

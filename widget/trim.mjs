// Leaves out of the bundle what the libraries have and the widget never uses. Each replacement is checked: when a newer
// version of a library no longer has what is replaced, the build fails instead of shipping something half replaced.
import { fileURLToPath } from 'node:url'

// Whole modules, by the end of their path, and what stands in for them.
const here = fileURLToPath(new URL('.', import.meta.url))
const modules = [
  // Yjs's pretty printer. Yjs prints one warning with it; the widget notices that case by itself (rule D7).
  [/^lib0\/logging$/, 'export const print=()=>{},warn=print,BOLD="",UNBOLD="",RED="",ORANGE="",BLUE="",GREY=""'],
  // Reads command lines and cookies to find out whether Yjs is being developed.
  [/^lib0\/environment$/, 'export const getVariable=()=>null'],
  // The gateway speaks polling and WebSocket (rule C1).
  [/\/webtransport\.js$/, 'export class WT{}'],
  // URLs are parsed by the browser.
  [
    /\/contrib\/parseuri\.js$/,
    'export const parse=(url)=>{const u=new URL(url);return{source:url,protocol:u.protocol.slice(0,-1),host:u.hostname,' +
      'port:u.port,path:u.pathname,query:u.search.slice(1),queryKey:{}}}',
  ],
  // The connection decides by itself when to try again.
  [/\/contrib\/backo2\.js$/, 'export class Backoff{reset(){}setMin(){}setMax(){}setJitter(){}}'],
  // The manager is all that is used of it; the rest is a cache of managers and a parser of URLs.
  [/^socket\.io-client$/, `export { Manager } from "${here}node_modules/socket.io-client/build/esm/manager.js"`],
]

// Classes of Yjs, and what stands in for them.
const classes = {
  // Updates are of version 1 alone (rule D1); inside, Yjs keeps pending ones in version 2, which becomes 1 throughout.
  DSDecoderV2: 'const DSDecoderV2 = DSDecoderV1;',
  UpdateDecoderV2: 'const UpdateDecoderV2 = UpdateDecoderV1;',
  DSEncoderV2: 'const DSEncoderV2 = DSEncoderV1;',
  UpdateEncoderV2: 'const UpdateEncoderV2 = UpdateEncoderV1;',
  // Other editors of the same document may keep XML in it: it is carried through, but never read here.
  YXmlTreeWalker: '',
  YXmlEvent: '',
  YXmlFragment: `class YXmlFragment extends AbstractType {
    _copy () { return new YXmlFragment() }
    _write (encoder) { encoder.writeTypeRef(YXmlFragmentRefID) }
  }`,
  YXmlElement: `class YXmlElement extends YXmlFragment {
    constructor (nodeName) { super(); this.nodeName = nodeName }
    _copy () { return new YXmlElement(this.nodeName) }
    _write (encoder) { encoder.writeTypeRef(YXmlElementRefID); encoder.writeKey(this.nodeName) }
  }`,
  YXmlHook: `class YXmlHook extends YMap {
    constructor (hookName) { super(); this.hookName = hookName }
    _copy () { return new YXmlHook(this.hookName) }
    _write (encoder) { encoder.writeTypeRef(YXmlHookRefID); encoder.writeKey(this.hookName) }
  }`,
  YXmlText: `class YXmlText extends YText {
    _copy () { return new YXmlText() }
    _write (encoder) { encoder.writeTypeRef(YXmlTextRefID) }
  }`,
}

// Methods of Yjs's classes that nobody calls: neither Yjs itself nor the widget.
const methods = {
  Doc: ['load', 'getSubdocs', 'getSubdocGuids', 'getArray', 'getXmlElement', 'getXmlFragment', 'toJSON'],
  AbstractType: ['clone', 'observeDeep', 'unobserveDeep'],
  YArray: ['from', 'clone', 'push', 'unshift', 'delete', 'get', 'slice', 'toJSON', 'map', 'forEach', '[Symbol.iterator]'],
  YMap: ['clone', 'toJSON', 'size', 'values', 'entries', 'forEach', '[Symbol.iterator]', 'delete', 'clear'],
  YText: [
    ...['clone', 'toJSON', 'applyDelta', 'toDelta', 'insertEmbed', 'format'],
    ...['removeAttribute', 'setAttribute', 'getAttribute', 'getAttributes'],
  ],
  YEvent: ['keys', 'delta', 'changes'],
}

// Pieces of source that leave something behind on the page: they are taken out.
const pieces = {
  // A mark on the page's globals, and a complaint when the page has a Yjs of its own. No two Yjs ever meet here.
  '/yjs/dist/yjs.mjs': /^if \(glo\[importIdentifier\] === true\) \{[\s\S]*?^\}\nglo\[importIdentifier\] = true;\n/m,
  // Listeners for the life of the page. The connection hears of `offline` and `pagehide` by itself.
  '/engine.io-client/build/esm/socket.js': /^if \(withEventListeners\) \{[\s\S]*?^\}\n/m,
  '/engine.io-client/build/esm/transports/polling-xhr.js': /^if \(typeof document !== "undefined"\) \{[\s\S]*?^\}\n/m,
}

/** Returns a module's source without what is left out. */
function trimmed(code, id) {
  const end = Object.keys(pieces).find((path) => id.endsWith(path))
  if (end === undefined) return null
  if (!pieces[end].test(code)) throw new Error(`${end} has changed: see trim.mjs`)
  const rest = code.replace(pieces[end], '')
  return end.startsWith('/yjs/') ? trimYjs(rest) : rest
}

/** Returns Yjs's source without what is left out. */
export function trimYjs(source) {
  let text = source
  for (const [name, unused] of Object.entries(methods)) {
    const start = text.search(new RegExp(`^class ${name} `, 'm'))
    const end = text.indexOf('\n}\n', start)
    let body = text.slice(start, end)
    for (const method of unused) {
      const escaped = method.replace(/[[\].]/g, '\\$&')
      const whole = new RegExp(`\\n  (?:static |get )?${escaped} \\([^\\n]*\\) \\{\\n[\\s\\S]*?\\n  \\}(?=\\n|$)`)
      if (start < 0 || !whole.test(body)) throw new Error(`yjs has no ${name}.${method} any more: see trim.mjs`)
      body = body.replace(whole, '')
    }
    text = text.slice(0, start) + body + text.slice(end)
  }
  for (const [name, instead] of Object.entries(classes)) {
    const whole = new RegExp(`\\nclass ${name} (?:extends \\w+ )?\\{\\n[\\s\\S]*?\\n\\}\\n`)
    if (!whole.test(text)) throw new Error(`yjs has no class ${name} any more: see trim.mjs`)
    text = text.replace(whole, () => `\n${instead}\n`)
  }
  return text.replace(/^export \{.*$/m, (line) => line.replace(/ (YXmlEvent|YXmlTreeWalker)( as \w+)?,/g, ''))
}

/** The plugin of Rollup. */
export const trim = {
  name: 'trim',
  resolveId(path) {
    const index = modules.findIndex(([end]) => end.test(path))
    return index < 0 ? null : `\0trim:${index}`
  },
  load(id) {
    const [, index] = /^\0trim:(\d+)$/.exec(id) ?? []
    return index === undefined ? null : { code: modules[index][1], moduleSideEffects: false }
  },
  transform: trimmed,
}

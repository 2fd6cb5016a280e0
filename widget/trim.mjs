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
  // Other editors of the same document may keep lists, XML and documents in it: they are carried through, never read here.
  YArray: `class YArray extends AbstractType {
    _copy () { return new YArray() }
    _write (encoder) { encoder.writeTypeRef(YArrayRefID) }
  }`,
  ContentDoc: `class ContentDoc {
    constructor (guid, opts) { this.guid = guid; this.opts = opts }
    getLength () { return 1 }
    getContent () { return [null] }
    isCountable () { return true }
    copy () { return new ContentDoc(this.guid, this.opts) }
    splice () {}
    mergeWith () { return false }
    integrate () {}
    delete () {}
    gc () {}
    write (encoder) { encoder.writeString(this.guid); encoder.writeAny(this.opts) }
    getRef () { return 9 }
  }`,
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
  YMap: ['clone', 'toJSON', 'size', 'values', 'entries', 'forEach', '[Symbol.iterator]', 'delete', 'clear'],
  YText: [
    ...['clone', 'toJSON', 'applyDelta', 'toDelta', 'insertEmbed', 'format'],
    ...['removeAttribute', 'setAttribute', 'getAttribute', 'getAttributes'],
  ],
  YEvent: ['path', 'keys', 'delta', 'changes'],
  YTextEvent: ['changes'],
}

// Pieces of source that leave something behind on the page: they are taken out.
const pieces = {
  // A mark on the page's globals, and a complaint when the page has a Yjs of its own. No two Yjs ever meet here.
  '/yjs/dist/yjs.mjs': /^if \(glo\[importIdentifier\] === true\) \{[\s\S]*?^\}\nglo\[importIdentifier\] = true;\n/m,
  // Listeners for the life of the page. The connection hears of `offline` and `pagehide` by itself.
  '/engine.io-client/build/esm/socket.js': /^if \(withEventListeners\) \{[\s\S]*?^\}\n/m,
  '/engine.io-client/build/esm/transports/polling-xhr.js': /^if \(typeof document !== "undefined"\) \{[\s\S]*?^\}\n/m,
}

// What every browser has that the widget runs in is not looked for.
const taken = {
  '/lib0/encoding.js': [/^(export const writeVarString = ).*$/m, '$1_writeVarStringNative'],
  '/lib0/decoding.js': [/^(export const readVarString = ).*$/m, '$1_readVarStringNative'],
  '/lib0/string.js': [/^(export const encodeUtf8 = ).*$/m, '$1_encodeUtf8Native'],
}

/** Returns a module's source without what is left out. */
function trimmed(code, id) {
  const [, [choice, native] = []] = Object.entries(taken).find(([path]) => id.endsWith(path)) ?? []
  if (choice !== undefined) {
    if (!choice.test(code)) throw new Error(`${id} has changed: see trim.mjs`)
    return code.replace(choice, native)
  }
  const end = Object.keys(pieces).find((path) => id.endsWith(path))
  if (end === undefined) return null
  if (!pieces[end].test(code)) throw new Error(`${end} has changed: see trim.mjs`)
  const rest = code.replace(pieces[end], '')
  return end.startsWith('/yjs/') ? trimYjs(rest) : rest
}

// Pieces of Yjs, and what stands in for them. Text here is plain: the widget writes no formatting. What others write of it
// is carried through, and not tidied up, which Yjs does by edits of its own.
const replacements = [
  [/^ {2}get delta \(\) \{\n {4}if \(this\._delta === null\) \{\n {6}const y = [\s\S]*?\n {2}\}\n/m, `  get delta () {
    if (this._delta !== null) return this._delta
    const delta = this._delta = []
    const add = (kind, value) => {
      const last = delta[delta.length - 1]
      if (last !== undefined && typeof last[kind] === typeof value && typeof value !== 'object') last[kind] += value
      else delta.push({ [kind]: value })
    }
    for (let item = this.target._start; item !== null; item = item.right) {
      if (!item.content.isCountable()) continue
      if (this.adds(item)) {
        if (!this.deletes(item)) add('insert', item.content instanceof ContentString ? item.content.str : item.content.getContent()[0])
      } else if (this.deletes(item)) add('delete', item.length)
      else if (!item.deleted) add('retain', item.length)
    }
    if (delta.length > 0 && delta[delta.length - 1].retain !== undefined) delta.pop()
    return delta
  }
`],
  [/^const insertText = [\s\S]*?^\};\n/m, `const insertText = (transaction, parent, currPos, text, attributes) => {
  minimizeAttributeChanges(currPos, attributes)
  const { left, right, index } = currPos
  const { doc } = transaction
  if (parent._searchMarker) updateMarkerChanges(parent._searchMarker, index, text.length)
  const id = createID(doc.clientID, getState(doc.store, doc.clientID))
  new Item(id, left, left && left.lastId, right, right && right.id, parent, null, new ContentString(text)).integrate(transaction, 0)
};
`],
  [/^ {2}const startAttrs = map\.copy\(currPos\.currentAttributes\);\n {2}const start = currPos\.right;\n/m, ''],
  [/^ {2}if \(start\) \{\n {4}cleanupFormattingGap\([^\n]*\n {2}\}\n/m, ''],
  [/^ {10}if \(transaction\._needFormattingCleanup\) \{\n[^\n]*\n {10}\}\n/m, ''],
  [/^ {4}\/\/ If a remote change happened, we try[^\n]*\n[^\n]*\n[^\n]*\n {4}\}\n/m, ''],
  [/^ {6}if \(doc\._observers\.has\('updateV2'\)\) \{\n[\s\S]*?^ {6}\}\n/m, ''],
  [/^ {6}const \{ subdocsAdded, subdocsLoaded, subdocsRemoved \} = transaction;\n[\s\S]*?^ {6}\}\n/m, ''],
  [/^ {4}array\.from\(this\.subdocs\)\.forEach[\s\S]*?(?=^ {4}\/\/ @ts-ignore\n {4}this\.emit\('destroyed')/m, ''],
  // Nobody observes what is below a type, waits for a provider, or puts anything but plain values into a map.
  [/^ {8}transaction\.changedParentTypes\.forEach\([\s\S]*?^ {8}\}\);\n/m, ''],
  [/^ {4}this\.whenLoaded = [\s\S]*?^ {4}this\.whenSynced = provideSyncedPromise\(\);\n/m, ''],
  [/^ {2}let content;\n {2}if \(value == null\) \{\n {4}content = new ContentAny[\s\S]*?^ {2}\}\n(?= {2}new Item)/m, '  const content = new ContentAny([value]);\n'],
  [/^const readContentDoc = .*$/m, 'const readContentDoc = decoder => new ContentDoc(decoder.readString(), decoder.readAny());'],
  [/\{ guid = random\.uuidv4\(\), /, "{ guid = '', "],
  [/^const convertUpdateFormatV1ToV2 = .*$/m, 'const convertUpdateFormatV1ToV2 = update => update;'],
  [/^const convertUpdateFormatV2ToV1 = .*$/m, 'const convertUpdateFormatV2ToV1 = update => update;'],
]

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
  for (const [piece, instead] of replacements) {
    if (!piece.test(text)) throw new Error(`yjs has no ${piece} any more: see trim.mjs`)
    text = text.replace(piece, () => instead)
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

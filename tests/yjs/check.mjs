// node check.mjs HISTORIES RESULTS : compares what the engine made of histories with yjs; prints one line a difference
import fs from 'node:fs'
import readline from 'node:readline'
import * as Y from 'yjs'
import { contentOf, fromBase64, plainList, plainMap } from './content.mjs'

const lines = file => readline.createInterface({ input: fs.createReadStream(file) })

function load (...updates) {
  const doc = new Y.Doc()
  doc.on('afterTransaction', transaction => { transaction._needFormattingCleanup = false })
  updates.forEach(update => Y.applyUpdate(doc, fromBase64(update)))
  return doc
}

/** What a diff carries, however it is divided into structs. */
function carried (update) {
  const { structs, ds } = Y.decodeUpdate(fromBase64(update))
  const ranges = new Map()
  for (const s of structs) {
    const [from, to] = ranges.get(s.id.client) || [Infinity, 0]
    ranges.set(s.id.client, [Math.min(from, s.id.clock), Math.max(to, s.id.clock + s.length)])
  }
  const deletes = [...ds.clients].map(([client, list]) => [client, list.map(d => [d.clock, d.len])])
  const byClient = (a, b) => a[0] - b[0]
  return JSON.stringify([[...ranges].sort(byClient), deletes.sort(byClient)])
}

const clocks = sv => JSON.stringify([...Y.decodeStateVector(fromBase64(sv))].sort((a, b) => a[0] - b[0]))
const same = text => JSON.stringify(JSON.parse(text, (_, v) => v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => a < b ? -1 : 1)) : v))

/** The names of everything in which the engine's result differs from the history. */
function * differences (history, result) {
  const full = load(result.full)
  if (full.store.pendingStructs || full.store.pendingDs) yield 'the state is incomplete'
  if (contentOf(full) !== history.content) yield 'content'
  if (clocks(result.stateVector) !== clocks(history.stateVector)) yield 'state vector'
  if (!history.ambiguous) {
    if (contentOf(load(result.half, ...history.deliveries.slice(history.restart))) !== history.content) yield 'content after a restart'
    if (contentOf(load(result.merged)) !== history.content) yield 'content of merged updates'
  }
  for (const [i, diff] of history.diffs.entries()) {
    if (carried(result.diffs[i]) !== carried(diff)) yield 'diff of the document'
    if (carried(result.updateDiffs[i]) !== carried(diff)) yield 'diff of the update'
  }
  if (result.texts[0] !== history.texts[0] || result.texts[1] !== history.texts[1]) yield 'text'
  if (same(result.map) !== same(history.map)) yield 'map values'
  if (same(result.list) !== same(history.list)) yield 'array values'
  if (contentOf(load(result.planned)) !== history.causalContent) yield 'content through plans'
  if (contentOf(load(...result.reduced)) !== history.causalContent) yield 'content of what the plans left'
  for (const [i, fields] of history.observed.entries()) {
    const missed = fields.filter(field => !result.touched[i].includes(field))
    if (missed.length > 0) yield 'touches of update ' + i + ' miss ' + missed
  }
  const edited = load(history.full, ...result.edits)
  if (clocks(result.editedVector) !== JSON.stringify([...Y.decodeStateVector(Y.encodeStateVector(edited))].sort((a, b) => a[0] - b[0]))) yield 'state vector after edits'
  if (contentOf(edited) !== contentOf(load(result.edited))) yield 'content after edits'
  if (edited.getText('t0').toString() !== result.editedText) yield 'text after edits'
  if (same(plainMap(edited)) !== same(result.editedMap)) yield 'map after edits'
  if (same(plainList(edited)) !== same(result.list)) yield 'array after edits'
}

function compare (history, result) {
  if (result.error) return [result.error]
  try {
    return [...differences(history, result)]
  } catch (e) {
    return ['yjs throws: ' + e.message]
  }
}

let count = 0
let wrong = 0
const results = lines(process.argv[3])[Symbol.asyncIterator]()
for await (const line of lines(process.argv[2])) {
  const history = JSON.parse(line)
  const result = JSON.parse((await results.next()).value)
  count++
  const found = compare(history, result)
  if (found.length > 0) wrong++
  for (const difference of found) console.log(`seed ${history.seed}: ${difference}`)
}
console.log(`${count} histories, ${wrong} differ`)
process.exitCode = wrong > 0 || count === 0 ? 1 : 0

import * as Y from 'yjs'
import { contentOf, fieldOf, openRoots, plainList, plainMap, toBase64 } from './content.mjs'
import { Random } from './random.mjs'
import { Writer } from './writer.mjs'

const NETWORK = 'network'

/** Some clients that edit at the same time and hear of each other late. */
class Peers {
  constructor (random, writer) {
    this.random = random
    this.writer = writer
    this.log = [] // every update, in an order in which each has what it depends on
    this.stateVectors = []
    const gc = !random.chance(0.15)
    const undo = random.chance(0.4)
    this.peers = Array.from({ length: 1 + random.below(4) }, (_, i) => this.#peer(i, gc, undo))
  }

  #peer (i, gc, undo) {
    const doc = new Y.Doc({ gc })
    doc.clientID = this.random.chance(0.2) ? 1 + this.random.below(100) + i * 101 : this.random.below(4294967295)
    const roots = openRoots(doc)
    doc.on('update', (update, origin) => {
      if (origin === NETWORK) return
      this.log.push(update)
      this.peers.forEach((peer, j) => { if (j !== i) peer.inbox.push(update) })
    })
    return { doc, roots, inbox: [], undo: undo ? new Y.UndoManager([roots.t0, roots.m, roots.a], { captureTimeout: 0 }) : null }
  }

  step () {
    const r = this.random
    const peer = r.pick(this.peers)
    const kind = r.next()
    if (kind < 0.25 && peer.inbox.length) {
      for (let n = 1 + r.below(peer.inbox.length); n > 0; n--) {
        const at = r.chance(0.7) ? 0 : r.below(peer.inbox.length)
        Y.applyUpdate(peer.doc, peer.inbox.splice(at, 1)[0], NETWORK)
      }
    } else if (kind < 0.32 && peer.undo) {
      if (r.chance(0.6)) peer.undo.undo(); else peer.undo.redo()
    } else {
      peer.doc.transact(() => {
        for (let n = r.chance(0.7) ? 1 : 1 + r.below(5); n > 0; n--) this.writer.edit(peer.roots)
      }, 'local')
    }
    if (r.chance(0.1)) this.stateVectors.push(Y.encodeStateVector(peer.doc))
  }
}

/** The log as a bad network delivers it: out of order, twice, several at once. */
function disturb (random, log, state) {
  const mode = random.pick(['order', 'order', 'local', 'full', 'full'])
  let deliveries = log.slice()
  const swap = (i, j) => { [deliveries[i], deliveries[j]] = [deliveries[j], deliveries[i]] }
  if (mode === 'local') {
    for (let i = 0; i + 1 < deliveries.length; i++) if (random.chance(0.4)) swap(i, Math.min(deliveries.length - 1, i + 1 + random.below(4)))
  } else if (mode === 'full') {
    for (let i = deliveries.length - 1; i > 0; i--) swap(i, random.below(i + 1))
  }
  if (mode !== 'order' || random.chance(0.3)) {
    deliveries = deliveries.flatMap(update => random.chance(0.2) ? [update, random.pick(deliveries)] : [update])
  }
  mergeSome(random, deliveries)
  if (random.chance(0.2)) deliveries.splice(random.below(deliveries.length + 1), 0, state)
  return deliveries
}

function mergeSome (random, updates) {
  if (!random.chance(0.3) || updates.length <= 4) return
  const n = 2 + random.below(3)
  const at = random.below(updates.length - n)
  updates.splice(at, n, Y.mergeUpdates(updates.slice(at, at + n)))
}

/** The log in causal order, with repetitions and merged neighbours. */
function causal (random, log) {
  const updates = log.flatMap((update, i) => random.chance(0.1) ? [update, log[random.below(i + 1)]] : [update])
  mergeSome(random, updates)
  return updates
}

/** A document that only receives. It must not tidy formats as an editor would. */
function receiver () {
  const doc = new Y.Doc()
  doc.clientID = 7
  doc.on('afterTransaction', transaction => { transaction._needFormattingCleanup = false })
  return doc
}

/** What a reader sees who loads the updates, in this order. */
function contentAfter (updates) {
  const doc = receiver()
  updates.forEach(update => Y.applyUpdate(doc, update, NETWORK))
  const reader = receiver()
  Y.applyUpdate(reader, Y.encodeStateAsUpdate(doc))
  return contentOf(reader)
}

/** Applies updates and tells for each which fields yjs saw change. */
function observe (updates) {
  const doc = receiver()
  openRoots(doc)
  const observed = []
  doc.on('afterTransaction', transaction => {
    const fields = new Set()
    for (const [type, keys] of transaction.changed) for (const key of keys) fields.add(fieldOf(type, key))
    observed.push([...fields])
  })
  return updates.map(update => {
    observed.length = 0
    Y.applyUpdate(doc, update, NETWORK)
    return observed.flat()
  })
}

/** Makes one random history together with everything that yjs makes of it. */
export function makeHistory (seed, { steps = 90, textOnly = false, plain = false } = {}) {
  const random = new Random(seed)
  const surrogates = random.chance(0.1)
  const peers = new Peers(random, new Writer(random, { surrogates, textOnly, plain }))
  for (let n = 10 + random.below(steps); n > 0; n--) peers.step()
  const deliveries = disturb(random, peers.log, Y.encodeStateAsUpdate(random.pick(peers.peers).doc))
  const restart = Math.floor(deliveries.length * (0.3 + random.next() * 0.5))
  const server = receiver()
  deliveries.slice(0, restart).forEach(update => Y.applyUpdate(server, update, NETWORK))
  const half = Y.encodeStateVector(server)
  const halfState = Y.encodeStateAsUpdate(server)
  deliveries.slice(restart).forEach(update => Y.applyUpdate(server, update, NETWORK))
  if (server.store.pendingStructs || server.store.pendingDs) throw new Error('yjs waits for something in seed ' + seed)
  const full = Y.encodeStateAsUpdate(server)
  const reader = receiver()
  Y.applyUpdate(reader, full)
  const updates = causal(random, peers.log)
  const content = contentOf(reader)
  const causalContent = contentAfter(updates)
  // Where a surrogate pair was cut apart, what yjs itself comes to depends on the order of delivery.
  const ambiguous = [causalContent, contentAfter([halfState, ...deliveries.slice(restart)]), contentAfter([Y.mergeUpdates(deliveries)])]
    .some(other => other !== content)
  if (ambiguous && !surrogates) throw new Error('yjs disagrees with itself in seed ' + seed)
  const stateVectors = [...peers.stateVectors.slice(-3), half, Y.encodeStateVector(new Y.Doc())]
  return {
    seed,
    surrogates,
    deliveries: deliveries.map(toBase64),
    restart,
    causal: updates.map(toBase64),
    observed: observe(updates),
    full: toBase64(full),
    stateVector: toBase64(Y.encodeStateVector(server)),
    stateVectors: stateVectors.map(toBase64),
    diffs: stateVectors.map(sv => toBase64(Y.encodeStateAsUpdate(server, sv))),
    content,
    causalContent,
    ambiguous,
    texts: [reader.getText('t0').toString(), reader.getText('t1').toString()],
    map: plainMap(reader),
    list: plainList(reader)
  }
}

// Writers and watchers for the test that kills the gateway. Go says what happens to the gateway and reads its store; this
// script judges: what was acknowledged or shown must be in the journal and in the document that a newcomer loads.
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { contentOf, Ledger } from './lib/ledger.mjs'
import { generator } from './lib/random.mjs'
import { pause } from './lib/suite.mjs'
import { makeToken } from './lib/token.mjs'
import { load, Watcher, Writer } from './lib/writer.mjs'

const { url, key, seed, rooms, writers } = JSON.parse(process.argv[2])
const token = user => makeToken(key, { userId: user, name: user })

const ledger = new Ledger()
const people = [
  ...Array.from({ length: writers }, (_, i) => new Writer({
    url, ledger, name: String(i), token: token(`usr_${i}`), room: rooms[i % rooms.length], random: generator(seed + i),
    resend: i % 2 ? 'each' : 'all',
  })),
  ...rooms.map(room => new Watcher({ url, ledger, room, token: token('usr_watcher') })),
]
const authors = people.filter(p => p instanceof Writer)
const unacked = () => authors.reduce((n, w) => n + w.unacked.length, 0)

/** What the store has, decoded by npm yjs. */
const journal = new Map(rooms.map(room => [room, { doc: new Y.Doc(), rows: [], revision: 1 }]))

let up = false
let lives = []

/** The gateway is up: everybody comes. */
function go() {
  up = true
  lives = people.map(p => p.live(() => up))
  return {}
}

/** The gateway is dead: what the clients still read is part of what they were told. */
async function killed({ journal: read }) {
  up = false
  const underWay = unacked()
  await Promise.race([Promise.all(lives), pause(10_000).then(() => { throw new Error(`sockets outlive the gateway: ${people.map(p => p.phase).filter(Boolean).join(', ')}`) })])
  const wrong = judgeStore(read)
  for (const w of authors) {
    wrong.push(...w.trouble.splice(0))
    w.offline()
  }
  return { wrong, underWay }
}

function judgeStore(read, all = false) {
  const wrong = []
  for (const room of rooms) {
    const known = journal.get(room)
    for (const row of read[room].rows) {
      known.rows.push(Buffer.from(row, 'base64'))
      Y.applyUpdate(known.doc, known.rows.at(-1))
      known.revision++
    }
    if (known.doc.store.pendingStructs || known.doc.store.pendingDs) wrong.push(`journal: ${room} is not causally complete`)
    wrong.push(...ledger.judge(room, known.doc, 'journal', all))
    const opened = new Y.Doc()
    if (read[room].state) Y.applyUpdate(opened, Buffer.from(read[room].state, 'base64'))
    for (const row of known.rows.slice(Math.max(read[room].stateRevision - 1, 0))) Y.applyUpdate(opened, row)
    compare(wrong, `state and later journal of ${room}`, opened, known.doc)
  }
  return wrong
}

function compare(wrong, what, got, want) {
  if (JSON.stringify(contentOf(got)) !== JSON.stringify(contentOf(want))) wrong.push(`${what} differs from the journal`)
}

/** The gateway is up again and nobody has written: newcomers get exactly what the journal holds. */
async function restarted({ all = false }) {
  const wrong = []
  await Promise.all(rooms.map(async room => {
    const { doc, revision } = await load(url, token('usr_newcomer'), room)
    const known = journal.get(room)
    wrong.push(...ledger.judge(room, doc, 'newcomer', all))
    compare(wrong, `what a newcomer gets of ${room}`, doc, known.doc)
    if (known.rows.length > 0 && revision !== known.revision) wrong.push(`newcomer: ${room} is at revision ${revision}, the journal at ${known.revision}`)
  }))
  return { wrong }
}

/** Nobody types any more: everything gets acknowledged and everybody sees the same. */
async function settle() {
  for (const w of authors) w.typing = false
  const deadline = Date.now() + 20_000
  while (unacked() > 0 && Date.now() < deadline) await pause(20)
  await pause(200) // what was delivered to others may be on its way
  const wrong = authors.flatMap(w => w.trouble)
  if (unacked() > 0) wrong.push(`${unacked()} edits were never acknowledged`)
  for (const w of authors) {
    const first = authors.find(other => other.room === w.room)
    if (JSON.stringify(contentOf(w.doc)) !== JSON.stringify(contentOf(first.doc))) wrong.push(`writers ${first.name} and ${w.name} of ${w.room} differ`)
  }
  return { wrong }
}

const commands = { go, killed, restarted, settle, final: ({ journal: read }) => ({ wrong: judgeStore(read, true) }) }

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let answer
  try {
    answer = await commands[command.do](command)
  } catch (e) {
    answer = { wrong: [String(e.stack ?? e)] }
  }
  process.stdout.write(JSON.stringify({ wrong: [], ...answer, acknowledged: ledger.acknowledged, shown: ledger.shown }) + '\n')
}
process.exit(0)

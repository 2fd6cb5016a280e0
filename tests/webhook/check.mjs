// What the npm packages that senders use say and make: one JSON request a line comes in, one answer a line goes out.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(import.meta.url)
const standard = require('standardwebhooks')
const svix = require('svix')
const { Fhir } = require('fhir')
const hl7 = require('simple-hl7')

const clock = Date.now
console.log = console.error // standard output is for Go

// at runs something at a time, in seconds.
function at(seconds, run) {
  Date.now = () => seconds * 1000
  try {
    return run()
  } finally {
    Date.now = clock
  }
}

// verdict says whether a package takes a request. What it says of the body's JSON does not count.
function verdict(Webhook, q) {
  try {
    at(q.now, () => new Webhook(q.secret).verify(Buffer.from(q.body, 'base64'), q.headers))
    return true
  } catch (e) {
    if (e instanceof SyntaxError) return true
    if (e.name === 'WebhookVerificationError' || e instanceof standard.WebhookVerificationError || e instanceof svix.WebhookVerificationError) return false
    throw e
  }
}

const sign = (Webhook, q) => new Webhook(q.secret).sign(q.id, new Date(q.now * 1000), Buffer.from(q.body, 'base64'))

const work = {
  verify: (all) => all.map((q) => ({ standard: verdict(standard.Webhook, q), svix: verdict(svix.Webhook, q) })),
  sign: (all) => all.map((q) => ({ standard: sign(standard.Webhook, q), svix: sign(svix.Webhook, q) })),
  // Whether a notification is a valid FHIR R4 Bundle.
  fhir: (all) => all.map((text) => {
    const resource = JSON.parse(text)
    const { valid, messages } = new Fhir().validate(resource)
    return { valid, messages: messages.filter((m) => m.severity === 'error' || m.severity === 'fatal') }
  }),
  // Messages that the library builds.
  build: (all) => all.map((q) => {
    const m = new hl7.Message(...q.header)
    for (const [name, ...fields] of q.segments) m.addSegment(name, ...fields)
    return m.toString()
  }),
  // What the library reads of an acknowledgement.
  parse: (all) => all.map((text) => {
    const m = new hl7.Parser().parse(text)
    const msa = m.getSegment('MSA')
    return { type: String(m.header.getComponent(7, 1)), version: String(m.header.getField(10)), id: String(m.header.getField(8)), code: String(msa.getField(1)), control: String(msa.getField(2)) }
  }),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { what, all } = JSON.parse(line)
  let answer
  try {
    answer = { all: work[what](all) }
  } catch (e) {
    answer = { error: String(e.stack ?? e) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}

// node generate.mjs FIRST_SEED COUNT OUT [--steps N] [--text] : writes one history a line
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { makeHistory } from './history.mjs'

const { values, positionals: [first, count, out] } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: 'string', default: '90' }, text: { type: 'boolean', default: false } }
})
console.log = () => {} // yjs speaks of colliding client ids there
const file = fs.openSync(out, 'w')
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  fs.writeSync(file, JSON.stringify(makeHistory(seed, { steps: Number(values.steps), textOnly: values.text })) + '\n')
}

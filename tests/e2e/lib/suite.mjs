// Owns how a script of tests talks to Go: one line of JSON for the end of each test, a last one with what it reports.
import process from 'node:process'

console.log = console.error // standard output is for Go, and yjs likes to say things there

/** What Go passes: the gateway's address, the file of its private key, the mark of text that no log may show. */
export const { url, key, marker, args } = JSON.parse(process.argv[2])

const usualTimeout = 30_000 // ms
const tests = []
const reported = {}
const cleanups = []

/** Adds a test. Its name is a sentence that cites the rules. */
export function test(name, run, timeout = usualTimeout) { tests.push({ name, run, timeout }) }

/** Tells Go something that it checks after all tests. */
export function report(name, value) { reported[name] = value }

/** Runs something when the test that is under way has ended. */
export function afterwards(run) { cleanups.push(run) }

/** Runs the tests one after the other, and ends the process. */
export async function main() {
  for (const { name, run, timeout } of tests) {
    const start = performance.now()
    let error = ''
    let timer
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${timeout} ms`)), timeout)
    })
    try {
      await Promise.race([run(), late])
    } catch (e) {
      error = String(e?.stack ?? e)
    }
    clearTimeout(timer)
    for (const clean of cleanups.splice(0)) clean()
    print({ test: name, error, ms: performance.now() - start })
  }
  print({ done: true, result: reported })
  process.exit(0)
}

/** Waits. */
export const pause = ms => new Promise(done => setTimeout(done, ms))

/** Waits until a condition holds. */
export async function until(what, holds, within = 10_000) {
  const deadline = performance.now() + within
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`after ${within} ms there is still no ${what}`)
    await pause(5)
  }
}

function print(line) { process.stdout.write(JSON.stringify(line) + '\n') }

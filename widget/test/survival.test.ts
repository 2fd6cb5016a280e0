import './dom.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Browser, Page, rest } from './browser.ts'
import { FakeGateway } from './gateway.ts'

type Step = 'type' | 'offline' | 'online' | 'silent' | 'mute' | 'foreign' | 'close' | 'kill' | 'open' | 'rest' | 'theirs'

const step = fc.tuple(
  fc.constantFrom<Step>('type', 'type', 'type', 'type', 'offline', 'online', 'silent', 'mute', 'foreign', 'close', 'kill', 'open', 'rest', 'rest', 'theirs'),
  fc.nat(1),
)

/** A word that was typed: sure when the page said that it was kept, or when the page lived on. */
interface Word {
  readonly text: string
  readonly page: Page
  safe: boolean
}

class World {
  browser = new Browser()
  gateway = new FakeGateway()
  pages: (Page | undefined)[] = [undefined, undefined]
  words: Word[] = []
  count = 0

  async run(what: Step, which: number): Promise<void> {
    const page = this.pages[which]
    if (what === 'open') return page === undefined ? this.open(which) : undefined
    if (what === 'rest') return rest()
    if (what === 'theirs') return this.gateway.write('g', `theirs ${++this.count}`)
    if (page === undefined) return
    if (what === 'type') this.type(page)
    if (what === 'offline') page.socket.fail()
    if (what === 'online') this.online(page)
    if (what === 'silent') this.gateway.silent = !this.gateway.silent
    if (what === 'mute') this.gateway.mute = !this.gateway.mute
    if (what === 'foreign') this.gateway.refuse('Y_UPDATE', { code: 'FOREIGN_CLIENT' })
    if (what === 'close' || what === 'kill') {
      this.look()
      this.pages[which] = undefined
      if (what === 'kill') page.kill()
      else await page.close()
      this.words = this.words.filter((word) => word.safe || word.page !== page)
    }
    this.look()
  }

  /** What a page says about itself must be true: of what it calls kept, nothing may be lost later. */
  look(): void {
    for (const page of this.pages) {
      if (page === undefined || !(page.document.stored || page.document.outbox.edits === 0)) continue
      for (const word of this.words) if (word.page === page) word.safe = true
    }
  }

  async open(which: number): Promise<void> {
    this.pages[which] = new Page(this.browser, this.gateway)
    await rest()
  }

  online(page: Page): void {
    page.connection.tryNow()
    if (page.connection.state.name === 'connecting') page.socket.greet()
  }

  type(page: Page): void {
    const text = `<${++this.count}>`
    if (page.write('f', page.text('f') + text)) this.words.push({ text, page, safe: false })
  }

  async settle(): Promise<void> {
    this.gateway.silent = this.gateway.mute = false
    this.gateway.next.clear()
    await rest()
    for (const which of [0, 1]) if (this.pages[which] === undefined) await this.open(which)
    for (let round = 0; round < 3; round++) {
      for (const page of this.pages) if (page !== undefined) {
        page.socket.fail()
        this.online(page)
      }
      await rest(30)
    }
  }
}

test('G6 G7 whatever happens, what was called kept is there in the end, once, and the same for all', async () => {
  const steps = fc.array(step, { minLength: 5, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const world = new World()
      await world.open(0)
      world.online(world.pages[0] as Page)
      for (const [what, which] of all) await world.run(what, which)
      await world.settle()
      const text = world.gateway.text('f')
      for (const word of world.words) {
        const times = text.split(word.text).length - 1
        assert.ok(times === 1 || (times === 0 && !word.safe && !world.pages.includes(word.page)), `${word.text} is there ${times} times in ${text}`)
      }
      for (let number = 1; number <= world.count; number++) assert.ok(text.split(`<${number}>`).length <= 2, `<${number}> is doubled in ${text}`)
      for (const page of world.pages) {
        assert.equal(page?.text('f'), text)
        assert.equal(page?.document.outbox.edits, 0)
        await page?.close()
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 12) },
  )
})

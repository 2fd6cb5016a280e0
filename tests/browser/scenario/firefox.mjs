// Firefox, over WebDriver BiDi: two pages type in one record, choose, lock and see each other; a reload shows it again.
// WebKit is not to be had on Debian: nothing but standard interfaces is used, and no browser is asked for its name.
import { mkdirSync } from 'node:fs'
import puppeteer from 'puppeteer-core'
import { anna, becomes, equal, luca, origin } from '../browser.mjs'

const { FIREFOX = '/usr/bin/firefox-esr', OUT = 'out' } = process.env

export default async function (stage) {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, timeout: 120_000 })
  stage.atEnd(() => browser.close())
  const open = async (person) => {
    const page = await browser.newPage()
    page.on('pageerror', (error) => stage.errors.push(`${person.name}: ${error.stack ?? error}`))
    page.on('console', (message) => message.type() === 'error' && stage.errors.push(`${person.name}: ${message.text()}`))
    await page.setViewport({ width: 1440, height: 1000 })
    await page.goto(`${origin}/demo/?${new URLSearchParams({ ...person, locking: 'manual' })}`)
    await synced(page)
    return page
  }
  const synced = (page) => becomes(() => page.evaluate(() => {
    const { connection, save } = globalThis.CollabSDK?.instances[0]?.status ?? {}
    return `${connection} ${save}`
  }), 'connected server', 'the status', 30_000)
  const value = (page, selector) => page.$eval(selector, (field) => field.value ?? field.textContent)
  const type = async (page, selector, text) => {
    await page.bringToFront()
    await page.focus(selector)
    await page.keyboard.down('Control')
    await page.keyboard.press('End')
    await page.keyboard.up('Control')
    await page.keyboard.type(text)
  }

  const a = await open(anna)
  const b = await open(luca)
  const before = await value(a, '#nursing-notes')
  await type(a, '#nursing-notes', ' Anna 👍')
  await becomes(() => value(b, '#nursing-notes'), `${before} Anna 👍`, 'what the first typed')
  await type(b, '#nursing-notes', ' Luca')
  await becomes(() => value(a, '#nursing-notes'), `${before} Anna 👍 Luca`, 'what the second typed')
  const plan = await value(a, '#discharge-plan')
  await type(b, '#discharge-plan', ' Today.')
  await becomes(() => value(a, '#discharge-plan'), `${plan} Today.`, 'what was typed in editable text')
  await b.select('#isolation', 'Droplet')
  await becomes(() => value(a, '#isolation'), 'Droplet', 'what was chosen')
  await b.click('[name="paracetamol-given-0800"]')
  await becomes(() => a.$eval('[name="paracetamol-given-0800"]', (box) => box.checked), true, 'what was ticked')
  equal((await a.evaluate(async () => CollabSDK.instances[0].lock('id-obs-pulse'))).ok, true, 'the lock')
  await becomes(() => b.$eval('#obs-pulse', (field) => field.readOnly), true, 'the locked field')
  await Promise.all([synced(a), synced(b)])
  await b.reload()
  await synced(b)
  await becomes(() => value(b, '#nursing-notes'), `${before} Anna 👍 Luca`, 'the text after a reload')
  mkdirSync(OUT, { recursive: true })
  await b.bringToFront()
  await b.screenshot({ path: `${OUT}/firefox.png` })
}

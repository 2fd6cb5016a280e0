// G8: axe finds nothing in any state, on the page and in what the widget draws; the keyboard is enough; small and zoomed.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { anna, becomes, equal, luca, picture } from '../browser.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails with what axe finds on the page, shadow roots included, by WCAG 2.2 AA. */
async function audit(page, what) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().join(' ')}: ${failureSummary.split('\n')[1]}`))
  })
  equal(found, [], `axe, ${what}`)
}

const focus = (page) => page.evaluate(() => {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return at?.ariaLabel || at?.id || at?.textContent
})

export default async function (stage) {
  const a = await stage.open(anna, { locking: 'manual' })
  const b = await stage.open({ ...luca, permissions: '[{"resource":"*","mode":"editor"},"break_glass"]' }, { locking: 'manual' })
  await audit(a, 'at rest')
  equal((await a.evaluate(() => CollabSDK.instances[0].lock('id-nursing-notes'))).ok, true, 'the lock')
  await becomes(() => b.locator('corsia-panel .pn li button').count(), 1, 'the button that asks')
  await audit(a, 'own lock')
  await audit(b, 'the lock of another')

  // The keyboard alone: the shortcut, the panel, the dialog, breaking, and back to where it was.
  await b.bringToFront()
  await b.locator('#obs-pulse').focus()
  await b.keyboard.press('Alt+Shift+KeyC')
  equal(await focus(b), 'Minimise', 'the focus after the shortcut')
  await b.keyboard.press('Tab')
  equal(await focus(b), 'Ask: Nursing notes', 'the next in the panel')
  await b.keyboard.press('Enter')
  await becomes(() => b.locator('corsia-panel dialog').count(), 1, 'the dialog that asks')
  await audit(b, 'the dialog that asks')
  await b.keyboard.press('Tab')
  equal(await focus(b), 'It cannot wait…', 'the next in the dialog')
  await b.keyboard.press('Enter')
  await becomes(() => b.locator('corsia-panel dialog textarea').count(), 1, 'the dialog that breaks')
  await b.keyboard.type('urgent')
  for (const _ of [1, 2]) await b.keyboard.press('Tab')
  equal(await focus(b), 'Break lock', 'the button that breaks')
  await b.keyboard.press('Enter')
  await audit(b, 'the dialog that breaks, with a reason too short')
  await b.keyboard.press('Escape')
  await becomes(() => b.locator('corsia-panel dialog').count(), 0, 'the dialog after Escape')
  await b.keyboard.press('Alt+Shift+KeyC')
  await b.keyboard.press('Escape')
  await b.keyboard.press('Shift+Tab')
  equal((await focus(b)) === 'Minimise', false, 'the panel is no trap')

  // Requests, notices, drafts, offline.
  await a.waitForTimeout(4_200)
  await b.locator('corsia-fields button.tg.other').first().click()
  await b.keyboard.press('Enter')
  await becomes(() => a.locator('corsia-panel dialog').count(), 1, 'the dialog at the holder')
  await audit(a, 'a request')
  await a.keyboard.press('Escape')
  await becomes(() => b.locator('corsia-panel .nt').count(), 1, 'the notice')
  await audit(b, 'a notice')
  await b.evaluate(() => dispatchEvent(new Event('offline')))
  await becomes(() => b.locator('corsia-panel .dot.off').count(), 1, 'the dot offline')
  await audit(b, 'offline')
  await b.locator('corsia-panel .ib').click()
  await audit(b, 'minimised')
  await b.evaluate(() => dispatchEvent(new Event('online')))

  // Two values, refused text below its field, and in the panel when the field has gone; in both languages.
  for (const lang of ['en', 'it']) {
    const two = await stage.open({ user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist', dose: '750 mg', lang }, { locking: 'manual' })
    await becomes(() => two.locator('corsia-fields .cv').count(), 1, 'the card')
    await audit(two, `two values, ${lang}`)
    await two.evaluate(() => dispatchEvent(new Event('offline')))
    await two.locator('#obs-spo2').fill('95')
    await audit(two, `saved here, ${lang}`)
    equal((await a.evaluate(() => CollabSDK.instances[0].lock('id-obs-spo2'))).ok, true, 'the lock')
    await two.evaluate(() => dispatchEvent(new Event('online')))
    await becomes(() => two.locator('corsia-fields .strip').count(), 1, 'the draft')
    await audit(two, `a draft, ${lang}`)
    await two.evaluate(() => document.querySelector('#obs-spo2').remove())
    await becomes(() => two.locator('corsia-panel .dr').count(), 1, 'the list of drafts')
    await audit(two, `the list of drafts, ${lang}`)
    await two.locator('corsia-panel .dr button').last().click()
    await two.locator('corsia-panel .dr button').last().click()
    await becomes(() => two.locator('corsia-panel .dr').count(), 0, 'the list after the draft was deleted')
    await two.close()
    await a.evaluate(() => CollabSDK.instances[0].unlock('id-obs-spo2'))
  }
  const italian = await stage.open({ ...luca, lang: 'it' }, { locking: 'manual' })
  await becomes(() => italian.locator('corsia-panel .pn li button').count(), 1, 'the button that asks, in Italian')
  await audit(italian, 'the lock of another, in Italian')
  await italian.locator('corsia-panel .pn li button').click()
  await becomes(() => italian.locator('corsia-panel dialog').count(), 1, 'the dialog that asks, in Italian')
  await audit(italian, 'the dialog that asks, in Italian')
  await italian.locator('corsia-panel dialog .b.q').click()
  await italian.locator('corsia-panel dialog .b.d').click()
  await audit(italian, 'the dialog that breaks, in Italian')
  await italian.close()

  // 390 px, and 1280 px at 200 %: nothing is cut off, targets are large enough.
  for (const [width, height, what] of [[390, 780, 'small'], [640, 400, 'zoomed']]) {
    await a.setViewportSize({ width, height })
    await a.locator('corsia-panel .ib, corsia-panel .mn').first().focus()
    await a.waitForTimeout(300)
    await audit(a, what)
    const out = await a.evaluate(() => [...document.querySelector('corsia-panel').shadowRoot.querySelectorAll('button')].filter((one) => {
      const { left, right, width, height } = one.getBoundingClientRect()
      return width > 0 && (left < 0 || right > innerWidth || width < 24 || height < 24)
    }).map((one) => one.ariaLabel))
    equal(out, [], `buttons that are cut off or too small, ${what}`)
    await picture(a, `access-${what}`)
  }
}

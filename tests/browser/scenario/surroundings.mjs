// G8: a picture of the widget in every surrounding: Italian, forced colours, reduced motion, dark, right to left, small.
import { anna, becomes, equal, luca, origin, picture, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const dose = '[name=levofloxacin-dose]'
const size = { width: 1280, height: 900 }
const small = { width: 390, height: 780 }
const ferri = { user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' }
const inPanel = (page, selector) => page.locator(`corsia-panel ${selector}`)
const shown = (page, selector, what) => becomes(() => page.locator(selector).first().isVisible(), true, what)
const lock = (page, field) => page.evaluate((field) => CollabSDK.instances[0].lock(field), field)
const unlock = (page, field) => page.evaluate((field) => CollabSDK.instances[0].unlock(field), field)
const network = (page, event) => page.evaluate((event) => dispatchEvent(new Event(event)), event)

/** Tells the record of something, as the hospital's systems do. */
async function push() {
  const data = { summary: 'Potassium 3.9 mmol/L', field: 'name-levofloxacin-dose' }
  const body = JSON.stringify({ resourceId: 'page:/patient/12345', eventType: 'observation.created', data })
  await fetch(`${origin}/demo/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

/** The whole of the page at 390 px: nothing of the widget makes it wider. */
async function narrow(page, name) {
  await picture(page, name)
  equal(await page.evaluate(() => document.documentElement.scrollWidth), small.width, `the width of ${name}`)
}

/** Opens the ward page as on a telephone. */
async function telephone(stage, person) {
  const page = await stage.blank()
  const tools = await stage.devTools(page)
  await tools.send('Emulation.setTouchEmulationEnabled', { enabled: true })
  await stage.open(person, { locking: 'manual', size: small, page })
  equal(await page.evaluate(() => matchMedia('(pointer:coarse)').matches), true, 'a coarse pointer')
  return page
}

/** Every piece at 390 px under a finger, in a language. `other` has a dose and notes locked. */
async function phone(stage, other, lang) {
  const name = (what) => `small-${lang}-${what}`
  const page = await telephone(stage, { ...luca, lang })
  await narrow(page, name('rest'))
  await inPanel(page, '.mn').click()
  await narrow(page, name('panel'))
  await inPanel(page, '.ib').first().click()
  await page.locator('corsia-fields button.tg.other').first().scrollIntoViewIfNeeded()
  await page.locator('corsia-fields button.tg.other').first().click()
  await shown(page, 'corsia-panel dialog', 'the dialog that asks')
  await narrow(page, name('ask'))
  await inPanel(page, 'dialog .b.q').click()
  await inPanel(page, 'dialog .b.d').click()
  await narrow(page, name('break'))
  await page.keyboard.press('Escape')
  await push()
  await shown(page, 'corsia-panel .nt', 'the notice')
  await narrow(page, name('push'))
  await inPanel(page, '.nt button').last().click()
  await network(page, 'offline')
  await unlock(other, 'id-nursing-notes')
  await page.locator('#discharge-plan').fill('Written offline, and more.')
  await shown(page, 'corsia-fields .tg.here', 'text that is here alone')
  await lock(other, 'id-discharge-plan')
  await narrow(page, name('offline'))
  await network(page, 'online')
  await shown(page, 'corsia-fields .strip', 'the draft')
  await narrow(page, name('draft'))
  await unlock(other, 'id-discharge-plan')
  await lock(other, 'id-nursing-notes')
  await page.close()
  const two = await telephone(stage, { ...ferri, lang, dose: '1000 mg, slowly, in 250 ml of sodium chloride 0.9 %' })
  await shown(two, 'corsia-fields .tg.two', 'the two values')
  await two.locator(dose).scrollIntoViewIfNeeded()
  await two.locator('corsia-fields .tg.two').click()
  await shown(two, 'corsia-fields .cv', 'the card')
  await narrow(two, name('two-values'))
  await two.close()
}

/** The Italian interface of a wide page. */
async function italian(stage, other) {
  const page = await stage.open({ ...luca, lang: 'it' }, { locking: 'manual', size })
  await lock(page, 'id-discharge-plan')
  await picture(page, 'italian')
  await page.locator('corsia-fields button.tg.other').first().click()
  await shown(page, 'corsia-panel dialog', 'the dialog that asks')
  await picture(page, 'italian-ask')
  await inPanel(page, 'dialog .b.q').click()
  await inPanel(page, 'dialog .b.d').click()
  await picture(page, 'italian-break')
  await page.keyboard.press('Escape')
  await push()
  await shown(page, 'corsia-panel .nt', 'the notice')
  await network(page, 'offline')
  await typeAtEnd(page, '#discharge-plan', ' Scritto fuori linea.')
  await picture(page, 'italian-offline')
  await page.locator('[name=ramipril-dose]').fill('2.5 mg')
  await shown(page, 'corsia-fields .tg.here', 'text that is here alone')
  await lock(other, 'name-ramipril-dose')
  await network(page, 'online')
  await shown(page, 'corsia-fields .strip', 'the draft')
  await picture(page, 'italian-draft')
  await unlock(other, 'name-ramipril-dose')
  await page.close()
  const two = await stage.open({ ...ferri, lang: 'it', dose: '1 g' }, { locking: 'off', size })
  await shown(two, 'corsia-fields .cv', 'the card')
  await picture(two, 'italian-two-values')
  await two.close()
}

/** Forced colours, no motion, a dark page, a page from right to left. */
async function hosts(stage, other) {
  const page = await stage.open(luca, { locking: 'manual', size })
  await lock(page, 'id-discharge-plan')
  await push()
  await shown(page, 'corsia-panel .nt', 'the notice')
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ forcedColors: 'active', colorScheme })
    await picture(page, `forced-colours-${colorScheme}`)
  }
  await page.locator('corsia-fields button.tg.other').first().click()
  await picture(page, 'forced-colours-ask')
  await page.keyboard.press('Escape')
  await network(page, 'offline')
  await page.locator('[name=ramipril-dose]').fill('2.5 mg')
  await shown(page, 'corsia-fields .tg.here', 'text that is here alone')
  await picture(page, 'forced-colours-offline')
  await inPanel(page, '.ib').click()
  await picture(page, 'forced-colours-minimised')
  await inPanel(page, '.mn').click()
  await network(page, 'online')
  await synced(page)
  await page.emulateMedia({ forcedColors: null, colorScheme: null, reducedMotion: 'reduce' })
  await other.locator('#obs-pulse').fill('92')
  await other.locator('[name=metformin-dose]').fill('850 mg')
  await becomes(() => page.locator('#obs-pulse').inputValue(), '92', 'the change of the other')
  await picture(page, 'reduced-motion')
  await page.emulateMedia({ reducedMotion: null })
  const dark = await page.addStyleTag({ content: `html, body, .rail, .card, .card h2, tr.now td, .patient, input, select, textarea, .text { background: #14191e !important; color: #e6ebef !important; color-scheme: dark }` })
  await picture(page, 'dark-page')
  await dark.evaluate((style) => style.remove())
  await page.evaluate(() => { document.documentElement.dir = 'rtl' })
  await picture(page, 'right-to-left')
  await page.close()
}

export default async function (stage) {
  const other = await stage.open(anna, { locking: 'manual', size })
  await lock(other, 'name-levofloxacin-dose')
  await lock(other, 'id-nursing-notes')
  await phone(stage, other, 'en')
  await phone(stage, other, 'it')
  await italian(stage, other)
  await hosts(stage, other)
}

// G5, L6, L7, G4, G9: a picture of every state of the widget, to be looked at. Those of saving are in saving.mjs, what
// surrounds it in surroundings.mjs.
import { anna, becomes, luca, origin, picture, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const dose = '[name=levofloxacin-dose]'
const resource = 'page:/patient/12345'
const ferri = { user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' }
const size = { width: 1280, height: 900 }
const inPanel = (page, selector) => page.locator(`corsia-panel ${selector}`)
const shown = (page, selector, what) => becomes(() => page.locator(selector).first().isVisible(), true, what)
const lock = (page, field) => page.evaluate((field) => CollabSDK.instances[0].lock(field), field)
const network = (page, event) => page.evaluate((event) => dispatchEvent(new Event(event)), event)

/** At rest, the colleague in a field, what hovering tells, the flash. */
async function together(stage, a) {
  await picture(a, 'rest')
  await a.locator(dose).hover()
  await shown(a, 'corsia-panel .tip', 'the tooltip of a field')
  await picture(a, 'tooltip')
  const b = await stage.open(luca, { locking: 'off', size })
  await b.locator('#discharge-plan').focus()
  await a.locator(notes).focus()
  await shown(a, 'corsia-fields .av', 'the avatar')
  await a.bringToFront()
  await a.locator('corsia-fields .av').hover()
  await shown(a, 'corsia-panel .tip', 'the tooltip of an avatar')
  await picture(a, 'colleague')
  const tools = await stage.devTools(a)
  await tools.send('Animation.enable')
  await tools.send('Animation.setPlaybackRate', { playbackRate: 0.1 })
  await a.mouse.move(5, 5)
  for (const [field, text] of [['#obs-pulse', '91'], ['[name=ramipril-dose]', '2.5 mg'], ['#discharge-plan', 'Flat is ready.']]) await b.locator(field).fill(text)
  await a.waitForTimeout(900)
  await picture(a, 'flash')
  await tools.send('Animation.setPlaybackRate', { playbackRate: 1 })
  await tools.detach()
  await b.close()
}

/** Locks of both kinds, on wide and narrow fields, a tick and a text. */
async function locks(stage, a) {
  const c = await stage.open(ferri, { locking: 'manual', size })
  await lock(a, 'id-nursing-notes')
  await lock(a, 'id-obs-pulse')
  for (const field of ['name-levofloxacin-dose', 'id-obs-spo2', 'name-ramipril-given-0800', 'id-discharge-plan']) await lock(c, field)
  await becomes(() => a.locator('corsia-fields .tg.other').count(), 4, 'the locks of the other')
  await picture(a, 'locks')
  await a.locator(dose).hover()
  await shown(a, 'corsia-panel .tip', 'the tooltip of a lock')
  await picture(a, 'lock-tooltip')
  await c.close()
}

/** A lock is asked for, refused, handed over and broken, as both see it. */
async function asking(stage, a) {
  const b = await stage.open(luca, { locking: 'manual', size })
  const ask = async () => {
    await b.locator('corsia-fields button.tg.other').first().click()
    await shown(b, 'corsia-panel dialog', 'the dialog that asks')
  }
  await shown(b, 'corsia-fields button.tg.other', 'the lock')
  await ask()
  await b.keyboard.type('I need to add the family meeting.')
  await picture(b, 'ask')
  await a.bringToFront()
  await a.waitForTimeout(4_200) // who has just typed is shown a notice instead
  await b.keyboard.press('Enter')
  await shown(a, 'corsia-panel dialog', 'the dialog at the holder')
  await picture(a, 'request-dialog')
  await inPanel(a, 'dialog button').first().click()
  await shown(b, 'corsia-panel .nt', 'the answer')
  await picture(b, 'declined')
  await inPanel(b, '.nt button').last().click()
  await b.waitForTimeout(5_200) // the gateway takes one request in 5 s
  await ask()
  await typeAtEnd(a, notes, ' Typing')
  await b.keyboard.press('Enter')
  await shown(a, 'corsia-panel .nt', 'the notice at the holder')
  await picture(a, 'request-notice')
  await picture(b, 'asked')
  await inPanel(a, '.nt .p').click()
  await shown(b, 'corsia-panel .nt', 'the grant')
  await picture(b, 'granted')
  await lock(a, 'id-obs-spo2')
  await shown(b, 'corsia-fields button.tg.other', 'the next lock')
  await ask()
  await inPanel(b, 'dialog .b.q').click()
  await picture(b, 'break')
  await b.keyboard.type('urgent')
  await inPanel(b, 'dialog .b.d').click()
  await picture(b, 'break-too-short')
  await b.keyboard.type(': allergic reaction')
  await inPanel(b, 'dialog .b.d').click()
  await shown(a, 'corsia-panel .nt.warn', 'what the holder is told')
  await picture(a, 'broken')
  await b.close()
}

/** Refused text below its field, and in the panel when the field has gone. */
async function drafts(stage, a) {
  const b = await stage.open(luca, { locking: 'manual', size })
  await network(b, 'offline')
  await typeAtEnd(b, notes, ' written offline')
  await b.locator(dose).fill('750 mg')
  await lock(a, 'id-nursing-notes')
  await lock(a, 'name-levofloxacin-dose')
  await network(b, 'online')
  await becomes(() => b.locator('corsia-fields .strip:visible').count(), 2, 'the drafts')
  await picture(b, 'draft')
  await b.locator('corsia-fields .strip:visible button').last().click()
  await picture(b, 'draft-sure')
  await b.evaluate(() => document.querySelector('#nursing-notes').remove())
  await shown(b, 'corsia-panel .dr', 'the list of drafts')
  await picture(b, 'draft-list')
  await a.evaluate(() => ['id-nursing-notes', 'name-levofloxacin-dose'].map((field) => CollabSDK.instances[0].unlock(field)))
  await b.close()
}

/** The page has another value than the record. */
async function conflict(stage) {
  const b = await stage.open({ ...ferri, dose: '750 mg' }, { locking: 'off', size })
  await shown(b, 'corsia-fields .cv', 'the card')
  await picture(b, 'two-values')
  await b.locator('corsia-fields .cv .lk').click()
  await becomes(() => b.locator('corsia-fields .cv:visible').count(), 0, 'the card that was put away')
  await picture(b, 'two-values-later')
  await inPanel(b, '.ib').click()
  await picture(b, 'two-values-minimised')
  await b.close()
}

async function push(a) {
  for (const data of [{ summary: 'Potassium 3.9 mmol/L' }, { summary: 'Levofloxacin changed to 750 mg', field: 'name-levofloxacin-dose' }]) {
    const body = JSON.stringify({ resourceId: resource, eventType: 'observation.created', data })
    const { ok } = await fetch(`${origin}/demo/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!ok) throw new Error('the push was refused')
  }
  await becomes(() => inPanel(a, '.nt').count(), 2, 'the notices')
  await picture(a, 'push')
  for (const _ of [1, 2]) await inPanel(a, '.nt button').last().click()
}

export default async function (stage) {
  const a = await stage.open(anna, { locking: 'manual', size })
  await together(stage, a)
  await locks(stage, a)
  await a.evaluate(() => CollabSDK.instances[0].unlock('id-obs-pulse'))
  await asking(stage, a)
  await a.reload()
  await synced(a)
  await push(a)
  await inPanel(a, '.ib').click()
  await picture(a, 'minimised')
  await drafts(stage, a)
  await conflict(stage)
  await a.close()
}

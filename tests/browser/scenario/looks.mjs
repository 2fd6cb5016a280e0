// G5, G8: every look by its exact values, in English; forced colours and reduced motion.
import { anna, becomes, equal, luca, synced } from '../browser.mjs'

const dose = '[name=levofloxacin-dose]'
const green = 'rgb(76, 175, 80)'
const orange = 'rgb(255, 152, 0)'
const red = 'rgb(244, 67, 54)'

/** Returns the looks of the ring that lies around a field. */
const ring = (page, selector) => page.locator(selector).evaluate((field) => {
  const box = field.getBoundingClientRect()
  const rings = [...document.querySelectorAll('corsia-fields')].flatMap((host) => [...host.shadowRoot.querySelectorAll('.d')])
  const own = rings.find((one) => {
    const { left, top } = one.getBoundingClientRect()
    return Math.abs(left - box.left) < 1 && Math.abs(top - box.top) < 1
  })
  const { borderTopWidth, borderTopStyle, borderTopColor, boxShadow } = getComputedStyle(own.querySelector('.ring'))
  return [borderTopWidth, borderTopStyle, borderTopColor, boxShadow, getComputedStyle(field).cursor, own.querySelector('.cl').innerText]
})

/** Waits until a field looks as it should. */
const looks = (page, selector, wanted, what) => becomes(() => ring(page, selector).then(JSON.stringify), JSON.stringify(wanted), what)

export default async function (stage) {
  const a = await stage.open(anna, { locking: 'manual' })
  await looks(a, dose, ['2px', 'solid', green, 'rgba(76, 175, 80, 0.3) 0px 0px 8px 0px', 'text', '👥'], 'a bound field')
  await a.locator(dose).hover()
  await becomes(() => a.locator('corsia-panel .tip').innerText(), 'Collaborative field: name-levofloxacin-dose', 'the tooltip')
  await a.locator('corsia-panel .tip').hover()
  await a.waitForTimeout(400)
  equal(await a.locator('corsia-panel .tip').isVisible(), true, 'the tooltip under the pointer (WCAG 1.4.13)')
  const escaped = await a.evaluate(() => {
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    return document.querySelector('corsia-panel').shadowRoot.querySelector('.tip').hidden
  })
  equal(escaped, true, 'the tooltip after Escape')
  const badge = await a.locator('corsia-fields .d:not(.mini) .bd').first().evaluate((node) => {
    const disc = node.getBoundingClientRect()
    const around = getComputedStyle(node, '::after')
    const field = node.closest('.d').getBoundingClientRect()
    return [disc.right > field.right - 30, disc.top < field.top, parseFloat(around.width) >= 24]
  })
  equal(badge, [true, true, true], 'the badge at the top right, with a target around it')

  // Somebody else: presence, flash, lock.
  const b = await stage.open(luca, { locking: 'manual' })
  await b.locator('#discharge-plan').focus()
  await becomes(() => a.locator('corsia-fields .av').count(), 1, 'the avatar')
  equal(await a.locator('corsia-fields .av').innerText(), 'LR', 'the initials')
  await a.locator('corsia-fields .av').hover()
  await becomes(() => a.locator('corsia-panel .tip').innerText(), 'Dr Luca Rossi\nPhysician', 'name and role on hover')
  await a.evaluate(() => {
    globalThis.flashes = []
    const { animate } = Element.prototype
    Element.prototype.animate = function (frames, ms) {
      const { backgroundColor, mixBlendMode } = getComputedStyle(this)
      flashes.push([frames.map(({ opacity }) => opacity), ms, backgroundColor, mixBlendMode])
      return animate.call(this, frames, ms)
    }
  })
  await b.locator(dose).fill('750 mg')
  await becomes(() => a.evaluate(() => JSON.stringify(flashes.find((one) => one[1] === 800))), JSON.stringify([[0, 1, 0], 800, 'rgb(200, 230, 201)', 'multiply']), 'the flash')
  await b.locator('#obs-pulse').focus()
  await becomes(() => a.locator('corsia-fields .av.out').count(), 1, 'the avatar that fades out')
  equal(await a.locator('corsia-fields .av.out').first().evaluate((node) => node.getAnimations()[0].effect.getTiming().duration), 1200, 'the fading')
  equal((await b.evaluate(() => CollabSDK.instances[0].lock('name-levofloxacin-dose'))).ok, true, 'the lock')
  await looks(a, dose, ['2px', 'solid', red, 'rgba(244, 67, 54, 0.25) 0px 0px 8px 0px', 'not-allowed', '🔒\nDr Luca Rossi'], 'the lock of another')
  await looks(b, dose, ['2px', 'solid', orange, 'rgba(255, 152, 0, 0.3) 0px 0px 8px 0px', 'text', '🔒\nLocked by you'], 'the own lock')
  equal(await a.locator(dose).evaluate((field) => [field.readOnly, field.disabled]), [true, false], 'read-only, not disabled')

  // Offline: dashed, and what is written says where it is.
  await a.evaluate(() => dispatchEvent(new Event('offline')))
  await becomes(() => ring(a, '#obs-pulse').then((look) => look.slice(0, 3).join()), `2px,dashed,${orange}`, 'offline')
  await a.locator('[name=paracetamol-dose]').fill('2 g')
  await becomes(async () => /^(Not saved|Saved here)$/.test((await ring(a, '[name=paracetamol-dose]'))[5].trim()), true, 'text that is not on the server')
  await becomes(async () => (await a.locator('corsia-panel .pn').innerText()).startsWith('Offline'), true, 'the panel offline')
  equal(await a.locator('corsia-panel .dot').getAttribute('class'), 'dot off', 'the dot offline')
  await a.evaluate(() => dispatchEvent(new Event('online')))
  await synced(a)
  await becomes(async () => (await a.locator('corsia-panel .st').innerText()).startsWith('Synced'), true, 'the panel in step')

  // The panel: bottom right, an icon when it is minimised.
  const corner = await a.locator('corsia-panel .pn').boundingBox()
  equal([1440 - corner.x - corner.width, 1000 - corner.y - corner.height].map(Math.round), [20, 20], 'the panel at the bottom right')
  await a.locator('corsia-panel .ib').click()
  equal(await a.locator('corsia-panel .mn').isVisible(), true, 'the minimised panel')
  await a.locator('corsia-panel .mn').click()

  // Reduced motion: a steady tint, no fading. Forced colours: the line says it.
  await a.emulateMedia({ reducedMotion: 'reduce' })
  await a.evaluate(() => flashes.splice(0))
  await b.locator('#obs-spo2').fill('97')
  await becomes(() => a.evaluate(() => JSON.stringify(flashes.find((one) => one[1] === 1500)?.slice(0, 2))), '[[1,1],1500]', 'the flash without motion')
  await a.emulateMedia({ reducedMotion: null, forcedColors: 'active' })
  await becomes(() => ring(a, dose).then((look) => look.slice(0, 2).join()), '4px,double', 'the lock of another in forced colours')
  await b.emulateMedia({ forcedColors: 'active' })
  await becomes(() => ring(b, dose).then((look) => look.slice(0, 2).join()), '4px,solid', 'the own lock in forced colours')

  // A viewer reads, and is told so.
  const viewer = { user: 'usr_004', name: 'Marco Villa', role: 'physiotherapist', permissions: '[{"resource":"*","mode":"viewer"}]' }
  const c = await stage.open(viewer, { locking: 'manual' })
  await becomes(() => ring(c, '#obs-pain').then((look) => look[5]), '👥', 'a narrow field of a viewer')
  await looks(c, '#nursing-notes', ['2px', 'solid', green, 'rgba(76, 175, 80, 0.3) 0px 0px 8px 0px', 'text', 'Viewing'], 'a field of a viewer')
  await becomes(async () => (await c.locator('corsia-panel .st').innerText()).includes('you can read, not change'), true, 'the panel of a viewer')
}

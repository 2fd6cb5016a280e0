// Pictures: the demo for the README, a small window.
import { anna, luca, picture, synced, typeAtEnd } from '../browser.mjs'

export default async function (stage) {
  const a = await stage.open(anna, { locking: 'focus' })
  const b = await stage.open(luca, { locking: 'off' })
  const c = await stage.open({ user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist' }, { locking: 'focus' })
  await typeAtEnd(b, '#discharge-plan', '\nCommunity nurse: first visit within 3 days.')
  await c.locator('[name=levofloxacin-dose]').focus()
  await a.bringToFront()
  await typeAtEnd(a, '#nursing-notes', '\nWalked to the bathroom with one assistant.')
  await Promise.all([synced(a), synced(b), synced(c)])
  await a.waitForTimeout(1500)
  await picture(a, 'demo')
  const small = await stage.open(luca, { locking: 'off', size: { width: 390, height: 780 } })
  await picture(small, 'small')
  await Promise.all([b.close(), c.close(), small.close(), a.close()])
}

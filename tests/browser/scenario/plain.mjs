// G4: jQuery, an input mask, and scripts that set values of which no event tells.
import { scenario } from '../app.mjs'
import { becomes, synced } from '../browser.mjs'

export default async function (stage) {
  const { a, b, same } = await scenario(stage, 'plain')
  const value = (page, field) => page.locator(field).inputValue()
  await a.locator('#born').pressSequentially('24121950', { delay: 20 })
  await becomes(() => value(b, '#born'), '24/12/1950', 'a masked date')
  await becomes(() => b.evaluate(() => state().born), '24/12/1950', 'what the mask knows')
  await b.locator('#born').press('End')
  await b.locator('#born').press('Backspace')
  await b.locator('#born').pressSequentially('1')
  await becomes(() => value(a, '#born'), '24/12/1951', 'a masked date, changed')

  await a.locator('#weight').fill('68')
  await a.locator('#height').fill('170')
  await a.locator('#note').focus()
  for (const page of [a, b]) await becomes(() => value(page, '#bmi'), '23.5', 'a value that both pages compute')
  await b.locator('#weight').fill('75')
  await b.locator('#note').focus()
  for (const page of [a, b]) await becomes(() => value(page, '#bmi'), '26.0', 'a value computed again')
  await a.locator('#template').click()
  await becomes(async () => (await value(b, '#note')).endsWith(' No fever.'), true, 'what a button has put in')
  await Promise.all([synced(a), synced(b)])
  await same()
}

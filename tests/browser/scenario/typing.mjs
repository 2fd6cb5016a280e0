// G4: typing in both directions, with the caret kept where it was.
import { anna, becomes, equal, luca, picture, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const plan = '#discharge-plan'

export default async function (stage) {
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  await typeAtEnd(a, notes, ' Slept well.')
  await becomes(async () => (await b.locator(notes).inputValue()).endsWith(' Slept well.'), true, 'the notes on the other page')
  await typeAtEnd(b, plan, '\nCall the daughter.')
  await becomes(async () => (await a.locator(plan).innerText()).endsWith('\nCall the daughter.'), true, 'the plan on the other page')

  // A's caret stands in the middle while B writes at the beginning.
  await a.locator('#obs-oxygen').focus()
  await a.evaluate(() => document.querySelector('#obs-oxygen').setSelectionRange(1, 1))
  await b.locator('#obs-oxygen').focus()
  await b.keyboard.press('Home')
  await b.keyboard.type('ca. ')
  await becomes(() => a.locator('#obs-oxygen').inputValue(), 'ca. 1 L/min', 'the oxygen')
  await a.keyboard.type(',5')
  await becomes(() => b.locator('#obs-oxygen').inputValue(), 'ca. 1,5 L/min', 'the oxygen with the caret kept')

  // Surrogate pairs and a selection replaced.
  await b.locator('#obs-pain').fill('👍🏽 none')
  await becomes(() => a.locator('#obs-pain').inputValue(), '👍🏽 none', 'emoji')
  await a.locator('#obs-pain').fill('👎🏽 none')
  await becomes(() => b.locator('#obs-pain').inputValue(), '👎🏽 none', 'another emoji')

  const events = await a.evaluate(() => {
    const heard = []
    for (const type of ['input', 'change']) document.querySelector('#obs-pulse').addEventListener(type, () => heard.push(type))
    return (globalThis.heard = heard)
  })
  equal(events, [], 'events before')
  await b.locator('#obs-pulse').fill('91')
  await becomes(() => a.evaluate(() => globalThis.heard.includes('input') && globalThis.heard.includes('change')), true, 'events on a remote change')
  await Promise.all([synced(a), synced(b)])
  await typeAtEnd(b, plan, '\n')
  await picture(a, 'typing')
}

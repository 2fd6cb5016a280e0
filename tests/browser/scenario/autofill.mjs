// G4: the browser fills a form by itself: several fields at once, in none of which the user has typed.
import { anna, becomes, equal, luca, synced } from '../browser.mjs'

const markup = `<form><input id="who" autocomplete="name"><input id="street" autocomplete="street-address">
<input id="town" autocomplete="address-level2"><input id="zip" autocomplete="postal-code"><input id="mail" autocomplete="email"></form>`
const ids = ['who', 'street', 'town', 'zip', 'mail']
const values = (page) => page.evaluate((ids) => ids.map((id) => document.getElementById(id).value).join('|'), ids)

export default async function (stage) {
  const [a, b] = [await stage.open(anna), await stage.open(luca)]
  for (const page of [a, b]) await page.evaluate((markup) => document.querySelector('main').insertAdjacentHTML('beforeend', markup), markup)
  for (const page of [a, b]) await becomes(() => page.evaluate((ids) => ids.every((id) => CollabSDK.instances[0].fields.some((field) => field.id === `id-${id}`)), ids), true, 'the fields')
  await Promise.all([synced(a), synced(b)])
  await a.bringToFront()
  await fill(a, { NAME_FULL: 'Maria Bianchi', ADDRESS_HOME_STREET_ADDRESS: 'Via Roma 1', ADDRESS_HOME_CITY: 'Milano', ADDRESS_HOME_ZIP: '20100', EMAIL_ADDRESS: 'maria@example.org' })
  const filled = 'Maria Bianchi|Via Roma 1|Milano|20100|maria@example.org'
  await becomes(() => values(a), filled, 'what the browser has filled in')
  await becomes(() => values(b), filled, 'what the other sees of it')
  await synced(a)

  // It is a text like any other.
  await b.locator('#town').press('End')
  await b.locator('#town').pressSequentially(' 2')
  await becomes(() => a.locator('#town').inputValue(), 'Milano 2', 'a field that was filled in, changed by the other')
  equal(await a.evaluate(() => CollabSDK.instances[0].fields.filter(({ conflict }) => conflict).length), 0, 'conflicts')
}

/** Has the browser fill the form as it does when the user takes an address that it offers. */
async function fill(page, address) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Autofill.enable')
  const { root } = await devtools.send('DOM.getDocument')
  const { nodeId } = await devtools.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#who' })
  const { node } = await devtools.send('DOM.describeNode', { nodeId })
  const fields = Object.entries({ ...address, ADDRESS_HOME_COUNTRY: 'IT' }).map(([name, value]) => ({ name, value }))
  // The browser looks at forms a little after they have come.
  for (let tries = 0; ; tries++) {
    try {
      await devtools.send('Autofill.trigger', { fieldId: node.backendNodeId, address: { fields } })
      return
    } catch (error) {
      if (tries === 20) throw error
      await page.waitForTimeout(250)
    }
  }
}

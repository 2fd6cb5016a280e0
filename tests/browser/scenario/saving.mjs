// G5, G6, G7: a picture of every state of saving, and of those who may only read or not come in.
import { anna, becomes, gateway, origin, picture, status, synced, typeAtEnd } from '../browser.mjs'

const notes = '#nursing-notes'
const size = { width: 1280, height: 900 }
const inPanel = (page, selector) => page.locator(`corsia-panel ${selector}`)
const shown = (page, selector, what) => becomes(() => page.locator(selector).first().isVisible(), true, what)

/** Nothing gets through to the gateway for a while, though the connection stands; then the gateway is away. */
async function saving(stage) {
  const page = await stage.blank()
  let through = true
  await page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer()
    socket.onMessage((message) => through && server.send(message))
  })
  await stage.open(anna, { locking: 'manual', size, page })
  await picture(page, 'saved-on-the-server')
  through = false
  await typeAtEnd(page, notes, ' Late')
  await page.locator('#obs-pulse').fill('93')
  await shown(page, 'corsia-panel .st.sync', 'what is on the way')
  await picture(page, 'syncing')
  await shown(page, 'corsia-panel .st.bad', 'what is late')
  await picture(page, 'late')
  await gateway('kill')
  await shown(page, 'corsia-panel .st.off', 'the panel offline')
  await becomes(async () => (await status(page)).save, 'here', 'the text in the browser')
  await picture(page, 'offline-saved-here')
  await inPanel(page, '.ib').click()
  await picture(page, 'offline-minimised')
  await inPanel(page, '.mn').click()
  through = true
  await gateway('start')
  await becomes(async () => (await status(page)).connection, 'connected', 'the connection', 60_000)
  await synced(page, 30_000)

  await page.close()
}

/** The browser has no room for what is written offline. */
async function noRoom(stage) {
  const tools = await stage.devTools(await stage.blank())
  await tools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 })
  const page = await stage.open(anna, { locking: 'manual', size })
  await gateway('kill')
  await typeAtEnd(page, notes, ' no room for this')
  await page.locator('#obs-spo2').fill('95')
  await becomes(async () => (await status(page)).store, 'STORE_FULL', 'a full store')
  await shown(page, 'corsia-fields .tg.no', 'text that is not saved')
  await picture(page, 'offline-not-saved')
  await tools.send('Storage.overrideQuotaForOrigin', { origin })
  await gateway('start')
  await synced(page, 60_000)
  await page.close()
}

/** Those who may only read, and those who may not come in. */
async function rights(stage) {
  const c = await stage.open({ user: 'usr_004', name: 'Marco Villa', role: 'physiotherapist', permissions: '[{"resource":"*","mode":"viewer"}]' }, { locking: 'manual', size })
  await shown(c, 'corsia-fields .tg.view', 'the tag of a viewer')
  await picture(c, 'viewer')
  await c.close()
  const d = await stage.open({ user: 'usr_003', name: 'Anna Ferri', role: 'pharmacist', permissions: '[{"resource":"page:/other","mode":"editor"}]' }, { locking: 'manual', size, wait: false })
  await shown(d, 'corsia-panel .st.bad', 'who may not come in')
  await picture(d, 'refused')
  await d.close()
}

export default async function (stage) {
  await noRoom(stage) // in a browser that has kept nothing yet
  await saving(stage)
  await rights(stage)
}

// R1, R3, R6: who is here, and in which field.
import { anna, becomes, luca, picture } from '../browser.mjs'

const names = (page) => page.evaluate(() => CollabSDK.instances[0].users.map((user) => user.name).join())

export default async function (stage) {
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  await becomes(() => names(a), 'Giulia Conti,Dr Luca Rossi', 'the users seen by the first')
  await becomes(() => names(b), 'Giulia Conti,Dr Luca Rossi', 'the users seen by the second')
  await b.locator('#discharge-plan').focus()
  await becomes(() => a.locator('corsia-fields .beside .av').count(), 1, 'the avatar beside the field')
  await becomes(async () => (await a.locator('corsia-panel aside').innerText()).includes('Dr Luca Rossi, editing'), true, 'the active field')
  const tab = await stage.open(luca)
  await becomes(() => a.evaluate(() => CollabSDK.instances[0].users.find((user) => user.userId === 'usr_002').sessions.length), 2, 'two tabs of one user')
  await tab.close()
  await picture(a, 'presence')
  await b.close()
  await becomes(() => names(a), 'Giulia Conti', 'the users after one left')
  await becomes(() => a.locator('corsia-fields .beside .av').count(), 0, 'the avatar after its person left')
}

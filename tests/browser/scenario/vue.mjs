// G4: Vue 3, v-model, also lazy and of numbers.
import { scenario } from '../app.mjs'
import { becomes } from '../browser.mjs'

export default async function (stage) {
  const { a, b, same } = await scenario(stage, 'vue')
  await a.locator('#lazy').fill('slow typing')
  await a.locator('#note').focus()
  await becomes(() => b.evaluate(() => state().lazy), 'slow typing', 'what is taken on leaving alone')
  await becomes(() => a.evaluate(() => state().lazy), 'slow typing', 'what is taken on leaving alone, here')
  await same()
}

import { anna, luca, synced } from '../browser.mjs'
export default async function (stage) {
  const a = await stage.open(anna)
  const b = await stage.open(luca)
  for (const page of [a, b]) await page.evaluate(() => { document.querySelector('main').insertAdjacentHTML('beforeend', '<div id="rich" contenteditable="true" data-collab style="white-space: normal">plain <b>bold</b> text</div>')
   new MutationObserver((r) => console.log(document.querySelector('#rich').innerHTML)).observe(document.querySelector('#rich'), {subtree:true,childList:true,characterData:true}) })
  for (const p of [a,b]) p.on('console', (m) => console.log(p === a ? 'A' : 'B', m.text()))
  await a.waitForTimeout(1500)
  console.log(await a.locator('#rich').innerHTML(), '|', await b.locator('#rich').innerHTML())
  await a.bringToFront()
  await a.locator('#rich').click()
  await a.keyboard.press('Control+Home')
  await a.keyboard.type('X')
  await a.waitForTimeout(1000)
  console.log(await a.locator('#rich').innerHTML(), '|', await b.locator('#rich').innerHTML())
}

// G5, G8: outside rings, tags and panel every pixel of the page is as it was, on pages that make it hard.
import { anna, becomes, equal, origin } from '../browser.mjs'

const body = `<header id="bar">Chart</header><main><p>Dose <input id="dose" value="500 mg"></p><p><input id="wide" value="to the edge"></p>
<p><textarea id="text">notes</textarea> <select id="route"><option>PO</option></select> <input type="checkbox" id="given"></p><p style="height:900px">below</p></main>`
const plain = 'body { margin: 24px; font: 16px sans-serif; background: #fff } #wide { width: 100%; box-sizing: border-box }'
const pages = {
  hostile: `${plain} * { all: revert } div, span, button, dialog, aside, section { color: red !important; padding: 40px !important; z-index: 2147483647 !important }`,
  unset: `${plain} body * { all: unset !important; } input, textarea, select { border: 1px solid #000 !important; width: 200px !important; display: inline-block !important } p, main { display: block !important }`,
  rtl: `${plain} html { direction: rtl }`,
  zoomed: `${plain} html { zoom: 1.25 }`,
  transformed: `${plain} body { transform: scale(.8) translateX(10px) }`,
  fixed: `${plain} #bar { position: fixed; top: 0; left: 0; right: 0; height: 60px; background: #ddf; z-index: 2147483647 } main { margin-top: 70px }`,
}

/** Counts the pixels that differ between two pictures, outside of the boxes. */
const differing = (page, before, after, boxes) => page.evaluate(async ([one, two, boxes]) => {
  const read = async (text) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${text}`)).blob())
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    context.drawImage(bitmap, 0, 0)
    return context.getImageData(0, 0, bitmap.width, bitmap.height)
  }
  const [a, b] = await Promise.all([read(one), read(two)])
  let count = 0
  for (let at = 0; at < a.data.length; at += 4) {
    const [x, y] = [(at / 4) % a.width, Math.floor(at / 4 / a.width)]
    if (boxes.some(([left, top, right, bottom]) => x >= left && x <= right && y >= top && y <= bottom)) continue
    if (a.data[at] !== b.data[at] || a.data[at + 1] !== b.data[at + 1] || a.data[at + 2] !== b.data[at + 2]) count++
  }
  return [count, a.width === b.width && a.height === b.height]
}, [before.toString('base64'), after.toString('base64'), boxes])

export default async function (stage) {
  const ward = await stage.open(anna)
  const token = /token: "([^"]+)"/.exec(await ward.evaluate(async () => (await fetch(location.href)).text()))[1]
  for (const [name, css] of Object.entries(pages)) {
    const page = await stage.blank()
    await page.setViewportSize({ width: 900, height: 700 })
    const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title><style>${css}</style></head><body>${body}<script src="/collab-sdk.min.js"></script></body></html>`
    await page.route(`${origin}/host`, (route) => route.fulfill({ contentType: 'text/html', body: html }))
    await page.goto(`${origin}/host`)
    const sizes = () => page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight])
    const [before, size] = [await page.screenshot({ caret: 'hide' }), await sizes()]
    await page.evaluate(([token, name]) => {
      globalThis.handle = CollabSDK.init({ gatewayUrl: location.origin.replace('http', 'ws'), token, resourceId: `page:/layout-${name}` })
    }, [token, name])
    await becomes(() => page.locator('corsia-fields .ring').count(), 5, `rings, ${name}`)
    await becomes(() => page.evaluate(() => handle.status.save), 'server', `in step, ${name}`)
    await page.waitForTimeout(600)
    const boxes = await page.evaluate(() => [...document.querySelectorAll('corsia-fields,corsia-panel')].flatMap((host) => [...host.shadowRoot.querySelectorAll('.ring,.cl,.beside,.pn,.mn')].map((one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect()
      const around = one.matches('.pn,.mn') ? 24 : 14 // what shadows and glow reach
      return [left - around, top - around, right + around, bottom + around]
    })))
    equal(await differing(page, before, await page.screenshot({ caret: 'hide' }), boxes), [0, true], `pixels of the page that have changed, ${name}`)
    equal(await sizes(), size, `the size of the page, ${name}`)
    const gaps = await page.evaluate(() => {
      const rings = [...document.querySelector('corsia-fields').shadowRoot.querySelectorAll('.ring')].map((one) => one.getBoundingClientRect())
      return [...document.querySelectorAll('input,textarea,select')].map((field) => {
        const box = field.getBoundingClientRect()
        return rings.some((ring) => Math.abs(box.left - ring.left - 2) < 1.1 && Math.abs(box.top - ring.top - 2) < 1.1 && Math.abs(ring.right - box.right - 2) < 1.1)
      })
    })
    equal(gaps, [true, true, true, true, true], `rings around their fields, ${name}`)
    const panel = await page.evaluate(() => document.querySelector('corsia-panel').shadowRoot.querySelector('.pn').getBoundingClientRect().toJSON())
    equal(panel.x + panel.width <= 900 && panel.y + panel.height <= 700 && panel.x > 400, true, `the panel at the bottom right, ${name}`)
    await page.close()
  }

  // A modal dialog of the page: nothing outside of it can be used, so the panel goes into it and comes back.
  await ward.evaluate(() => {
    const dialog = document.body.appendChild(document.createElement('dialog'))
    dialog.innerHTML = '<input id="in-dialog" aria-label="In the dialog">'
    dialog.showModal()
  })
  await becomes(() => ward.locator('dialog > corsia-panel').count(), 1, 'the panel in the modal dialog')
  await ward.locator('corsia-panel .ib').click({ timeout: 5_000 })
  await ward.evaluate(() => document.querySelector('dialog').remove())
  await becomes(() => ward.locator('html > corsia-panel .mn').count(), 1, 'the panel after the dialog')
}

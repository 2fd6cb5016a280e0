const PATHS = {
  ok: 'M6 15.5h8.2a3.6 3.6 0 0 0 .5-7.2A5 5 0 0 0 5.2 8 3.8 3.8 0 0 0 6 15.5Zm1.6-4.5 1.8 1.8 3.2-3.4',
  off: 'M3 3l14 14M6 15.5h8M5.2 8A3.8 3.8 0 0 0 6 15.5M8 5.2a5 5 0 0 1 6.7 3.1 3.6 3.6 0 0 1 2.3 5',
  sync: 'M16 7.5A6.5 6.5 0 0 0 4.6 6.4M4 3v3.6h3.6M4 12.5a6.5 6.5 0 0 0 11.4 1.1M16 17v-3.6h-3.6',
  here: 'M3 4h14v9H3zM7.5 16.5h5M10 13v3.5M8 8.4l1.5 1.5 2.7-2.9',
  bad: 'M10 3 2.5 16.5h15L10 3ZM10 8v4M10 14.2v.2',
  minimise: 'M4 14h12',
  choose: 'M10 17v-5L5 7V3M10 12l5-5V3M3 5l2-2 2 2M13 5l2-2 2 2',
  pen: 'M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2L4 16Z',
}

/** Names of the drawn signs. */
export type Icon = keyof typeof PATHS

/** Makes a drawn sign; it says nothing to a screen reader, the words beside it do. */
export function icon(name: Icon): SVGElement {
  return drawn(PATHS[name])
}

/** Makes a sign from its path in a square of 20. */
export function drawn(d: string): SVGElement {
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag))
  path?.setAttribute('d', d)
  svg?.setAttribute('viewBox', '0 0 20 20')
  svg?.setAttribute('aria-hidden', 'true')
  svg?.append(path ?? '')
  return svg as SVGElement
}

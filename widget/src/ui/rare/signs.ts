import { drawn, icon } from '../icons.ts'

const PATHS = {
  hand: 'M3 7h11l-3-3M17 13H6l3 3',
  glass: 'M10 2.5 4 4.8v4.4c0 4 2.6 6.8 6 8.3 3.4-1.5 6-4.3 6-8.3V4.8L10 2.5ZM10.8 6 8.6 9.8h2.8L9.2 13.6',
  in: 'M10 3v8M6.8 8 10 11.2 13.2 8M3.5 12v4.5h13V12',
  ok: 'm4.5 10.5 3.7 3.7 7.3-8',
}

/** Makes a drawn sign of the rarely needed ones. */
export function sign(name: keyof typeof PATHS | 'bad'): SVGElement {
  return name === 'bad' ? icon(name) : drawn(PATHS[name])
}

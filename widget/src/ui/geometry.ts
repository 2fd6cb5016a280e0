/** A rectangle in the viewport, in CSS pixels. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Where a field is, and what of it can be seen. */
export interface Placement {
  readonly box: Box
  /** The part that no scroll container cuts off. */
  readonly seen: Box
  readonly radius: string
  readonly layer: number
  /** There are 32 px free beside it for an avatar. */
  readonly room: boolean
}

/** Room that an avatar beside a field takes, in pixels. */
const AVATAR_ROOM = 32

/** Measures a field; undefined while it can't be seen: hidden, scrolled away, or covered by a menu, dialog or header. */
export function measure(element: HTMLElement): Placement | undefined {
  const box = element.getBoundingClientRect()
  if (box.width === 0 || box.height === 0) return undefined
  const visible = element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true
  if (!visible) return undefined
  const view = element.ownerDocument.defaultView ?? window
  let seen: Box = box
  let layer = 1
  for (let at = parentOf(element); at !== null; at = parentOf(at)) {
    const style = view.getComputedStyle(at)
    if (at !== element.ownerDocument.documentElement && at !== element.ownerDocument.body && style.overflow !== 'visible') {
      seen = intersect(seen, at.getBoundingClientRect())
    }
    if (style.zIndex !== 'auto' && style.zIndex !== '') layer = Math.max(1, Number(style.zIndex) || 0)
  }
  if (seen.right <= seen.left || seen.bottom <= seen.top || covered(element, seen, view)) return undefined
  const style = view.getComputedStyle(element)
  return { box, seen, radius: style.borderRadius, layer, room: hasRoom(element, box) }
}

/** Returns the part that two boxes share. */
export function intersect(a: Box, b: Box): Box {
  return {
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  }
}

/** Reports whether two boxes touch. */
export function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/** Reports whether something else is painted over the middle of what can be seen. Outside the window nobody can tell. */
function covered(element: HTMLElement, seen: Box, view: Window): boolean {
  const x = (seen.left + seen.right) / 2
  const y = (Math.max(seen.top, 0) + Math.min(seen.bottom, view.innerHeight)) / 2
  const hit = hitAt(element, x, y)
  return hit !== null && !belongs(element, hit)
}

function hasRoom(element: HTMLElement, box: Box): boolean {
  const view = element.ownerDocument.defaultView ?? window
  if (box.right + AVATAR_ROOM > view.document.documentElement.clientWidth) return false
  const hits = [4, AVATAR_ROOM].map((away) => hitAt(element, box.right + away, box.top + 14))
  return hits.every((hit) => hit !== null && (hit.contains(element) || hit.localName.startsWith('corsia-')))
}

function hitAt(element: HTMLElement, x: number, y: number): Element | null {
  const root = element.getRootNode() as Document | ShadowRoot
  return root.elementFromPoint?.(x, y) ?? null
}

/** Around the field there is only what it stands in, what it holds, its label, and what the widget draws. */
function belongs(element: HTMLElement, hit: Element): boolean {
  return element.contains(hit) || hit.contains(element) || hit.localName.startsWith('corsia-')
}

function parentOf(element: Element): Element | null {
  const parent = element.assignedSlot ?? element.parentNode
  if (parent === null) return null
  return 'host' in parent ? (parent as ShadowRoot).host : parent instanceof Element || 'matches' in parent ? (parent as Element) : null
}

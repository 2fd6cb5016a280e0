import { isOwn } from './element.ts'

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

/** What one look at the page has already found out about its elements; a look measures many fields with the same ancestors. */
export type Look = Map<Element, { readonly clip: Box | undefined; readonly layer: number }>

/** Room that an avatar beside a field takes, in pixels. */
const AVATAR_ROOM = 32

/** Measures a field; undefined while it can't be seen: hidden, scrolled away, or covered by a menu, dialog or header. */
export function measure(element: HTMLElement, look: Look, avatars: boolean): Placement | undefined {
  const { left, top, right, bottom } = element.getBoundingClientRect()
  const box = { left, top, right, bottom }
  const visible = element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true
  const { innerHeight } = element.ownerDocument.defaultView ?? window
  // What is more than a screen away is not drawn; scrolling brings it back long before it is seen.
  if (left === right || top === bottom || !visible || bottom < -innerHeight || top > 2 * innerHeight) return undefined
  let seen: Box = box
  let layer = 1
  for (let at = parentOf(element); at !== null; at = parentOf(at)) {
    const around = look.get(at) ?? lookAt(at)
    look.set(at, around)
    if (around.clip !== undefined) seen = intersect(seen, around.clip)
    layer = Math.max(layer, around.layer)
  }
  if (seen.right <= seen.left || seen.bottom <= seen.top || isCovered(element, seen)) return undefined
  return { box, seen, radius: styleOf(element).borderRadius, layer, room: avatars && hasRoom(element, box) }
}

function lookAt(element: Element): { clip: Box | undefined; layer: number } {
  const { overflow, zIndex } = styleOf(element)
  const { body, documentElement } = element.ownerDocument
  const clips = overflow !== 'visible' && element !== body && element !== documentElement
  return { clip: clips ? element.getBoundingClientRect() : undefined, layer: Number(zIndex) || 1 }
}

function styleOf(element: Element): CSSStyleDeclaration {
  return (element.ownerDocument.defaultView ?? window).getComputedStyle(element)
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
  const both = intersect(a, b)
  return both.left < both.right && both.top < both.bottom
}

/** Reports whether something else is painted over the middle of what can be seen. Outside the window nobody can tell. */
function isCovered(element: HTMLElement, seen: Box): boolean {
  const hit = hitAt(element, (seen.left + seen.right) / 2, (Math.max(seen.top, 0) + Math.min(seen.bottom, innerHeight)) / 2)
  return hit !== null && !element.contains(hit) && !isAround(element, hit)
}

function hasRoom(element: HTMLElement, box: Box): boolean {
  return [4, AVATAR_ROOM].every((away) => isAround(element, hitAt(element, box.right + away, box.top + 14)))
}

/** Reports whether what was hit is what the field stands in, or drawn by the widget. */
function isAround(element: HTMLElement, hit: Element | null): boolean {
  return hit !== null && (hit.contains(element) || isOwn(hit))
}

function hitAt(element: HTMLElement, x: number, y: number): Element | null {
  return (element.getRootNode() as Document | ShadowRoot).elementFromPoint(x, y)
}

function parentOf(element: Element): Element | null {
  return element.assignedSlot ?? element.parentElement ?? (element.parentNode as ShadowRoot | null)?.host ?? null
}

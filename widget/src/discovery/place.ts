/** What `compareDocumentPosition` answers. */
const DISCONNECTED = 1
const FOLLOWING = 4

/** The frames whose documents were opened: a document does not lead to its frame when the page itself is in one. */
const frames = new WeakMap<Node, Element>()

/** Notes in which frame of the page a document is shown. */
export function placeIn(frame: Element, document: Document): void {
  frames.set(document, frame)
}

/** Returns the element that a document or shadow root is shown in; undefined for the page itself. */
export function hostOf(root: Node): Element | undefined {
  return 'host' in root ? (root as ShadowRoot).host : frames.get(root)
}

/** Returns what the element stands in, as it is shown: through slots, shadow roots and frames; undefined at the top. */
export function parentOf(element: Element): Element | undefined {
  const { assignedSlot, parentNode } = element
  if (assignedSlot !== null && assignedSlot !== undefined) return assignedSlot
  if (parentNode === null) return undefined
  return parentNode.nodeType === 1 ? (parentNode as Element) : hostOf(parentNode)
}

/** Reports whether the element or something around it has the attribute. */
export function isUnder(element: Element, attribute: string): boolean {
  for (let at: Element | undefined = element; at !== undefined; at = parentOf(at)) if (at.hasAttribute(attribute)) return true
  return false
}

/** Reports whether the element is on the page, in a document that is shown. */
export function isShown(element: Element): boolean {
  for (let at: Node | undefined = element; at !== undefined; ) {
    if (!at.isConnected || at.ownerDocument?.defaultView === null) return false
    at = frames.get(at.ownerDocument as Document)
  }
  return true
}

/** Compares two elements by where they stand on the page, what is in a shadow root or frame coming after its host. */
export function inPageOrder(a: Element, b: Element): number {
  const position = a.compareDocumentPosition(b)
  if ((position & DISCONNECTED) === 0) return (position & FOLLOWING) === 0 ? 1 : -1
  const [way, other] = [wayTo(a), wayTo(b)]
  const fork = way.findIndex((step, depth) => step !== other[depth])
  const [one, two] = [way[fork], other[fork]]
  if (one === undefined || two === undefined) return way.length - other.length
  return (one.compareDocumentPosition(two) & FOLLOWING) === 0 ? 1 : -1
}

/** Returns the element that has the focus, in a shadow root or frame too. */
export function focusedIn(document: Document): Element | null {
  let focused = document.activeElement
  for (let inner = focused; inner; inner = inner.shadowRoot?.activeElement ?? documentIn(inner)?.activeElement ?? null) focused = inner
  return focused
}

/** Returns the document of a frame; undefined when it is another origin's, which is left alone, and for other elements. */
export function documentIn(element: Element): Document | undefined {
  if (element.localName !== 'iframe' && element.localName !== 'frame') return undefined
  return (element as HTMLIFrameElement).contentDocument ?? undefined
}

/** Returns the hosts around the element, outermost first, and the element itself. */
function wayTo(element: Element): Element[] {
  const way: Element[] = []
  for (let at: Element | undefined = element; at !== undefined; at = hostOf(at.getRootNode())) way.unshift(at)
  return way
}

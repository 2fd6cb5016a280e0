/** What can stand in an element: text, elements, or nothing. */
export type Child = Node | string | undefined | false

/** Makes an element, `name` being a tag and classes such as `div.a.b`, with children. Text is text, never markup. */
export function element(name: string, ...children: Child[]): HTMLElement {
  const [tag = '', ...classes] = name.split('.')
  const made = document.createElement(tag)
  made.className = classes.join(' ')
  made.append(...children.filter((child): child is Node | string => child !== undefined && child !== false))
  return made
}

/** Makes a button that does `work`. It is not one of the page's: it submits nothing and takes no focus from a field. */
export function button(name: string, label: string, work: () => void, ...children: Child[]): HTMLButtonElement {
  const made = element(`button${name}`, ...(children.length > 0 ? children : [label])) as HTMLButtonElement
  made.type = 'button'
  made.ariaLabel = label
  made.onmousedown = (event) => event.preventDefault()
  made.onclick = work
  return made
}

/** Gives a root a style sheet, in the way that a strict content security policy allows. Returns what takes it away. */
export function adopt(root: ShadowRoot | Document, css: string): () => void {
  const view = (root.ownerDocument ?? root).defaultView ?? window
  const sheet = new view.CSSStyleSheet()
  sheet.replaceSync(css)
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((one) => one !== sheet)
  }
}

/** Puts an element of the widget's own into `container`, with a shadow root that no style of the page reaches. */
export function island(container: Element, name: string, css: string, language: string): ShadowRoot {
  const host = container.ownerDocument.createElement(name)
  host.lang = language
  host.dataset['collabIgnore'] = '' // nothing in it is a field of the page
  // Shortcuts of the page are not for what is typed here.
  host.onkeydown = host.onkeyup = host.onkeypress = (event) => event.stopPropagation()
  const root = host.attachShadow({ mode: 'open' })
  container.append(host)
  adopt(root, css)
  return root
}

/** Reports whether it is one of the widget's own elements beside the page. */
export function isOwn(target: EventTarget | null): boolean {
  return (target as Element | null)?.localName?.startsWith('corsia-') === true
}

/** Reports whether the focus goes on to something in the page, which another event tells of, or passes through a dialog of the widget. */
export function isPassing({ relatedTarget }: FocusEvent): boolean {
  return relatedTarget !== null || document.querySelector('corsia-panel')?.shadowRoot?.querySelector('dialog') != null
}

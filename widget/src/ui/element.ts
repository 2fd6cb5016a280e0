/** What can stand in an element: text, elements, or nothing. */
export type Child = Node | string | undefined

/** Makes an element with a class and children. Text is text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  document: Document,
  tag: K,
  className = '',
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** Makes a button that does `work`. It is not one of the page's: it submits nothing and keeps the focus where it is. */
export function button(document: Document, className: string, label: Child, work: () => void): HTMLButtonElement {
  const made = element(document, 'button', className, label)
  made.type = 'button'
  made.addEventListener('mousedown', (event) => event.preventDefault())
  made.addEventListener('click', work)
  return made
}

/** Makes a style sheet, which a strict content security policy allows, and gives it to a root. */
export function adopt(root: ShadowRoot | Document, css: string): () => void {
  const view = (root instanceof Document || 'defaultView' in root ? root : root.ownerDocument).defaultView ?? window
  const sheet = new (view as typeof globalThis & Window).CSSStyleSheet()
  sheet.replaceSync(css)
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  return () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((one) => one !== sheet)
  }
}

/** Makes an element of the widget's own with a shadow root, which no style of the page reaches. */
export function island(document: Document, name: string, css: string): { host: HTMLElement; root: ShadowRoot } {
  const host = document.createElement(name)
  const root = host.attachShadow({ mode: 'open' })
  adopt(root, css)
  return { host, root }
}

import { Lifetime } from './lifetime.ts'

/** Who wants to hear of a window's navigation, and what ends the listening that they share. */
const watched = new WeakMap<Window, { readonly moved: Set<() => void>; readonly life: Lifetime }>()

/**
 * Tells when the address of a page may have changed without another page being loaded. The browser's Navigation API tells
 * of it; where there is none, `pushState` and `replaceState` of this page's history are wrapped, once for all widgets of
 * the page, until the last one ends. Returns what ends it.
 */
export function onNavigation(view: Window, moved: () => void): () => void {
  const known = watched.get(view)
  const { moved: all, life } = known ?? { moved: new Set(), life: new Lifetime() }
  all.add(moved)
  if (known === undefined) {
    watched.set(view, { moved: all, life })
    listen(view, life, () => [...all].forEach((one) => one()))
  }
  return () => {
    if (!all.delete(moved) || all.size > 0) return
    watched.delete(view)
    life.end()
  }
}

function listen(view: Window, life: Lifetime, moved: () => void): void {
  const { navigation, history } = view as Window & { navigation?: EventTarget }
  if (navigation !== undefined) return life.listen(navigation, 'currententrychange', moved)
  life.listen(view, 'popstate', moved)
  for (const name of ['pushState', 'replaceState'] as const) {
    const own = Object.hasOwn(history, name)
    const before = history[name]
    const wrapper = function (this: History, ...all: Parameters<History['pushState']>): void {
      before.apply(this, all)
      moved()
    }
    history[name] = wrapper
    life.add(() => {
      // What somebody wrapped around ours meanwhile stays; ours, within it, then tells nobody.
      if (history[name] !== wrapper) return
      if (own) history[name] = before
      else Reflect.deleteProperty(history, name)
    })
  }
}

/**
 * Keeps the widget's own root over the page: in the top layer, where no z-index and no transformed body counts, and
 * inside the page's open modal dialog, because nothing outside of that can be used.
 */
export class Top {
  #host: HTMLElement

  constructor(host: HTMLElement) {
    this.#host = host
    host.popover = 'manual'
    this.raise()
  }

  /** Looks where it has to be, and moves there. */
  raise(): void {
    const host = this.#host
    if (typeof host.showPopover !== 'function') return
    if (host.shadowRoot?.querySelector('dialog')) return // it lies over everything, and would be closed by moving
    const open = [...document.querySelectorAll('dialog[open]')].filter((dialog) => dialog.matches(':modal'))
    const place = open.at(-1) ?? document.documentElement
    if (host.parentNode !== place) place.append(host)
    else if (host.matches(':popover-open')) return
    host.showPopover()
  }
}

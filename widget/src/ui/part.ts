/** What is rarely needed: dialogs, notices, drafts, the chooser, Italian. */
export type Part = typeof import('./rare.ts')

let part: Promise<Part | undefined> | undefined

/** Gives the part, loaded once. Undefined when it can't be had now: that is told once, and the next call tries again. */
export function loadPart(): Promise<Part | undefined> {
  part ??= import('./rare.ts').catch((error: unknown) => {
    part = undefined
    console.warn('Corsia: a part of the widget could not be loaded', error)
    return undefined
  })
  return part
}

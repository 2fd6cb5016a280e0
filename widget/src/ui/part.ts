/** What is rarely needed: dialogs, notices, tooltips, drafts, the chooser, Italian. */
export type Part = typeof import('./rare.ts')

let part: Promise<Part | undefined> | undefined

/** What is said when the part is missing, in English or in Italian: the other words in Italian are in the part itself. */
export const MISSING = [
  'Part of Corsia is missing. Try now',
  'Manca una parte di Corsia. Riprova',
] as const

/** Gives the part, loaded once. Undefined when it can't be had now: that is told once, and the next call tries again. */
export function loadPart(): Promise<Part | undefined> {
  part ??= import('./rare.ts').catch((error: unknown) => {
    part = undefined
    console.warn('Corsia: a part of the widget could not be loaded', error)
    return undefined
  })
  return part
}

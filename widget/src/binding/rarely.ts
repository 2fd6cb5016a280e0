import type { EditableControl } from './editable.ts'

/** The class of that control. */
export type Editable = typeof EditableControl

let editable: Editable | undefined

/** The control of editable text, which few pages have; undefined until it was loaded. */
export function editableControl(): Editable | undefined {
  return editable
}

/** Loads the control of editable text. What has none then is left alone, and asked for again with the next such field. */
export async function loadEditable(): Promise<void> {
  try {
    editable = (await import('./editable.ts')).EditableControl
  } catch (error) {
    console.warn('Corsia: a part of the widget could not be loaded', error)
  }
}

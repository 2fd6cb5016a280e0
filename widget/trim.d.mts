/** Returns Yjs's source without what the widget leaves out. */
export function trimYjs(source: string): string

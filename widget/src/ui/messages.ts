import { en } from './messages.en.ts'
import type { Messages } from './messages.en.ts'
import { it } from './messages.it.ts'

/** Returns the words for a language tag such as `it-CH`; English for languages that are not here. */
export function messagesFor(locale: string): Messages {
  return /^it\b/i.test(locale) ? it : en
}

import { button, element } from '../element.ts'
import type { ConflictView } from '../model.ts'
import type { RareWords } from './words.en.ts'

/**
 * Makes the card with the two values of a field (G4). Neither is preselected, nothing happens until one is chosen, and
 * Escape or the last button only puts the card away.
 */
export function chooser(
  label: string,
  { mine, theirs, by, typed }: ConflictView,
  words: RareWords,
  choose: (which: 'mine' | 'theirs') => void,
  later: () => void,
): HTMLElement {
  const option = (which: 'mine' | 'theirs', value: string, whose: string): HTMLElement => {
    const what = value.trim() === '' ? words.empty : value
    const use = button('.b.s', `${words.use}: ${what}, ${whose}`, () => choose(which))
    use.textContent = words.use
    return element('div.op', element('div', element(`div.v${what === value ? '' : '.mut'}`, what), element('small', whose)), use)
  }
  const card = element(
    'div.cv',
    element('b', words.hasTwo(label)),
    element('p.mut', words.whyTwo),
    option('mine', mine, typed === true ? words.typedHere : words.onPage),
    option('theirs', theirs, words.shared(by)),
    button('.lk', words.later, later),
  )
  card.role = 'group'
  card.ariaLabel = words.hasTwo(label)
  card.onkeydown = (event) => {
    if (event.key === 'Escape') later()
  }
  return card
}

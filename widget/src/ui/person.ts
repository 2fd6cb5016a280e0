import type { User } from '../protocol.ts'

/** White initials reach 4.5 : 1 on each. Never red, orange or the ring's green, which mean something else. */
const COLOURS = ['#283593', '#00695c', '#6a1b9a', '#4e342e', '#0b57a4', '#7b1f5c', '#37474f', '#5d4c00']
const TITLES = /^(dr|dott|dottssa|prof|profssa|mr|mrs|ms|sr|suor)$/i

/** How a person is shown. */
export interface Person {
  readonly userId: string
  readonly name: string
  readonly role: string
  readonly initials: string
  readonly colour: string
  readonly you: boolean
  readonly viewing: boolean
}

/** Returns the people of a room as they are shown: in the order given, with the colours that the gateway chose if they can be read. */
export function people(users: readonly User[], ownId: string): Person[] {
  return users.map((user, index) => ({
    userId: user.userId,
    name: user.name,
    role: roleName(user.role),
    initials: initials(user.name),
    colour: readable(user.color) ? user.color : (COLOURS[index % COLOURS.length] ?? ''),
    you: user.userId === ownId,
    viewing: user.mode === 'viewer',
  }))
}

/** Returns one or two letters: of the first and the last name, without titles. */
export function initials(name: string): string {
  const words = name.split(/[\s.]+/).filter((word) => word !== '' && !TITLES.test(word))
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '')
  return letters.join('').toUpperCase() || '?'
}

/** Returns a role such as `ward_nurse` as words. */
export function roleName(role: string): string {
  const words = role.replace(/[_-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Reports whether white letters can be read on the colour (4.5 : 1). */
export function readable(colour: string): boolean {
  const match = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour)
  if (match === null) return false
  const [red = 0, green = 0, blue = 0] = match.slice(1).map((pair) => {
    const part = parseInt(pair, 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5
}

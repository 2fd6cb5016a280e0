/** A seeded source of random numbers, so that a history can be made again from its seed. */
export class Random {
  #state

  constructor (seed) {
    this.#state = (Math.imul(seed, 2654435761) + 12345) >>> 0
  }

  /** A number in [0, 1). */
  next () {
    this.#state = (this.#state + 0x6D2B79F5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  chance (p) {
    return this.next() < p
  }

  below (n) {
    return Math.floor(this.next() * n)
  }

  pick (list) {
    return list[this.below(list.length)]
  }
}

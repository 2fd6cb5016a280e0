import * as Y from 'yjs'

const WORDS = ['a', 'B', 'patient ', 'é', 'ü漢字', '😀', '👩‍⚕️', '\n', '0.5mg ', 'x'.repeat(30), '𝒳y', 'क्षि']

/** Makes random edits of every kind that yjs has in the roots of a document. */
export class Writer {
  /** @param {boolean} surrogates may edits cut surrogate pairs apart? */
  constructor (random, { surrogates = false, textOnly = false, plain = false } = {}) {
    this.random = random
    this.surrogates = surrogates
    this.textOnly = textOnly
    this.plain = plain
  }

  edit (roots) {
    const kind = this.random.below(this.textOnly ? 4 : 10)
    if (kind < 4) this.editText(this.random.pick([roots.t0, roots.t1]))
    else if (kind < 6) this.editMap(roots.m, 0)
    else if (kind < 8) this.editArray(roots.a, 0)
    else this.editXML(roots.x, 0)
  }

  words () {
    return Array.from({ length: 1 + this.random.below(4) }, () => this.random.pick(WORDS)).join('')
  }

  value (depth = 0) {
    const r = this.random
    switch (r.below(depth > 1 ? 10 : 13)) {
      case 0: return r.below(100)
      case 1: return -r.below(1e9)
      case 2: return r.next() * 1000
      case 3: return this.words()
      case 4: return r.chance(0.5)
      case 5: return null
      case 6: return 2 ** 40 + r.below(1000)
      case 7: return new Uint8Array([r.below(256), r.below(256), 0])
      case 8: return ''
      case 9: return r.pick([undefined, -0, 0.5, 2 ** 31, -(2 ** 31)])
      case 10: return [this.value(depth + 1), this.value(depth + 1)]
      case 11: return { k: this.value(depth + 1), z: this.value(depth + 1) }
      default: return BigInt(r.below(1e9)) * 1000003n
    }
  }

  /** A value that an array takes: yjs refuses big integers and undefined there. */
  element () {
    for (;;) {
      const v = this.value()
      if (typeof v !== 'bigint' && v !== undefined) return v
    }
  }

  nested () {
    const r = this.random
    switch (r.below(6)) {
      case 0: { const map = new Y.Map(); map.set('p', this.value()); return map }
      case 1: { const array = new Y.Array(); array.insert(0, [this.element(), this.element()]); return array }
      case 2: return new Y.Doc({ guid: 'doc-' + r.below(1000) })
      case 3: { const text = new Y.Text(); text.insert(0, this.words(), { bold: true }); return text }
      default: return new Y.Text(this.words())
    }
  }

  /** The position at or before p that does not cut a surrogate pair. */
  whole (text, p) {
    if (this.surrogates) return p
    let start = 0
    for (const op of text.toDelta()) {
      const length = typeof op.insert === 'string' ? op.insert.length : 1
      if (p < start + length) {
        const unit = typeof op.insert === 'string' && p > start ? op.insert.charCodeAt(p - start) : 0
        return unit >= 0xDC00 && unit <= 0xDFFF ? p - 1 : p
      }
      start += length
    }
    return p
  }

  editText (text) {
    const r = this.random
    const length = text.length
    const kind = r.below(this.plain ? 8 : 10)
    const position = () => this.whole(text, r.below(length + 1))
    const range = most => {
      const start = position()
      return [start, this.whole(text, Math.min(length, start + 1 + r.below(most))) - start]
    }
    if (kind < 5 || length === 0) {
      const formats = r.chance(0.2) && !this.plain ? { bold: r.pick([true, null]), color: r.pick(['red', 'blue']) } : undefined
      text.insert(position(), this.words(), formats)
    } else if (kind < 8) {
      const [start, n] = range(8)
      if (n > 0) text.delete(start, n)
    } else if (kind < 9) {
      const [start, n] = range(20)
      if (n > 0) text.format(start, n, r.pick([{ bold: true }, { bold: null }, { color: 'red' }, { color: null, bold: true }]))
    } else {
      text.insertEmbed(position(), { img: this.words() })
    }
  }

  editMap (map, depth) {
    const r = this.random
    const key = 'k' + r.below(5)
    const kind = r.below(10)
    if (kind < 5) map.set(key, this.value())
    else if (kind < 7) map.delete(key)
    else if (kind < 8) map.set(key, this.nested())
    else this.editInside(map.get(key), depth)
  }

  editArray (array, depth) {
    const r = this.random
    const kind = r.below(10)
    const n = array.length
    if (kind < 5 || n === 0) {
      array.insert(r.below(n + 1), Array.from({ length: 1 + r.below(3) }, () => this.element()))
    } else if (kind < 7) {
      const start = r.below(n)
      array.delete(start, Math.min(n - start, 1 + r.below(3)))
    } else if (kind < 8) array.insert(r.below(n + 1), [this.nested()])
    else this.editInside(array.get(r.below(n)), depth)
  }

  editInside (type, depth) {
    if (depth > 2) return
    if (type instanceof Y.Text) this.editText(type)
    else if (type instanceof Y.Map) this.editMap(type, depth + 1)
    else if (type instanceof Y.Array) this.editArray(type, depth + 1)
  }

  xmlNode () {
    const r = this.random
    const kind = r.below(10)
    if (kind < 5) {
      const element = new Y.XmlElement(r.pick(['p', 'div', 'li']))
      if (r.chance(0.5)) element.setAttribute('id', this.words())
      return element
    }
    if (kind < 6) return new Y.XmlHook('hook')
    const text = new Y.XmlText()
    text.insert(0, this.words())
    return text
  }

  editXML (node, depth) {
    const r = this.random
    const kind = r.below(10)
    const n = node.length
    if (kind < 3 || n === 0) {
      node.insert(r.below(n + 1), [this.xmlNode()])
    } else if (kind < 5) {
      const start = r.below(n)
      node.delete(start, Math.min(n - start, 1 + r.below(2)))
    } else {
      const child = node.get(r.below(n))
      if (child instanceof Y.XmlText) this.editText(child)
      else if (child instanceof Y.XmlElement) {
        if (r.chance(0.3)) child.setAttribute(r.pick(['id', 'cls']), this.words())
        else if (depth < 2) this.editXML(child, depth + 1)
      }
    }
  }
}

/** Elements that stand on lines of their own. */
const BLOCK = /^(DIV|P|LI|UL|OL|DL|D[DT]|PRE|H\d|BLOCKQUOTE|SECTION|ARTICLE)$/

/** What the style of an element keeps of the white space in its text nodes; the rest collapses to single spaces. */
export interface WhiteSpace {
  readonly spaces: boolean
  readonly breaks: boolean
}

/** What one node contributes to the text of an element. */
export interface Piece {
  /** A text node, or a `br`; undefined for the line break before or after a block. */
  readonly node: Node | undefined
  readonly text: string
  /** Where each code unit of `text` stands in the node's data; undefined when they stand in the same places. */
  readonly at: readonly number[] | undefined
}

/** Returns what the element's nodes contribute to its text. The break that a browser leaves at the end is nothing. */
export function piecesOf(element: HTMLElement, keeps: WhiteSpace): Piece[] {
  const found: Piece[] = []
  let ended = false // a block has, and the next text stands on another line
  const isFresh = (): boolean => found.length === 0 || /\n$/.test(found.at(-1)?.text ?? '')
  /** Spaces at the end of a line are not shown. */
  const trim = (): void => {
    const last = found.at(-1)
    if (last?.node !== undefined && !keeps.spaces && last.text.endsWith(' ')) {
      found[found.length - 1] = { ...last, text: last.text.slice(0, -1), at: last.at?.slice(0, -1) }
    }
  }
  const end = (node: Node | undefined): void => {
    trim()
    found.push({ node, text: '\n', at: undefined })
  }
  const startLine = (): void => {
    if (!isFresh()) end(undefined)
    ended = false
  }
  const walk = (parent: Node): void => {
    for (const node of parent.childNodes) {
      const isText = node.nodeType === 3
      const isBlock = BLOCK.test(node.nodeName)
      if (isText) {
        const fresh = ended || isFresh() || / $/.test(found.at(-1)?.text ?? '')
        const piece = pieceOf(node as Text, keeps, fresh)
        if (piece.text === '') continue
        if (ended) startLine()
        found.push(piece)
      } else if (node.nodeName === 'BR') {
        if (ended) startLine()
        end(node)
      } else {
        if (isBlock) startLine()
        walk(node)
        if (isBlock) ended = true
      }
    }
  }
  walk(element)
  const last = found.at(-1)
  if (last?.node?.nodeName === 'BR') found.splice(-1, 1, { ...last, text: '' })
  else trim()
  return found
}

/** Collapses what the element's style does not keep; `fresh`: after a space or at the start of a line. */
function pieceOf(node: Text, keeps: WhiteSpace, fresh: boolean): Piece {
  const { data } = node
  const collapses = keeps.spaces ? /(?!)/ : keeps.breaks ? /[ \t\r\f]/ : /[ \t\r\f\n]/
  if (!collapses.test(data)) return { node, text: data, at: undefined }
  let text = ''
  const at: number[] = []
  for (let index = 0; index < data.length; index++) {
    const unit = data.charAt(index)
    const space = collapses.test(unit)
    if (space && (text === '' ? fresh : /[ \n]$/.test(text))) continue
    text += space ? ' ' : unit
    at.push(index)
  }
  return { node, text, at: text === data ? undefined : at }
}

/* Corsia CollabSDK. Includes yjs, lib0 and socket.io-client (MIT): collab-sdk.licences.txt. */
document.currentScript.corsia((host, $part) => {const { y: hasFocus, z: announce, p: Lifetime, A: borrowAttribute, B: diff } = host


const BLOCK = /^(DIV|P|LI|UL|OL|DL|D[DT]|PRE|H\d|BLOCKQUOTE|SECTION|ARTICLE)$/;
function piecesOf(element, keeps) {
  const found = [];
  let ended = false;
  const isFresh = () => found.length === 0 || /\n$/.test(found.at(-1)?.text ?? "");
  const trim = () => {
    const last2 = found.at(-1);
    if (last2?.node !== void 0 && !keeps.spaces && last2.text.endsWith(" ")) {
      found[found.length - 1] = { ...last2, text: last2.text.slice(0, -1), at: last2.at?.slice(0, -1) };
    }
  };
  const end = (node) => {
    trim();
    found.push({ node, text: "\n", at: void 0 });
  };
  const startLine = () => {
    if (!isFresh()) end(void 0);
    ended = false;
  };
  const walk = (parent) => {
    for (const node of parent.childNodes) {
      const isText = node.nodeType === 3;
      const isBlock = BLOCK.test(node.nodeName);
      if (isText) {
        const fresh = ended || isFresh() || / $/.test(found.at(-1)?.text ?? "");
        const piece = pieceOf(node, keeps, fresh);
        if (piece.text === "") continue;
        if (ended) startLine();
        found.push(piece);
      } else if (node.nodeName === "BR") {
        if (ended) startLine();
        end(node);
      } else {
        if (isBlock) startLine();
        walk(node);
        if (isBlock) ended = true;
      }
    }
  };
  walk(element);
  const last = found.at(-1);
  if (last?.node?.nodeName === "BR") found.splice(-1, 1, { ...last, text: "" });
  else trim();
  return found;
}
function pieceOf(node, keeps, fresh) {
  const { data } = node;
  const collapses = keeps.spaces ? /(?!)/ : keeps.breaks ? /[ \t\r\f]/ : /[ \t\r\f\n]/;
  if (!collapses.test(data)) return { node, text: data, at: void 0 };
  let text = "";
  const at = [];
  for (let index = 0; index < data.length; index++) {
    const unit = data.charAt(index);
    const space = collapses.test(unit);
    if (space && (text === "" ? fresh : /[ \n]$/.test(text))) continue;
    text += space ? " " : unit;
    at.push(index);
  }
  return { node, text, at: text === data ? void 0 : at };
}

class EditableControl {
  element;
  #readOnly;
  constructor(element) {
    this.element = element;
  }
  read() {
    const text = this.#pieces().map((piece) => piece.text).join("");
    return this.#whiteSpace.spaces ? text : text.replaceAll("\xA0", " ");
  }
  shape(text) {
    return this.#whiteSpace.spaces ? text : text.replaceAll(/[\u00a0\t\r\f]/g, " ");
  }
  selection() {
    const root = this.element.getRootNode();
    const selection = root.getSelection?.() ?? this.element.ownerDocument.getSelection();
    if (!hasFocus(this.element) || selection === null || selection.rangeCount === 0) return void 0;
    const range = selection.getRangeAt(0);
    if (!this.element.contains(range.startContainer) || !this.element.contains(range.endContainer)) return void 0;
    const start = this.#offsetOf(range.startContainer, range.startOffset);
    const end = this.#offsetOf(range.endContainer, range.endOffset);
    const backward = selection.focusNode === range.startContainer && selection.focusOffset === range.startOffset;
    return { start, end, direction: start < end && backward ? "backward" : "forward" };
  }
  write(text, selection) {
    const { scrollTop, scrollLeft } = this.element;
    if (!this.#patch(text)) this.#fill(text);
    if (selection !== void 0) this.#select(selection);
    this.element.scrollTop = scrollTop;
    this.element.scrollLeft = scrollLeft;
    announce(this.element);
  }
  setReadOnly(readOnly) {
    if (readOnly === (this.#readOnly !== void 0)) return;
    this.#readOnly?.end();
    this.#readOnly = void 0;
    if (!readOnly) return;
    this.#readOnly = new Lifetime();
    this.#readOnly.add(borrowAttribute(this.element, "aria-readonly", "true"));
    for (const type of ["beforeinput", "drop", "paste", "cut"]) {
      this.#readOnly.listen(this.element, type, (event) => event.preventDefault(), { capture: true });
    }
  }
  get #whiteSpace() {
    const style = this.element.ownerDocument.defaultView?.getComputedStyle(this.element).whiteSpace ?? "";
    return { spaces: /^(pre$|pre-wrap|break)/.test(style), breaks: /^(pre|break)/.test(style) };
  }
  #pieces() {
    return piecesOf(this.element, this.#whiteSpace);
  }
  /** Changes one text node if that is enough: what else is in the element stays as the page made it. */
  #patch(text) {
    const now = this.read();
    const splice = diff(now, text);
    if (splice === void 0) return true;
    if (now.endsWith("\n") || text.endsWith("\n")) return false;
    const { start, deleted, inserted } = splice;
    let before = 0;
    for (const { node, text: part, at } of this.#pieces()) {
      const from = start - before;
      before += part.length;
      if (from > part.length || node?.nodeType !== 3) continue;
      const fits = start + deleted <= before && at === void 0 && part.length - deleted + inserted.length > 0;
      if (!fits) return false;
      node.replaceData(from, deleted, inserted);
      return this.read() === text;
    }
    return false;
  }
  /** Where white space is kept, a line break is a character of the text; elsewhere it needs an element. */
  #fill(text) {
    const document = this.element.ownerDocument;
    const { spaces, breaks } = this.#whiteSpace;
    const shown = spaces ? text : text.replaceAll(/^ | $| (?= )/gm, "\xA0");
    const nodes = breaks ? [shown] : shown.split("\n").flatMap((line, index) => index === 0 ? line : [document.createElement("br"), line]);
    if (text.endsWith("\n")) nodes.push(document.createElement("br"));
    this.element.replaceChildren(...nodes.filter((node) => node !== ""));
  }
  #offsetOf(container, offset) {
    let before = 0;
    const next = container.childNodes[offset];
    for (const { node, text, at } of this.#pieces()) {
      if (node === container && node.nodeType === 3) {
        return before + Math.min(at === void 0 ? offset : at.filter((raw) => raw < offset).length, text.length);
      }
      if (node !== void 0 && isBehind(node, container, next)) return before;
      before += text.length;
    }
    return before;
  }
  #select({ start, end, direction }) {
    const points = [this.#pointAt(start), this.#pointAt(end)];
    if (direction === "backward") points.reverse();
    const [from, to] = points;
    this.element.ownerDocument.getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }
  #pointAt(position) {
    let before = 0;
    for (const { node, text, at } of this.#pieces()) {
      const inside = position - before;
      if (node?.nodeType === 3 && inside <= text.length) return { node, offset: at?.[inside] ?? (at ? (at.at(-1) ?? -1) + 1 : inside) };
      if (node !== void 0 && node.nodeType !== 3 && inside <= 0) {
        const parent = node.parentNode ?? this.element;
        return { node: parent, offset: [...parent.childNodes].indexOf(node) };
      }
      before += text.length;
    }
    return { node: this.element, offset: this.element.childNodes.length };
  }
}
function isBehind(node, container, next) {
  if (next?.contains(node) === true) return true;
  const follows = (next ?? container).compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING;
  return follows !== 0 && (next !== void 0 || !container.contains(node));
}



return {EditableControl: EditableControl} })
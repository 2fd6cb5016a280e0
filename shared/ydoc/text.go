package ydoc

// Text returns the plain text of a root: its strings without formats and
// embeds, as toString of a Y.Text. It is built once after each change of that
// root.
func (d *Doc) Text(root string) string {
	t := d.lookup(root)
	if t == nil {
		return ""
	}
	return t.plainText()
}

// TextLength returns the length of a root's list in UTF-16 units, in which an
// embed or an element of an array counts one.
func (d *Doc) TextLength(root string) int {
	if t := d.lookup(root); t != nil {
		return int(t.length)
	}
	return 0
}

func (t *sharedType) plainText() string {
	if t.textValid {
		return t.text
	}
	n := 0
	for it := t.start; it != nil; it = it.right {
		if it.kind == kindString && !it.deleted() {
			n += len(it.data)
		}
	}
	b := make([]byte, 0, n)
	for it := t.start; it != nil; it = it.right {
		if it.kind == kindString && !it.deleted() {
			b = append(b, it.data...)
		}
	}
	t.text, t.textValid = string(b), true
	return t.text
}

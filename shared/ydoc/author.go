package ydoc

// Piece is content that one client has inserted in one go, as far as it is still there.
type Piece struct {
	Root, Key string // of the field, as in Touch; both empty: the document does not know any more where it was
	Client    ClientID
	Clock     uint32 // of its first unit
	Text      string // of what is text
	Values    []any  // of what is not, as MapValue returns them; a format is {"format": its name, "value": …}; nil: Text
	Lost      uint32 // units of which nothing is left but their number

	next uint32 // the clock after the last unit
}

// maxPieceBytes is from where on text that follows begins another piece.
const maxPieceBytes = 4096

// Pieces returns what an update inserts, in ascending order of clients and clocks. The update is one of this document's
// journal: the document has all of it, and knows which fields it was in.
func (d *Doc) Pieces(update []byte) ([]Piece, error) {
	u := buffers.Get().(*decoded)
	defer func() {
		u.reset()
		buffers.Put(u)
	}()
	if err := u.decode(update, trusted); err != nil {
		return nil, err
	}
	var all []Piece
	for i := range u.items {
		it := &u.items[i]
		if it.kind == kindSkip {
			continue
		}
		p := pieceOf(it)
		if known := d.structs(it.client).covering(it.clock); known != nil && known.parent != nil {
			p.Root, p.Key = known.parent.place(known.key())
		} else if it.flags&rootParent != 0 {
			p.Root, p.Key = string(u.parents[it.stamp].root), string(u.parents[it.stamp].key)
		}
		all = appendPiece(all, p)
	}
	return all, nil
}

// WrittenBy returns what the document has of a client's, in the order in which it was written.
func (d *Doc) WrittenBy(client ClientID) []Piece {
	cs := d.structs(client)
	if cs == nil {
		return nil
	}
	var all []Piece
	for _, block := range cs.blocks {
		for _, s := range block {
			p := pieceOf(s.item)
			if s.item.parent != nil {
				p.Root, p.Key = s.item.parent.place(s.item.key())
			}
			all = appendPiece(all, p)
		}
	}
	return all
}

func pieceOf(it *item) Piece {
	p := Piece{Client: it.client, Clock: it.clock, next: it.end()}
	switch {
	case it.deleted():
		p.Lost = it.length
	case it.kind == kindString:
		p.Text = string(it.data)
	case it.kind == kindAny || it.kind == kindJSON:
		p.Values = []any{}
		for i := range it.values() {
			p.Values = append(p.Values, it.valueAt(i))
		}
	case it.kind == kindFormat:
		r := reader{buf: it.data, lim: trusted}
		name := string(r.key())
		p.Values = []any{map[string]any{"format": name, "value": decodeJSON(it.data[r.pos:])}}
	case it.kind == kindType:
		_, name := typeOf(it)
		p.Values = []any{map[string]any{"element": name}} // what is in it has pieces of its own
	default:
		p.Values = []any{it.lastValue(0)}
	}
	return p
}

// appendPiece appends a piece, or makes the last one longer: what was typed in one go lies in many structs when somebody else
// has written in between.
func appendPiece(all []Piece, p Piece) []Piece {
	if n := len(all) - 1; n >= 0 {
		last := &all[n]
		follows := last.Client == p.Client && last.next == p.Clock && last.Root == p.Root && last.Key == p.Key
		switch {
		case follows && last.Text != "" && p.Text != "" && len(last.Text) < maxPieceBytes:
			last.Text, last.next = last.Text+p.Text, p.next
			return all
		case follows && last.Lost > 0 && p.Lost > 0:
			last.Lost, last.next = last.Lost+p.Lost, p.next
			return all
		}
	}
	return append(all, p)
}

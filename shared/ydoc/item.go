package ydoc

// contentKind is the content tag of the wire.
type contentKind uint8

const (
	kindGC      contentKind = 0 // collected: nothing is left but the length
	kindDeleted contentKind = 1
	kindJSON    contentKind = 2
	kindBinary  contentKind = 3
	kindString  contentKind = 4
	kindEmbed   contentKind = 5
	kindFormat  contentKind = 6
	kindType    contentKind = 7
	kindAny     contentKind = 8
	kindDoc     contentKind = 9
	kindSkip    contentKind = 10 // a hole in an update, never in a document
)

type itemFlags uint8

const (
	hasOrigin itemFlags = 1 << iota
	hasRightOrigin
	isDeleted
	hasKey
	rootParent   // decoded, not integrated: the parent is a named root
	itemParent   // decoded, not integrated: the parent is the type of another item
	freshDeleted // deleted by the running transaction
	foreign      // names a unit of another client

	explicitParent = rootParent | itemParent
)

// item is one struct: a run of content by one client, between its neighbours
// in a shared type. It is decoded into and integrated in place. The ids of
// its origins are flat fields because they would take 24 bytes more otherwise.
type item struct {
	client       ClientID
	clock        uint32
	length       uint32
	originClient ClientID
	rightClient  ClientID
	originClock  uint32
	rightClock   uint32
	stamp        uint32 // decoded: index of its explicit parent; integrated: of the last conflict scan
	kind         contentKind
	flags        itemFlags

	left, right *item
	parent      *sharedType
	detail      *detail // nil for plain text
	data        []byte  // text, or the content as it is on the wire; owned by the item
}

// detail is what only some items need.
type detail struct {
	key   string      // of the map entry, with hasKey
	child *sharedType // kindType
	ends  []uint32    // several JSON or Any values: where each ends in data, plus base
	base  uint32
}

// sharedType is a text, map, array or XML node: a list, or entries, or both.
type sharedType struct {
	name    string      // of a root
	root    *sharedType // itself for a root
	rootKey string      // nested: the map key directly under the root that leads here
	depth   int         // 0 for a root
	item    *item       // that holds this type; nil for a root
	start   *item
	entries map[string]*item // the newest item of each key
	length  uint32           // units that are not deleted, without formats

	text      string // cache of the plain text
	textValid bool
	cursor    cursor
}

// cursor remembers where the last local edit was, so that the next one does
// not count from the start. Any other change of the list forgets it.
type cursor struct {
	item  *item // nil: nothing remembered
	index uint32
}

func (it *item) deleted() bool   { return it.flags&isDeleted != 0 }
func (it *item) countable() bool { return it.kind != kindDeleted && it.kind != kindFormat }
func (it *item) end() uint32     { return it.clock + it.length }

func (it *item) key() string {
	if it.detail == nil {
		return ""
	}
	return it.detail.key
}

func (it *item) child() *sharedType {
	if it.kind != kindType || it.detail == nil {
		return nil
	}
	return it.detail.child
}

func (it *item) setOrigin(client ClientID, clock uint32) {
	it.flags |= hasOrigin
	it.originClient, it.originClock = client, clock
}

func (it *item) setRightOrigin(client ClientID, clock uint32) {
	it.flags |= hasRightOrigin
	it.rightClient, it.rightClock = client, clock
}

func (it *item) sameOrigin(o *item) bool {
	if (it.flags^o.flags)&hasOrigin != 0 {
		return false
	}
	return it.flags&hasOrigin == 0 || it.originClock == o.originClock && it.originClient == o.originClient
}

func (it *item) sameRightOrigin(o *item) bool {
	if (it.flags^o.flags)&hasRightOrigin != 0 {
		return false
	}
	return it.flags&hasRightOrigin == 0 || it.rightClock == o.rightClock && it.rightClient == o.rightClient
}

// values is the number of JSON or Any values.
func (it *item) values() int {
	if it.detail == nil || it.detail.ends == nil {
		return 1
	}
	return len(it.detail.ends)
}

// value returns the encoded i-th JSON or Any value.
func (it *item) value(i int) []byte {
	if it.detail == nil || it.detail.ends == nil {
		return it.data
	}
	return it.data[it.valueStart(i) : it.detail.ends[i]-it.detail.base]
}

func (it *item) valueStart(i int) uint32 {
	if i == 0 || it.detail == nil || it.detail.ends == nil {
		return 0
	}
	return it.detail.ends[i-1] - it.detail.base
}

// cutContent moves the content from the unit at onwards into right. Ends are
// shared, so that cutting a long array often does not copy it each time.
func (it *item) cutContent(right *item, at uint32) {
	switch it.kind {
	case kindString:
		it.data, right.data = cutText(it.data, it.length, at)
	case kindAny, kindJSON:
		cut := it.valueStart(int(at))
		ends, base := it.detail.ends, it.detail.base
		right.data, it.data = it.data[cut:], it.data[:cut:cut]
		shared := *it.detail
		shared.ends, shared.base = ends[at:], base+cut
		right.detail = &shared
		own := *it.detail
		own.ends = ends[:at:at]
		it.detail = &own
	}
}

// split cuts the item before the unit at and returns the right half, linked
// into the list but not yet into the client's structs.
func (it *item) split(at uint32) *item {
	right := &item{
		client: it.client, clock: it.clock + at, length: it.length - at,
		rightClient: it.rightClient, rightClock: it.rightClock,
		kind: it.kind, flags: it.flags,
		left: it, right: it.right, parent: it.parent, detail: it.detail,
	}
	right.setOrigin(it.client, right.clock-1)
	it.cutContent(right, at)
	it.length = at
	it.right = right
	if right.right != nil {
		right.right.left = right
	}
	if t := it.parent; t != nil {
		t.textValid = false // cutting a surrogate pair changes the text
		if right.right == nil && right.flags&hasKey != 0 {
			t.entries[right.key()] = right
		}
	}
	return right
}

// precedes reports whether right is the next struct of the item's client.
func (it *item) precedes(right *item) bool {
	return it.client == right.client && it.end() == right.clock
}

// joins reports whether right, the next struct of the same client, and the
// item can be one struct.
func (it *item) joins(right *item) bool {
	if it.kind != right.kind || (it.flags^right.flags)&isDeleted != 0 {
		return false
	}
	switch it.kind {
	case kindGC:
		return true
	case kindString, kindAny, kindJSON, kindDeleted:
		return it.right == right && right.flags&hasOrigin != 0 && right.originClock == it.end()-1 &&
			right.originClient == it.client && it.sameRightOrigin(right)
	}
	return false
}

// absorb appends right to the item if the two can be one struct, and reports
// whether it did. Nothing refers to right after that.
func (it *item) absorb(right *item) bool {
	if !it.joins(right) {
		return false
	}
	switch it.kind {
	case kindGC:
		it.length += right.length
		return true
	case kindString:
		it.data = append(it.data, right.data...)
	case kindAny, kindJSON:
		it.appendValues(right)
	}
	if t := it.parent; t != nil {
		if right.flags&hasKey != 0 && t.entries[right.key()] == right {
			t.entries[right.key()] = it
		}
		if t.cursor.item == right {
			t.cursor.moveTo(it)
		}
	}
	it.right = right.right
	if it.right != nil {
		it.right.left = it
	}
	it.length += right.length
	return true
}

// moveTo follows the cursor's item into its left neighbour, before the
// lengths are added up.
func (c *cursor) moveTo(left *item) {
	c.item = left
	if left.countable() && !left.deleted() {
		c.index -= left.length
	}
}

func (it *item) appendValues(right *item) {
	d := &detail{}
	if it.detail != nil {
		*d = *it.detail
	}
	if d.ends == nil {
		d.ends = append(make([]uint32, 0, 1+right.values()), uint32(len(it.data))+d.base)
	}
	offset := d.base + uint32(len(it.data))
	for i := range right.values() {
		d.ends = append(d.ends, offset+right.valueStart(i)+uint32(len(right.value(i))))
	}
	it.data = append(it.data, right.data...)
	it.detail = d
}

// lookup returns the named root, or nil when nothing was ever written to it.
func (d *Doc) lookup(name string) *sharedType { return d.roots[name] }

// root returns the named root and makes it if need be.
func (d *Doc) root(name []byte) *sharedType {
	t := d.roots[string(name)]
	if t == nil {
		t = &sharedType{name: string(name)}
		t.root = t
		d.roots[t.name] = t
	}
	return t
}

// newChild makes the type that an item of kindType holds.
func newChild(it *item) *sharedType {
	p := it.parent
	t := &sharedType{item: it, root: p.root, rootKey: p.rootKey, depth: p.depth + 1}
	if p.item == nil {
		t.rootKey = it.key()
	}
	return t
}

// place returns the root and the first-level key that a change in t touches.
// key is that of the item, when it is an entry of t.
func (t *sharedType) place(key string) (root, firstKey string) {
	if t.item == nil {
		return t.name, key
	}
	return t.root.name, t.rootKey
}

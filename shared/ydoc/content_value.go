package ydoc

import (
	"maps"
	"slices"
)

// maxJSONDepth bounds how deep nested types are followed into a value; what
// is deeper reads as nil.
const maxJSONDepth = 256

// MapValue returns the value of a key of a root map, and whether it has one.
// Values are those of JSON (numbers float64), []byte for binary ones, int64 for
// big integers; a nested text is a string, a nested map a map[string]any, a
// nested array a []any, an XML element a map with nodeName, attributes and
// children, a sub-document a map with its guid.
func (d *Doc) MapValue(root, key string) (any, bool) {
	t := d.lookup(root)
	if t == nil {
		return nil, false
	}
	it := t.entries[key]
	if it == nil || it.deleted() {
		return nil, false
	}
	return it.lastValue(0), true
}

// MapKeys returns the keys of a root map that have a value, sorted.
func (d *Doc) MapKeys(root string) []string {
	if t := d.lookup(root); t != nil {
		return t.keys()
	}
	return nil
}

// MapJSON returns all entries of a root map, with values as of MapValue.
func (d *Doc) MapJSON(root string) map[string]any {
	if t := d.lookup(root); t != nil {
		return t.mapValue(0)
	}
	return map[string]any{}
}

// ListJSON returns the elements of a root array or XML fragment.
func (d *Doc) ListJSON(root string) []any {
	if t := d.lookup(root); t != nil {
		return t.listValue(0)
	}
	return []any{}
}

func (t *sharedType) keys() []string {
	var keys []string
	for key, it := range t.entries {
		if !it.deleted() {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (t *sharedType) mapValue(depth int) map[string]any {
	object := map[string]any{}
	for key, it := range maps.All(t.entries) {
		if !it.deleted() {
			object[key] = it.lastValue(depth)
		}
	}
	return object
}

func (t *sharedType) listValue(depth int) []any {
	list := []any{}
	for it := t.start; it != nil; it = it.right {
		if it.deleted() || !it.countable() {
			continue
		}
		if it.kind == kindAny || it.kind == kindJSON {
			for i := range it.values() {
				list = append(list, it.valueAt(i))
			}
		} else {
			list = append(list, it.lastValue(depth))
		}
	}
	return list
}

func (it *item) valueAt(i int) any {
	if it.kind == kindJSON {
		return decodeJSON(it.value(i))
	}
	return readValue(&reader{buf: it.value(i)})
}

// lastValue is the value of an item in a map: of several, the last counts.
func (it *item) lastValue(depth int) any {
	r := reader{buf: it.data}
	switch it.kind {
	case kindAny, kindJSON:
		return it.valueAt(it.values() - 1)
	case kindString:
		return string(it.data)
	case kindBinary:
		return slices.Clone(r.bytes())
	case kindEmbed:
		return decodeJSON(it.data)
	case kindDoc:
		return map[string]any{"guid": string(r.bytes())}
	case kindType:
		return typeValue(it, depth)
	}
	return nil
}

func typeValue(it *item, depth int) any {
	if depth >= maxJSONDepth {
		return nil
	}
	t := it.child()
	switch ref, name := typeOf(it); ref {
	case refMap:
		return t.mapValue(depth + 1)
	case refArray, refXMLFragment:
		return t.listValue(depth + 1)
	case refText, refXMLText:
		return t.plainText()
	default:
		return map[string]any{"nodeName": name, "attributes": t.mapValue(depth + 1), "children": t.listValue(depth + 1)}
	}
}

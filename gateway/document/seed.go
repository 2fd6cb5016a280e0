package document

import (
	"encoding/json"
	"strings"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// Seeded is what a SEED wrote (SPEC G4).
type Seeded struct {
	Update []byte // empty: every field was written before
	Fields []collab.Field
	Seeds  []collab.Seed // for the store to keep: of the fields written, and of those of which a value was noted
	Kept   []collab.Seed // fields of the request that were seeded before, with what they were seeded with
	Known  []collab.Seed // fields of the request of which other values are known to be old, with the list of them
}

// planned is one field that a SEED will write.
type planned struct {
	field collab.Field
	value any
}

// Seed fills fields from a page, and notes values of pages that are known to be old: those make the document win over such
// a page, and never write anything. When it fails nothing has changed.
func (l *Live) Seed(w Writer, client collab.ClientID, values, known []collab.Seed) (Seeded, error) {
	old, err := l.oldValues(known)
	if err != nil {
		return Seeded{}, err
	}
	named := make(map[collab.Field]bool, len(values)+len(old))
	out, err := l.fill(w, client, values, named)
	if err != nil {
		return Seeded{}, err
	}
	out.Seeds = append(out.Seeds, l.remember(old)...)
	for _, s := range old {
		named[s.Field] = true
	}
	out.Known = l.knownOf(named)
	return out, nil
}

// fill fills the fields that were never written, under the given client id, and remembers what it wrote. Fields that
// another session has locked are left alone. The values are JSON: a string fills a text, "values/<id>" and what is no
// string an entry of the root map. A field that the request names twice, once in each form, is filled once, by the first.
// The fields that it names are added to named.
func (l *Live) fill(w Writer, client collab.ClientID, values []collab.Seed, named map[collab.Field]bool) (Seeded, error) {
	var out Seeded
	var todo []planned
	bytes := 0
	for _, s := range values {
		field, value, err := seedField(s)
		if err != nil {
			return Seeded{}, err
		}
		if named[field] {
			continue
		}
		named[field] = true
		if before, ok := l.seeds[field]; ok {
			out.Kept = append(out.Kept, collab.Seed{Field: field, Value: before})
		}
		if l.written(field) || value == "" || l.locked(w, []collab.Field{field}) != nil {
			continue
		}
		todo = append(todo, planned{field, value})
		bytes += len(field) + len(s.Value) + seedOverhead
		out.Fields = append(out.Fields, field)
		out.Seeds = append(out.Seeds, collab.Seed{Field: field, Value: s.Value})
	}
	if len(todo) == 0 {
		return out, nil
	}
	if l.doc.Size()+bytes > l.limits.DocumentBytes {
		return Seeded{}, collab.NewError(collab.CodeDocumentTooLarge, "the document would grow over its limit")
	}
	update, err := l.doc.Transact(ydoc.ClientID(client), func(edit *ydoc.Edit) { write(edit, todo) })
	if err != nil {
		return Seeded{}, &collab.Error{Code: collab.CodeBadRequest, Msg: "the values cannot be written", Err: err}
	}
	out.Update = update
	for _, s := range out.Seeds {
		l.seeds[s.Field] = s.Value
	}
	l.owners[client] = collab.Owner{Client: client, User: w.User, Session: w.Session, Used: true, Epoch: l.head.Epoch}
	return out, nil
}

// seedOverhead is what an item takes in the document beside its name and value, at most.
const seedOverhead = 32

func write(edit *ydoc.Edit, todo []planned) {
	for _, p := range todo {
		if key, ok := entry(p.field); ok {
			edit.SetMap(string(collab.ValuesField), key, p.value)
		} else if text, ok := p.value.(string); ok { // always: see seedField
			edit.InsertText(string(p.field), 0, text)
		}
	}
}

// seedField returns the field that a seed fills, and its decoded value.
func seedField(s collab.Seed) (collab.Field, any, error) {
	var value any
	if err := json.Unmarshal([]byte(s.Value), &value); err != nil {
		return "", nil, &collab.Error{Code: collab.CodeBadRequest, Msg: "a seed is not JSON", Err: err}
	}
	if value == nil {
		value = ""
	}
	field := s.Field
	key, inMap := entry(field)
	if _, text := value.(string); !text && !inMap {
		field = collab.ValuesField + "/" + field
	} else if inMap && key == "" || field == collab.ValuesField {
		return "", nil, collab.NewError(collab.CodeBadRequest, "a seed names the map of values, not a field of it")
	}
	return field, value, nil
}

// entry returns the key of a field that is an entry of the root map of values.
func entry(field collab.Field) (key string, ok bool) {
	return strings.CutPrefix(string(field), string(collab.ValuesField)+"/")
}

func (l *Live) written(field collab.Field) bool {
	if key, ok := entry(field); ok {
		return l.doc.Written(string(collab.ValuesField), key)
	}
	return l.doc.Written(string(field), "")
}

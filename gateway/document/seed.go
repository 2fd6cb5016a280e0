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
	Seeds  []collab.Seed
	Kept   []collab.Seed // fields of the request that were seeded before, with what they were seeded with
}

// Seed fills the fields that were never written, under the given client id, and remembers what it wrote. Fields that
// another session has locked are left alone. The values are JSON: a string fills a text, "values/<id>" and what is no
// string an entry of the root map.
func (l *Live) Seed(w Writer, client collab.ClientID, values []collab.Seed) (Seeded, error) {
	var out Seeded
	type entry struct {
		field collab.Field
		value any
	}
	var todo []entry
	for _, s := range values {
		field, value, err := seedField(s)
		if err != nil {
			return Seeded{}, err
		}
		if before, ok := l.seeds[field]; ok {
			out.Kept = append(out.Kept, collab.Seed{Field: field, Value: before})
		}
		if l.written(field) || value == "" || l.locked(w.Session, []collab.Field{field}) != nil {
			continue
		}
		todo = append(todo, entry{field, value})
		out.Fields = append(out.Fields, field)
		out.Seeds = append(out.Seeds, collab.Seed{Field: field, Value: s.Value})
	}
	if len(todo) == 0 {
		return out, nil
	}
	update, err := l.doc.Transact(ydoc.ClientID(client), func(edit *ydoc.Edit) {
		for _, e := range todo {
			if key, ok := strings.CutPrefix(string(e.field), string(collab.ValuesField)+"/"); ok {
				edit.SetMap(string(collab.ValuesField), key, e.value)
			} else {
				edit.InsertText(string(e.field), 0, e.value.(string))
			}
		}
	})
	if err != nil {
		return Seeded{}, &collab.Error{Code: collab.CodeBadRequest, Msg: "the values cannot be written", Err: err}
	}
	out.Update = update
	for _, s := range out.Seeds {
		l.seeds[s.Field] = s.Value
	}
	l.owners[client] = collab.Owner{Client: client, User: w.User, Session: w.Session, Used: true}
	return out, nil
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
	if strings.HasPrefix(string(s.Field), string(collab.ValuesField)+"/") {
		return s.Field, value, nil
	}
	if _, text := value.(string); !text {
		return collab.ValuesField + "/" + s.Field, value, nil
	}
	return s.Field, value, nil
}

func (l *Live) written(field collab.Field) bool {
	if key, ok := strings.CutPrefix(string(field), string(collab.ValuesField)+"/"); ok {
		return l.doc.Written(string(collab.ValuesField), key)
	}
	return l.doc.Written(string(field), "")
}

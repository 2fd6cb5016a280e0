package document

import (
	"encoding/json"
	"slices"
	"strings"

	"corsia/shared/collab"
)

// maxKnown bounds how many values of pages are remembered for one field beside its seed: the newest.
const maxKnown = 8

// noSeed stands in the place of the seed of a field that was never seeded.
const noSeed = "null"

// oldValues decodes values that pages show though the document is newer. All must be values of a field, and fit into what
// a document may take, together with those that are remembered.
func (l *Live) oldValues(values []collab.Seed) ([]collab.Seed, error) {
	old := make([]collab.Seed, 0, len(values))
	bytes := 0
	for _, s := range values {
		field, value, err := seedField(s)
		if err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(value) // the same value is always the same text
		if err != nil || !isFieldValue(value) {
			return nil, &collab.Error{Code: collab.CodeBadRequest, Msg: "a known value is no value of a field", Err: err}
		}
		old = append(old, collab.Seed{Field: field, Value: string(encoded)})
		bytes += len(field) + len(encoded) + seedOverhead
	}
	if bytes > 0 && l.doc.Size()+l.knownBytes+bytes > l.limits.DocumentBytes {
		return nil, collab.NewError(collab.CodeDocumentTooLarge, "the known values would grow over the document's limit")
	}
	return old, nil
}

// isFieldValue reports whether a decoded value is a scalar or a list of scalars.
func isFieldValue(value any) bool {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	return !slices.ContainsFunc(list, func(one any) bool {
		switch one.(type) {
		case []any, map[string]any:
			return true
		}
		return false
	})
}

// remember notes old values of fields that were written, and returns what the store has to keep of it. It writes nothing
// into the document: a lock does not keep from it.
func (l *Live) remember(old []collab.Seed) []collab.Seed {
	changed := make(map[collab.Field]bool, len(old))
	for _, s := range old {
		if l.written(s.Field) && l.know(s.Field, s.Value) {
			changed[s.Field] = true
		}
	}
	out := make([]collab.Seed, 0, len(changed))
	for field := range changed {
		seed, ok := l.seeds[field]
		if !ok {
			seed = noSeed
		}
		out = append(out, collab.Seed{Field: field, Value: seed, Known: listOf(l.known[field])})
	}
	return out
}

// know makes a value the newest of those that are known of a field, and reports whether that changes anything.
func (l *Live) know(field collab.Field, value string) bool {
	known := l.known[field]
	at := slices.Index(known, value)
	switch {
	case value == canonical(l.seeds[field]), at >= 0 && at == len(known)-1:
		return false
	case at >= 0:
		known = slices.Delete(known, at, at+1)
	case len(known) == maxKnown:
		l.knownBytes -= len(known[0])
		known = slices.Delete(known, 0, 1)
		l.knownBytes += len(value)
	default:
		l.knownBytes += len(value)
	}
	l.known[field] = append(known, value)
	return true
}

// Seeded notes what the store has, or another instance wrote, from pages.
func (l *Live) Seeded(seeds []collab.Seed) {
	for _, s := range seeds {
		if s.Value != noSeed {
			l.seeds[s.Field] = s.Value
		}
		var known []json.RawMessage
		if s.Known == "" || json.Unmarshal([]byte(s.Known), &known) != nil { // of another version: then users are asked again
			continue
		}
		for _, value := range known {
			l.know(s.Field, string(value))
		}
	}
}

// knownOf returns, of each field that has any, the list of values that are known to be old, as JSON.
func (l *Live) knownOf(fields map[collab.Field]bool) []collab.Seed {
	var out []collab.Seed
	for field := range fields {
		if known := l.known[field]; len(known) > 0 {
			out = append(out, collab.Seed{Field: field, Known: listOf(known)})
		}
	}
	return out
}

func listOf(values []string) string { return "[" + strings.Join(values, ",") + "]" }

// canonical returns the text that json.Marshal has for a value.
func canonical(encoded string) string {
	var value any
	if json.Unmarshal([]byte(encoded), &value) != nil {
		return ""
	}
	out, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(out)
}

package document

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"corsia/shared/collab"
)

var anybody = Writer{Session: "s_anna", User: "anna"}

// note says that values of pages are old.
func (r *record) note(known ...collab.Seed) Seeded {
	r.t.Helper()
	before := string(r.encoded())
	out, err := r.live.Seed(anybody, 0, nil, known)
	if err != nil {
		r.t.Fatalf("note: %v", err)
	}
	if len(out.Update) != 0 || len(out.Fields) != 0 || string(r.encoded()) != before {
		r.t.Fatalf("noting what is old wrote %v", out.Fields)
	}
	return out
}

// wantKnown looks at what a page is told of the field.
func (r *record) wantKnown(field collab.Field, want string) {
	r.t.Helper()
	got := ""
	for _, s := range r.seed(anybody, 0, collab.Seed{Field: field, Value: `""`}).Known {
		got += s.Known
	}
	if got != want {
		r.t.Fatalf("%s is known to have been %s, want %s", field, got, want)
	}
}

func TestValuesOfPagesAreKnownBesideTheSeedAndWriteNothing(t *testing.T) { // G4
	r := newRecord(t, DefaultLimits())
	r.seed(anybody, 50, collab.Seed{Field: "dose", Value: `"5\u0020mg"`}, collab.Seed{Field: "given", Value: `true`})
	r.live.Lock(lockOn("dose", "bruno", "s_bruno", 1)) // it keeps from writing, not from noting
	out := r.note(
		collab.Seed{Field: "dose", Value: `"7 mg"`},
		collab.Seed{Field: "given", Value: `false`}, // in its other form
		collab.Seed{Field: "never", Value: `"written"`},
	)
	slices.SortFunc(out.Seeds, func(a, b collab.Seed) int { return strings.Compare(string(a.Field), string(b.Field)) })
	want := []collab.Seed{{Field: "dose", Value: `"5\u0020mg"`, Known: `["7 mg"]`}, {Field: "values/given", Value: `true`, Known: `[false]`}}
	if !slices.Equal(out.Seeds, want) || len(out.Known) != 2 {
		t.Fatalf("to be stored %v, want %v; answered %v", out.Seeds, want, out.Known)
	}
	r.wantText("dose", "5 mg")
	r.wantKnown("dose", `["7 mg"]`)
	r.wantKnown("never", "")
	for _, again := range []string{`"5 mg"`, `"7 mg"`, `"7\u0020mg"`} {
		if out := r.note(collab.Seed{Field: "dose", Value: again}); len(out.Seeds) != 0 {
			t.Errorf("%s is stored again: %v", again, out.Seeds)
		}
	}
}

func TestTheNewestValuesOfAPageStayKnown(t *testing.T) { // G4
	r := newRecord(t, DefaultLimits())
	r.seed(anybody, 50, collab.Seed{Field: "dose", Value: `"seed"`})
	for n := range maxKnown {
		r.note(collab.Seed{Field: "dose", Value: fmt.Sprint(`"`, n, `"`)})
	}
	r.note(collab.Seed{Field: "dose", Value: `"0"`}) // newer than all others again
	last := r.note(collab.Seed{Field: "dose", Value: `"8"`})
	want := `["2","3","4","5","6","7","0","8"]`
	r.wantKnown("dose", want)
	if r.live.knownBytes != maxKnown*len(`"0"`) {
		t.Errorf("%d bytes are counted, want those of %d values", r.live.knownBytes, maxKnown)
	}
	r.live.Seeded([]collab.Seed{{Field: "dose", Value: noSeed, Known: `["8","9"]`}, {Field: "dose", Value: noSeed, Known: `{`}}) // word of others
	r.wantKnown("dose", `["3","4","5","6","7","0","8","9"]`)
	r.snap.Seeds = last.Seeds // all that the store keeps
	r.live = r.open(DefaultLimits())
	out := r.seed(anybody, 0, collab.Seed{Field: "dose", Value: `""`})
	if len(out.Kept) != 1 || out.Kept[0].Value != `"seed"` || len(out.Known) != 1 || out.Known[0].Known != want {
		t.Fatalf("kept %v and known %v after opening again, want the seed and %s", out.Kept, out.Known, want)
	}
}

func TestWhatWasNeverSeededMayBeKnown(t *testing.T) { // G4
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.types(anna, "notes", "typed"))
	r.snap.Seeds = r.note(collab.Seed{Field: "notes", Value: `null`}, collab.Seed{Field: "notes", Value: `"of the EMR"`}).Seeds
	r.live = r.open(DefaultLimits())
	out := r.seed(anybody, 0, collab.Seed{Field: "notes", Value: `"x"`})
	if len(out.Kept) != 0 || len(out.Known) != 1 || out.Known[0].Known != `["","of the EMR"]` {
		t.Fatalf("kept %v, known %v: want nothing seeded and both values known", out.Kept, out.Known)
	}
}

func TestKnownValueThatIsRefusedChangesNothing(t *testing.T) { // G4, D6
	full := Limits{UpdateBytes: 4 << 10, DocumentBytes: 4 << 10, Clients: 16, FirstClients: 64}
	tests := []struct {
		name   string
		limits Limits
		known  collab.Seed
		want   collab.Code
	}{
		{"no JSON", DefaultLimits(), collab.Seed{Field: "notes", Value: `pain`}, collab.CodeBadRequest},
		{"the root map itself", DefaultLimits(), collab.Seed{Field: "values", Value: `"x"`}, collab.CodeBadRequest},
		{"an object", DefaultLimits(), collab.Seed{Field: "notes", Value: `{}`}, collab.CodeBadRequest},
		{"a list of lists", DefaultLimits(), collab.Seed{Field: "notes", Value: `[[]]`}, collab.CodeBadRequest},
		{"more than the document may hold", full, collab.Seed{Field: "notes", Value: `"` + strings.Repeat("x", 5<<10) + `"`}, collab.CodeDocumentTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(t, tt.limits)
			before := string(r.encoded())
			good := collab.Seed{Field: "good", Value: `"x"`}
			_, err := r.live.Seed(anybody, 50, []collab.Seed{good}, []collab.Seed{good, tt.known})
			if collab.AsError(err).Code != tt.want {
				t.Fatalf("error %v, want %s", err, tt.want)
			}
			if string(r.encoded()) != before || len(r.live.seeds)+len(r.live.known) != 0 {
				t.Fatal("the document or what it remembers has changed")
			}
		})
	}
}

func TestKnownValuesCountAgainstTheDocumentsLimitTogether(t *testing.T) { // D6
	r := newRecord(t, Limits{UpdateBytes: 4 << 10, DocumentBytes: 4 << 10, Clients: 16, FirstClients: 64})
	r.seed(anybody, 50, collab.Seed{Field: "a", Value: `"x"`}, collab.Seed{Field: "b", Value: `"x"`})
	large := `"` + strings.Repeat("x", 2500) + `"`
	r.note(collab.Seed{Field: "a", Value: large})
	if _, err := r.live.Seed(anybody, 0, nil, []collab.Seed{{Field: "b", Value: large}}); collab.AsError(err).Code != collab.CodeDocumentTooLarge {
		t.Fatalf("error %v, want %s", err, collab.CodeDocumentTooLarge)
	}
}

package document

import (
	"slices"
	"strings"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

func (r *record) seed(w Writer, client collab.ClientID, values ...collab.Seed) Seeded {
	r.t.Helper()
	out, err := r.live.Seed(w, client, values, nil)
	if err != nil {
		r.t.Fatalf("seed: %v", err)
	}
	return out
}

func TestSeedFillsWhatWasNeverWritten(t *testing.T) { // G4
	r := newRecord(t, DefaultLimits())
	anna := r.join("anna", "s_anna", 1)
	r.write(anna, r.edit(anna, func(e *ydoc.Edit) {
		e.InsertText("notes", 0, "typed")
		e.DeleteText("notes", 0, 5) // empty now, but written
		e.SetMap("values", "dose", "5 mg")
	}))
	r.live.Lock(lockOn("plan", "bruno", "s_bruno", 1))
	out := r.seed(anna.Writer, 50,
		collab.Seed{Field: "name", Value: `"Rossi 👩‍⚕️"`},
		collab.Seed{Field: "given", Value: `true`},
		collab.Seed{Field: "values/route", Value: `"oral"`},
		collab.Seed{Field: "values/times", Value: `3`},
		collab.Seed{Field: "refused", Value: `false`},
		collab.Seed{Field: "notes", Value: `"from the page"`},
		collab.Seed{Field: "values/dose", Value: `"10 mg"`},
		collab.Seed{Field: "plan", Value: `"locked by somebody else"`},
		collab.Seed{Field: "empty", Value: `""`},
		collab.Seed{Field: "nothing", Value: `null`},
	)
	want := []collab.Field{"name", "values/given", "values/route", "values/times", "values/refused"}
	if !slices.Equal(out.Fields, want) || len(out.Seeds) != len(want) || len(out.Kept) != 0 {
		t.Fatalf("seeded %v and kept %v, want %v", out.Fields, out.Kept, want)
	}
	r.wantText("name", "Rossi 👩‍⚕️")
	r.wantText("notes", "")
	page := ydoc.New()
	if err := page.ApplyUpdate(r.encoded()); err != nil {
		t.Fatalf("apply: %v", err)
	}
	for key, written := range map[string]bool{"given": true, "route": true, "times": true, "refused": true, "dose": true, "name": false} {
		if page.Written("values", key) != written {
			t.Errorf("values/%s is written: %v, want %v", key, !written, written)
		}
	}
	if o := r.live.owners[50]; o.User != "anna" || !o.Used {
		t.Errorf("the seed's client id is %+v, want used by anna", o)
	}
}

func TestSeedIsDoneOnceAndRemembered(t *testing.T) { // G4
	r := newRecord(t, DefaultLimits())
	anna, bruno := Writer{Session: "s_anna", User: "anna"}, Writer{Session: "s_bruno", User: "bruno"}
	r.seed(anna, 50, collab.Seed{Field: "dose", Value: `"5 mg"`}, collab.Seed{Field: "given", Value: `true`})
	again := r.seed(bruno, 51, collab.Seed{Field: "dose", Value: `"7 mg"`}, collab.Seed{Field: "values/given", Value: `false`}, collab.Seed{Field: "new", Value: `"x"`})
	if !slices.Equal(again.Fields, []collab.Field{"new"}) {
		t.Fatalf("seeded %v, want new alone", again.Fields)
	}
	want := []collab.Seed{{Field: "dose", Value: `"5 mg"`}, {Field: "values/given", Value: `true`}}
	if !slices.Equal(again.Kept, want) {
		t.Fatalf("kept %v, want %v", again.Kept, want)
	}
	r.wantText("dose", "5 mg")
	nothing := r.seed(bruno, 52, collab.Seed{Field: "dose", Value: `"7 mg"`})
	if len(nothing.Update) != 0 || len(nothing.Fields) != 0 || len(nothing.Kept) != 1 {
		t.Fatalf("a third seed wrote %v", nothing.Fields)
	}
	r.snap.Seeds = []collab.Seed{{Field: "dose", Value: `"5 mg"`}}
	r.live = r.open(DefaultLimits()) // the store remembers
	if kept := r.seed(bruno, 53, collab.Seed{Field: "dose", Value: `"7 mg"`}).Kept; len(kept) != 1 || kept[0].Value != `"5 mg"` {
		t.Fatalf("kept %v after opening again, want 5 mg", kept)
	}
}

func TestFieldNamedInBothFormsIsSeededOnce(t *testing.T) { // G4
	r := newRecord(t, DefaultLimits())
	out := r.seed(Writer{Session: "s_anna", User: "anna"}, 50,
		collab.Seed{Field: "given", Value: `true`}, collab.Seed{Field: "values/given", Value: `false`})
	if !slices.Equal(out.Fields, []collab.Field{"values/given"}) || out.Seeds[0].Value != "true" {
		t.Fatalf("seeded %v, want values/given once, from the first", out.Seeds)
	}
}

func TestSeedThatCannotBeWrittenChangesNothing(t *testing.T) { // G4, D6
	full := Limits{UpdateBytes: 4 << 10, DocumentBytes: 4 << 10, Clients: 16, FirstClients: 64}
	tests := []struct {
		name   string
		limits Limits
		seed   collab.Seed
		want   collab.Code
	}{
		{"no JSON", DefaultLimits(), collab.Seed{Field: "notes", Value: `pain`}, collab.CodeBadRequest},
		{"the root map itself", DefaultLimits(), collab.Seed{Field: "values", Value: `"x"`}, collab.CodeBadRequest},
		{"an entry without a name", DefaultLimits(), collab.Seed{Field: "values/", Value: `true`}, collab.CodeBadRequest},
		{"nested too deep", DefaultLimits(), collab.Seed{Field: "given", Value: strings.Repeat("[", 80) + strings.Repeat("]", 80)}, collab.CodeBadRequest},
		{"more than the document may hold", full, collab.Seed{Field: "notes", Value: `"` + strings.Repeat("x", 5<<10) + `"`}, collab.CodeDocumentTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(t, tt.limits)
			before := string(r.encoded())
			good := collab.Seed{Field: "good", Value: `"x"`}
			_, err := r.live.Seed(Writer{Session: "s_anna", User: "anna"}, 50, []collab.Seed{good, tt.seed}, nil)
			if collab.AsError(err).Code != tt.want {
				t.Fatalf("error %v, want %s", err, tt.want)
			}
			if string(r.encoded()) != before || len(r.live.seeds) != 0 {
				t.Fatal("the document or what it remembers has changed")
			}
		})
	}
}

package room

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"corsia/gateway/document"
	"corsia/shared/collab"
)

// notes makes the client say that a value of its page is old.
func (w *ward) notes(c *client, field collab.Field, value string) {
	w.t.Helper()
	w.send(c, Seed{From: c.id, Known: []collab.Seed{{Field: field, Value: value}}, At: time.Now()})
}

// wantKnown looks at what the client was answered last.
func (c *client) wantKnown(known string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.answers[len(c.answers)-1]
	if s, ok := last.Body.(*document.Seeded); !ok || len(s.Known) != 1 || s.Known[0].Known != known {
		c.t.Errorf("%s was answered %+v, want %s to be known", c.id, last, known)
	}
}

func TestValuesThatAreKnownAreStoredAndMakeNoRevision(t *testing.T) { // G4
	synctest.Test(t, func(t *testing.T) {
		w := newWard(t)
		defer w.close()
		anna := w.join("anna/1")
		w.types(anna, "dose", "5 mg")
		synctest.Wait()
		appends := w.journal.appends
		w.notes(anna, "dose", `"4 mg"`)
		synctest.Wait()
		anna.wantKnown(`["4 mg"]`)
		w.notes(anna, "dose", `"4 mg"`)
		w.notes(anna, "never", `"written"`)
		synctest.Wait()
		if w.journal.appends != appends+1 {
			t.Errorf("%d appends, want one: nothing else was new", w.journal.appends-appends)
		}
		if n := w.journal.count(w.res); n != 1 {
			t.Errorf("%d rows, want the one that was typed", n)
		}
		if want := []collab.Seed{{Field: "dose", Value: "null", Known: `["4 mg"]`}}; !slices.Equal(w.journal.seeds, want) {
			t.Errorf("stored %v, want %v", w.journal.seeds, want)
		}
	})
}

func TestKnownValuesOutliveAFailedCommit(t *testing.T) { // D2, G4
	for _, outcome := range []fate{fails, unknown} {
		synctest.Test(t, func(t *testing.T) {
			w := newWard(t)
			defer w.close()
			anna := w.join("anna/1")
			w.types(anna, "dose", "5 mg")
			synctest.Wait()
			first := w.journal.appends + 1
			w.journal.fate = func(n int) fate {
				if n == first {
					return outcome
				}
				return commits
			}
			w.notes(anna, "dose", `"4 mg"`)
			time.Sleep(time.Second)
			synctest.Wait()
			anna.wantKnown(`["4 mg"]`)
			if len(w.journal.seeds) != 1 {
				t.Errorf("stored %v, want it once", w.journal.seeds)
			}
		})
	}
}

func TestKnownValuesOfAnotherInstanceAreRemembered(t *testing.T) { // G4
	synctest.Test(t, func(t *testing.T) {
		one, other, bus := two(t)
		defer one.close()
		defer other.close()
		anna, bruno := one.join("anna/1"), other.join("bruno/1")
		one.types(anna, "dose", "5 mg")
		synctest.Wait()
		one.notes(anna, "dose", `"3 mg"`)
		synctest.Wait()
		other.notes(bruno, "dose", `"4 mg"`)
		synctest.Wait()
		bruno.wantKnown(`["3 mg","4 mg"]`)
		bus.only(nothing) // the journal tells, too
		one.notes(anna, "dose", `"5 mg"`)
		one.types(anna, "dose", ", 6 mg")
		synctest.Wait()
		other.types(bruno, "plan", "behind")
		time.Sleep(time.Second)
		synctest.Wait()
		other.notes(bruno, "dose", `"2 mg"`)
		synctest.Wait()
		bruno.wantKnown(`["3 mg","4 mg","5 mg","2 mg"]`)
	})
}

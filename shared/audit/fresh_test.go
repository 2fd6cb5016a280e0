package audit

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestT4T5AnArchiveSaysHowFarItHasTheTrail(t *testing.T) {
	now := time.Date(2026, 3, 3, 0, 5, 0, 0, time.UTC)
	archive := objects{}
	look := func(what string, want Freshness) {
		t.Helper()
		if f, err := Fresh(t.Context(), archive, now); err != nil || !f.Through.Equal(want.Through) || !f.Signed.Equal(want.Signed) {
			t.Fatalf("%s: %+v, %v; want %+v", what, f, err, want)
		}
	}
	look("an empty archive", Freshness{})
	archive["audit/checkpoints/2026/03/01/101500.000000Z-1-1.note"] = nil
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	look("an old checkpoint, no day", Freshness{Through: first})
	archive["audit/checkpoints/2026/03/02/235900.500000Z-1-2.note"] = nil
	signed := time.Date(2026, 3, 2, 23, 59, 0, 500_000_000, time.UTC)
	look("a checkpoint of yesterday", Freshness{Through: first, Signed: signed})
	archive["audit/days/2026/03/01-2c26b46b68ffc68f.ndjson.gz"] = nil
	archive["audit/days/2026/03/01.manifest.json"] = nil
	archive["audit/days/2026/03/02-fcde2b2edba56bf4.ndjson.gz"] = nil // its manifest is not written yet
	archive["audit/days/no-day.manifest.json"] = nil
	look("one day", Freshness{Through: first.Add(oneDay), Signed: signed})
	archive["audit/checkpoints/2026/03/03/000400.000000Z-1-3.note"] = nil
	archive["audit/days/2026/03/02.manifest.json"] = nil
	look("all", Freshness{Through: first.Add(2 * oneDay), Signed: time.Date(2026, 3, 3, 0, 4, 0, 0, time.UTC)})
}

// silent is an archive that does not answer.
type silent struct{ objects }

func (silent) List(context.Context, string) ([]string, error) { return nil, errAway }

func TestT4AnArchiveThatDoesNotAnswerIsNoFreshOne(t *testing.T) {
	if f, err := Fresh(t.Context(), silent{}, time.Now()); !errors.Is(err, errAway) {
		t.Fatalf("%+v, %v", f, err)
	}
}

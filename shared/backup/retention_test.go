package backup

import (
	"context"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestO4ThirtyDaysAreKeptAndOneAMonthForTenYears(t *testing.T) {
	for _, tt := range []struct {
		name, now string
		ids, gone []string
	}{
		{"nothing", "2026-03-31T03:00:00Z", nil, nil},
		{"thirty days to the second", "2026-03-31T02:00:00Z", []string{"20260215T020000Z", "20260301T015959Z", "20260301T020000Z", "20260331T020000Z"}, nil},
		{"a second more", "2026-03-31T02:00:01Z", []string{"20260228T020000Z", "20260301T015959Z", "20260301T020000Z", "20260331T020000Z"},
			[]string{"20260301T020000Z"}},
		{"a leap year's February has 29", "2028-03-30T02:00:00Z", []string{"20280201T020000Z", "20280228T020000Z", "20280229T015959Z", "20280229T020000Z", "20280330T020000Z"},
			[]string{"20280228T020000Z", "20280229T015959Z"}},
		{"a year's end", "2026-01-30T02:00:00Z", []string{"20251130T020000Z", "20251201T020000Z", "20251230T020000Z", "20251231T020000Z", "20260101T020000Z", "20260130T020000Z"},
			[]string{"20251230T020000Z"}},
		{"the month began without one", "2026-06-30T02:00:00Z", []string{"20260309T020000Z", "20260310T020000Z", "20260630T020000Z"}, []string{"20260310T020000Z"}},
		{"ten years", "2036-03-01T02:00:00Z", []string{"20260228T020000Z", "20260301T015959Z", "20260401T020000Z", "20360301T020000Z"},
			[]string{"20260228T020000Z", "20260301T015959Z"}},
		{"ten years of a leap day", "2034-02-28T02:00:00Z", []string{"20240228T020000Z", "20240229T020000Z", "20340228T020000Z"}, []string{"20240229T020000Z"}},
		{"backups have stopped", "2040-01-01T00:00:00Z", []string{"20260301T020000Z", "20260302T020000Z"}, []string{"20260301T020000Z"}},
		{"the clock is wrong", "2020-01-01T00:00:00Z", []string{"20260301T020000Z", "20260302T020000Z"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Outdated(tt.ids, at(t, tt.now)); !slices.Equal(got, tt.gone) {
				t.Fatalf("gone: %v, want %v", got, tt.gone)
			}
		})
	}
}

func TestO4AYearOfDailyBackupsLeavesThirtyDaysAndTwelveMonths(t *testing.T) {
	var ids []string
	now := at(t, "2027-12-31T02:00:00Z")
	for day := at(t, "2027-01-01T02:00:00Z"); !day.After(now); day = day.AddDate(0, 0, 1) {
		ids = append(ids, day.Format(idLayout))
		gone := Outdated(ids, day)
		ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(gone, id) })
	}
	if want := 11 + 31; len(ids) != want { // first of January to November; 1 to 31 December
		t.Fatalf("%d backups are kept, want %d: %v", len(ids), want, ids)
	}
	for month := range 12 {
		if first := time.Date(2027, time.Month(month+1), 1, 2, 0, 0, 0, time.UTC).Format(idLayout); !slices.Contains(ids, first) {
			t.Errorf("there is no backup %s any more", first)
		}
	}
}

// shelf is an archive of names.
type shelf map[string]bool

func (s shelf) List(context.Context, string) ([]string, error) {
	var keys []string
	for key := range s {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys, nil
}

func (s shelf) Delete(_ context.Context, key string) error {
	if !s[key] {
		return collab.ErrNotFound
	}
	delete(s, key)
	return nil
}

func TestO4PruningDeletesTheObjectsOfOutdatedBackupsAndNothingElse(t *testing.T) {
	stay := []string{"backups/20260301T020000Z/corsia.dump.gz", "backups/20260301T020000Z/manifest.json", "backups/20260701T020000Z/corsia.dump.gz",
		"backups/20260701T020000Z/manifest.json", "backups/20260305T020000Z/corsia.dump.gz", "backups/reports/20260302T020000Z-drill.json",
		"audit/days/2026/03/02.manifest.json"}
	s := shelf{"backups/20260302T020000Z/corsia.dump.gz": true, "backups/20260302T020000Z/manifest.json": true}
	for _, key := range stay {
		s[key] = true
	}
	gone, err := Prune(t.Context(), s, at(t, "2026-07-01T03:00:00Z"))
	if err != nil || !slices.Equal(gone, []string{"20260302T020000Z"}) {
		t.Fatalf("gone: %v, %v", gone, err)
	}
	slices.Sort(stay)
	if left, _ := s.List(t.Context(), ""); !slices.Equal(left, stay) {
		t.Fatalf("left: %v, want %v", left, stay)
	}
}

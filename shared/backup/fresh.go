package backup

import (
	"context"
	"strings"
	"time"
)

// Freshness is what an archive says of its backups, as who watches over them wants to know it.
type Freshness struct {
	Newest   time.Time // when the newest backup was begun; zero: there is none
	Verified time.Time // when the newest drill that reached level 5 was begun; zero: there was none
	Bad      bool      // the newest report, of a check or a drill, names a problem
}

// Fresh asks an archive how fresh its backups are, and what proves them. It reads reports from the newest back to the last drill
// that verified: a day has one or two.
func Fresh(ctx context.Context, objects Objects) (Freshness, error) {
	var f Freshness
	ids, err := IDs(ctx, objects)
	if err != nil {
		return f, err
	}
	if n := len(ids); n > 0 {
		f.Newest, _ = time.Parse(idLayout, ids[n-1]) // IDs returns none that is no time
	}
	keys, err := objects.List(ctx, reports)
	if err != nil {
		return f, err
	}
	first := true
	for i := len(keys) - 1; i >= 0 && f.Verified.IsZero(); i-- {
		drill := strings.HasSuffix(keys[i], "-"+kindDrill+".json")
		if !drill && (!first || !strings.HasSuffix(keys[i], "-"+kindCheck+".json")) {
			continue
		}
		r, err := readReport(ctx, objects, keys[i])
		if err != nil {
			return f, err
		}
		if first {
			f.Bad, first = r.Problem != "", false
		}
		if drill && r.Verified {
			f.Verified = r.Started
		}
	}
	return f, nil
}

package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// drillEvery is how long a drill that went well is good for (SPEC O4: monthly). A day less than the shortest month, as a daily
// look is not always at the same minute.
const drillEvery = 27 * 24 * time.Hour

// DrillDue says why a drill should be run now, by the reports in the archive; "" it need not be: the last one verified a backup
// of the same schema less than a month ago.
func DrillDue(ctx context.Context, objects Objects, m *Manifest, now time.Time) (why string, err error) {
	keys, err := objects.List(ctx, reports)
	if err != nil {
		return "", fmt.Errorf("look for drills: %w", err)
	}
	for i := len(keys) - 1; i >= 0; i-- { // the newest first
		if !strings.HasSuffix(keys[i], "-"+kindDrill+".json") {
			continue
		}
		r, err := readReport(ctx, objects, keys[i])
		switch {
		case err != nil:
			return "", err
		case !r.Verified:
			return "the last drill has failed", nil
		case now.Sub(r.Started) > drillEvery:
			return "the last drill was a month ago", nil
		case r.Schema != m.Schema:
			return "the schema has changed since the last drill", nil
		}
		return "", nil
	}
	return "there was no drill yet", nil
}

func readReport(ctx context.Context, objects Objects, key string) (*Report, error) {
	in, err := objects.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	defer in.Close()
	r := &Report{}
	if err := json.NewDecoder(io.LimitReader(in, maxManifestBytes)).Decode(r); err != nil {
		return nil, fmt.Errorf("read report %s: %w", key, err)
	}
	return r, nil
}

package audit

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Freshness is what an archive says of the trail that it keeps, as who watches over it wants to know it.
type Freshness struct {
	// Through is the end of the last day that is archived. While there is none it is the begin of the day of the first
	// checkpoint, before which there was no trail; zero: there is neither.
	Through time.Time
	// Signed is when the newest checkpoint was signed; zero: none today or yesterday.
	Signed time.Time
}

// Fresh asks an archive how far it has the trail (T4, T5). It reads names alone: whether what is there is right, VerifyStore says.
func Fresh(ctx context.Context, objects Objects, now time.Time) (Freshness, error) {
	var f Freshness
	fail := func(err error) (Freshness, error) { return f, fmt.Errorf("look how fresh the archive is: %w", err) }
	for day := range 2 {
		keys, err := objects.List(ctx, now.UTC().AddDate(0, 0, -day).Format(checkpointPrefix+"2006/01/02/"))
		if err != nil {
			return fail(err)
		}
		if len(keys) > 0 {
			f.Signed = stamp(keys[len(keys)-1], checkpointLayout)
			break
		}
	}
	days, err := objects.List(ctx, daysPrefix)
	if err != nil {
		return fail(err)
	}
	for i := len(days) - 1; i >= 0; i-- {
		if day := stamp(days[i], objectLayout); strings.HasSuffix(days[i], manifestSuffix) && !day.IsZero() {
			f.Through = day.Add(oneDay)
			return f, nil
		}
	}
	first, err := objects.List(ctx, checkpointPrefix)
	if err != nil {
		return fail(err)
	}
	if len(first) > 0 {
		f.Through = stamp(first[0], checkpointLayout).Truncate(oneDay)
	}
	return f, nil
}

// stamp returns the time that begins a name, zero when none does.
func stamp(name, layout string) time.Time {
	at, err := time.Parse(layout, name[:min(len(name), len(layout))])
	if err != nil {
		return time.Time{}
	}
	return at
}

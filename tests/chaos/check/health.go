package check

import "strings"

const keysNamed = 10

// health judges what is left and how long it took.
func (j *judge) health() {
	if keys := j.final.Keys; len(keys) > 0 {
		j.wrong(Leftover, "Redis still has %d keys, among them %s", len(keys), strings.Join(keys[:min(len(keys), keysNamed)], ", "))
	}
	for _, g := range j.grants {
		if g.Closed == Never {
			j.wrong(Leftover, "lock %s of session %s on %s#%s is open", g.Lock, g.Session, g.Room, g.Field)
		}
	}
	for _, g := range j.final.Gauges {
		if g.After > g.Before+g.Slack {
			j.wrong(Leftover, "%s of %s is %.0f, it was %.0f before anybody came", g.Name, g.Whose, g.After, g.Before)
		}
	}
	for _, h := range j.final.Healings {
		switch {
		case !h.Done:
			j.wrong(Healed, "%s served no write %v after the end of: %s", h.Whose, h.Took, h.After)
		case h.Took > healingMax:
			j.wrong(Healed, "%s took %v after the end of: %s", h.Whose, h.Took, h.After)
		}
	}
}

package sweep

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Piece is what was read at a place.
type Piece struct {
	Place string // such as "postgres/yjs_states.state"
	Data  []byte
}

// Rule allows kinds of markers at a place. All else is a leak.
type Rule struct {
	Place string // * stands for anything
	Kinds []Kind
	Why   string // the rule of the specification
	Maybe bool   // it depends on the moment whether something is there
}

// Finding is a marker at a place.
type Finding struct {
	Place string
	Hit
}

// String returns a line for a report.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s (%s), as %s: …%s…", f.Place, f.Marker.Kind, f.Marker.What, f.Form, f.Near)
}

// Search returns what is found in the pieces, each marker once for each place.
func (f *Finder) Search(pieces []Piece) []Finding {
	var findings []Finding
	seen := map[[2]string]bool{}
	for _, p := range pieces {
		for _, h := range f.Find(p.Data) {
			if key := [2]string{p.Place, h.Marker.Text}; !seen[key] {
				seen[key] = true
				findings = append(findings, Finding{p.Place, h})
			}
		}
	}
	sort.SliceStable(findings, func(i, j int) bool { return findings[i].Place < findings[j].Place })
	return findings
}

// Judge returns what the rules do not allow, and what they allow and was not found: of that the test says nothing, or the
// product has changed.
func Judge(rules []Rule, findings []Finding) (leaks []Finding, idle []string) {
	used := map[[2]string]bool{}
	for _, f := range findings {
		allowed := false
		for _, r := range rules {
			if r.matches(f.Place) && slices.Contains(r.Kinds, f.Marker.Kind) {
				allowed, used[[2]string{r.Place, string(f.Marker.Kind)}] = true, true
			}
		}
		if !allowed {
			leaks = append(leaks, f)
		}
	}
	for _, r := range rules {
		for _, kind := range r.Kinds {
			if !r.Maybe && !used[[2]string{r.Place, string(kind)}] {
				idle = append(idle, fmt.Sprintf("%s: no %s (%s)", r.Place, kind, r.Why))
			}
		}
	}
	return leaks, idle
}

func (r Rule) matches(place string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(r.Place), `\*`, `.*`)
	return regexp.MustCompile(`(?s)\A` + pattern + `\z`).MatchString(place)
}

package auth

import "strings"

// Glob is a pattern of resource ids. "*" stands for any text, "/" included, and is the only wildcard; every other
// character stands for itself (A6). The zero value matches the empty text alone.
type Glob struct {
	pattern       string
	exact         bool // no "*": before is all
	before, after string
	between       []string // texts that follow each other between stars
}

// NewGlob compiles a pattern. Every text is one.
func NewGlob(pattern string) Glob {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	g := Glob{pattern: pattern, exact: last == 0, before: parts[0]}
	if g.exact {
		return g
	}
	g.after = parts[last]
	for _, part := range parts[1:last] {
		if part != "" {
			g.between = append(g.between, part)
		}
	}
	return g
}

// Match reports whether the pattern covers all of s. Each text between stars is taken where it first occurs, which is
// never worse than later: nothing is tried twice, and the time is that of searching s once.
func (g Glob) Match(s string) bool {
	if g.exact || g.pattern == "" {
		return s == g.pattern
	}
	if len(s) < len(g.before)+len(g.after) || !strings.HasPrefix(s, g.before) || !strings.HasSuffix(s, g.after) {
		return false
	}
	s = s[len(g.before) : len(s)-len(g.after)]
	for _, part := range g.between {
		at := strings.Index(s, part)
		if at < 0 {
			return false
		}
		s = s[at+len(part):]
	}
	return true
}

// String returns the pattern.
func (g Glob) String() string { return g.pattern }

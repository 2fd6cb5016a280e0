package auth

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestA6Globs(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"page:/a", "page:/a", true}, {"page:/a", "page:/ab", false}, {"page:/a", "page:/", false},
		{"*", "", true}, {"*", "page:/a/b", true}, {"**", "x", true},
		{"page:/*", "page:/patient/12345", true}, {"page:/*", "page:/", true}, {"page:/*", "page:", false},
		{"*/notes", "page:/patient/1/notes", true}, {"*/notes", "page:/patient/1/notes/2", false},
		{"a*b", "ab", true}, {"a*b", "a", false}, {"ab*ba", "aba", false}, {"ab*ba", "abba", true},
		{"*a*b*", "xaxxbx", true}, {"*a*b*", "xbxxax", false}, {"*ab*ab*", "xaby", false},
		{"page:/?", "page:/a", false}, {"[ab]", "a", false}, {`\*`, `\x`, true}, {"page:/A", "page:/a", false},
		{"*aab*b", "aaaaabab", true}, {"a*é*c", "a-é-c", true},
	}
	for _, tt := range tests {
		if got := NewGlob(tt.pattern).Match(tt.text); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.pattern, tt.text, got, tt.want)
		}
	}
	if !(Glob{}).Match("") || (Glob{}).Match("x") {
		t.Error("the zero glob matches something else than the empty text")
	}
}

// reference answers by trying every length for every star.
func reference(pattern, text string) bool {
	reach := make([]bool, len(text)+1) // reach[i]: the pattern so far covers text[:i]
	reach[0] = true
	for p := range len(pattern) {
		next := make([]bool, len(text)+1)
		for i := range reach {
			if pattern[p] == '*' {
				next[i] = reach[i] || i > 0 && next[i-1]
			} else {
				next[i] = i > 0 && reach[i-1] && text[i-1] == pattern[p]
			}
		}
		reach = next
	}
	return reach[len(text)]
}

func FuzzGlobAgreesWithTheReference(f *testing.F) {
	f.Add("page:/*", "page:/a/b")
	f.Add("*ab*ab*", "xabab")
	f.Add("a**b", "ab")
	f.Add("*aab*b", "aaaaabab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 100 || len(text) > 200 {
			return
		}
		if got, want := NewGlob(pattern).Match(text), reference(pattern, text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
		}
	})
}

// The time of a hostile pattern is that of a plain search: 1000 stars over 512 bytes, ten thousand times, is quick.
func TestA6AHostileGlobIsQuick(t *testing.T) {
	g := NewGlob(strings.Repeat("*a", 1000) + "*b")
	text := strings.Repeat("a", 512)
	began := time.Now()
	for range 10_000 {
		if g.Match(text) {
			t.Fatal("matched")
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Fatalf("took %v", took)
	}
}

func permissions(t *testing.T, text string) *Permissions {
	t.Helper()
	p, err := ParsePermissions(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestA6Modes(t *testing.T) {
	policy, err := ParsePolicy([]byte(`{"surgeon":{"page:/*":"editor","page:/admin/*":"viewer"},"nurse":{"page:/ward/*":"viewer"},"guest":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	const claim = `[{"resource":"page:/*","mode":"viewer"},{"resource":"page:/ward/*","mode":"editor"},"admin"]`
	tests := []struct {
		name        string
		grants      *Grants
		permissions string
		role        string
		resource    collab.ResourceID
		want        collab.Mode
	}{
		{"the most permissive match wins", NewGrants(nil, false), claim, "", "page:/ward/3", collab.Editor},
		{"the only match", NewGrants(nil, false), claim, "", "page:/lab", collab.Viewer},
		{"no match", NewGrants(nil, false), claim, "", "form:1", ""},
		{"an editor first, a viewer after", NewGrants(nil, false), `[{"resource":"*","mode":"editor"},{"resource":"*","mode":"viewer"}]`, "", "x", collab.Editor},
		{"an empty claim is nothing, in development too", NewGrants(nil, true), "[]", "", "page:/a", ""},
		{"names alone open no resource", NewGrants(nil, true), "admin, break_glass", "", "page:/a", ""},
		{"the claim goes before the policy", NewGrants(policy, false), "[]", "surgeon", "page:/a", ""},
		{"the policy's role", NewGrants(policy, false), "", "surgeon", "page:/admin/x", collab.Editor},
		{"the policy's other role", NewGrants(policy, true), "", "nurse", "page:/ward/1", collab.Viewer},
		{"a pattern that does not match", NewGrants(policy, true), "", "nurse", "page:/lab", ""},
		{"a role without patterns", NewGrants(policy, true), "", "guest", "page:/a", ""},
		{"a role that the policy does not know", NewGrants(policy, true), "", "clerk", "page:/a", ""},
		{"an empty policy is one", NewGrants(Policy{}, true), "", "", "page:/a", ""},
		{"neither, in development", NewGrants(nil, true), "", "", "page:/a", collab.Editor},
		{"neither, in production", NewGrants(nil, false), "", "", "page:/a", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := Identity{Role: tt.role, Permissions: permissions(t, tt.permissions)}
			got, ok := tt.grants.Mode(id, tt.resource)
			if got != tt.want || ok != (tt.want != "") {
				t.Fatalf("got %q, %v; want %q", got, ok, tt.want)
			}
			if tt.grants.Allows(id, tt.resource, collab.Editor) != (tt.want == collab.Editor) ||
				tt.grants.Allows(id, tt.resource, collab.Viewer) != (tt.want != "") {
				t.Error("Allows disagrees with Mode")
			}
		})
	}
}

func TestA6NamesComeFromTheClaimAlone(t *testing.T) {
	g := NewGrants(nil, true)
	with := Identity{Permissions: permissions(t, ` admin , ,break_glass`)}
	if !g.Has(with, Admin) || !g.Has(with, BreakGlass) || g.Has(with, "other") || g.Has(Identity{}, Admin) {
		t.Fatalf("names %+v", with.Permissions)
	}
}

func TestPermissionsReadBackAsTheyWereWritten(t *testing.T) {
	const claim = `["admin",{"mode":"viewer","resource":"page:/*"}]`
	text, err := json.Marshal(permissions(t, claim))
	if err != nil || string(text) != claim {
		t.Fatalf("got %s, %v", text, err)
	}
	if p := permissions(t, " "); p != nil {
		t.Errorf("the empty text is a claim: %+v", p)
	}
	for _, wrong := range []string{`[`, `[{}]`, `[1]`, `[{"resource":"a","mode":"x"}]`} {
		if p, err := ParsePermissions(wrong); err == nil {
			t.Errorf("%s became %+v", wrong, p)
		}
	}
}

func TestARolePolicyNamesEveryWrongEntry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roles.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"surgeon":{"page:/*":"owner"},"nurse":{"":"viewer","ok":"viewer"}}`)
	_, err := LoadPolicy(path)
	if err == nil || !strings.Contains(err.Error(), `role "surgeon", pattern "page:/*"`) || !strings.Contains(err.Error(), `role "nurse", pattern ""`) {
		t.Errorf("got %v", err)
	}
	write(`{"surgeon":`)
	if _, err := LoadPolicy(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	write(`{"surgeon":{"page:/*":"editor"}}`)
	if p, err := LoadPolicy(path); err != nil || len(p["surgeon"]) != 1 {
		t.Errorf("got %v, %v", p, err)
	}
	if _, err := LoadPolicy(path + ".absent"); err == nil {
		t.Error("no error for an absent file")
	}
}

func BenchmarkMode(b *testing.B) {
	p, err := ParsePermissions(`[{"resource":"page:/ward/*","mode":"viewer"},{"resource":"page:/patient/*","mode":"editor"}]`)
	if err != nil {
		b.Fatal(err)
	}
	g, id := NewGrants(nil, false), Identity{Permissions: p}
	b.ReportAllocs()
	for b.Loop() {
		if !g.Allows(id, "page:/patient/12345", collab.Editor) {
			b.Fatal("refused")
		}
	}
}

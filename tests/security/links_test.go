package security

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// Of what stands in backticks, these are names of tests and files of the tree.
var (
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	testName = regexp.MustCompile(`^Test[A-Z][A-Za-z0-9_]*$`)
	filePath = regexp.MustCompile(`^(\.github/|gateway|shared|functions|widget|migrations|tests|scripts|terraform|docs)[A-Za-z0-9_./*-]*/[A-Za-z0-9_.*-]*$|^[A-Za-z0-9_.-]+\.(md|go|yml)$`)
	widget   = regexp.MustCompile(`^(widget/test/[a-z]+\.test\.ts): (.+)$`)
	declared = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]*)\(`)
	linked   = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
)

// missing returns what a document names and the tree has not.
func missing(t *testing.T, name, text string, tests map[string]bool) (bad []string, named int) {
	t.Helper()
	there := func(path string) bool {
		found, err := filepath.Glob(filepath.Join(root, path))
		return err == nil && len(found) > 0
	}
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		what := m[1]
		switch of := widget.FindStringSubmatch(what); {
		case testName.MatchString(what):
			named++
			if !tests[what] {
				bad = append(bad, what)
			}
		case of != nil:
			named++
			source, err := os.ReadFile(filepath.Join(root, of[1]))
			if err != nil || !strings.Contains(string(source), of[2]) {
				bad = append(bad, what)
			}
		case filePath.MatchString(what):
			named++
			if !there(what) && !there(filepath.Join("docs/security", what)) {
				bad = append(bad, what)
			}
		}
	}
	for _, m := range linked.FindAllStringSubmatch(text, -1) {
		named++
		if !there(filepath.Join(filepath.Dir(name), m[1])) {
			bad = append(bad, m[1])
		}
	}
	return bad, named
}

// testsOfTheTree returns the names of all Go tests.
func testsOfTheTree(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

func TestWhatTheSecurityDocumentsNameIsThere(t *testing.T) {
	tests := testsOfTheTree(t)
	documents, err := filepath.Glob(root + "/docs/security/*.md")
	if err != nil || len(documents) < 6 {
		t.Fatalf("documents: %v, %v", documents, err)
	}
	for _, path := range append(documents, root+"/SECURITY.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		bad, named := missing(t, name, string(text), tests)
		for _, what := range bad {
			t.Errorf("%s names %s, which is not there", name, what)
		}
		if named == 0 && name != "docs/security/phi-sweep.md" {
			t.Errorf("%s names nothing that could be looked at", name)
		}
	}
}

func TestNamesThatAreNotThereAreFound(t *testing.T) {
	tests := map[string]bool{"TestThere": true}
	for text, want := range map[string]int{
		"`TestThere`": 0, "`TestGone`": 1, "`gateway/main.go`": 0, "`gateway/gone.go`": 1, "`gateway/auth/`": 0, "`gateway/gone/`": 1,
		"`shared/audit/*.go`": 0, "`shared/audit/*.gone`": 1, "`phi-sweep.md`": 0, "`gone.md`": 1, "[x](phi-sweep.md)": 0, "[x](gone.md)": 1,
		"[x](https://example.org)": 0, "`widget/test/vault.test.ts: a token says whose it is`": 0, "`widget/test/vault.test.ts: nothing of the kind`": 1,
		"`JWT_KEYS` and `corsia audit verify`": 0,
	} {
		if bad, _ := missing(t, "docs/security/x.md", text, tests); len(bad) != want {
			t.Errorf("%s: %v", text, bad)
		}
	}
}

// A row without its last cells says that something is done and not where.
func TestEveryRowOfTheChecklistsIsComplete(t *testing.T) {
	for _, name := range []string{"hipaa.md", "gdpr.md", "threat-model.md", "data-flow.md", "audit-report.md"} {
		text, err := os.ReadFile(root + "/docs/security/" + name)
		if err != nil {
			t.Fatal(err)
		}
		columns, rows := 0, 0
		for i, line := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			cells := strings.Split(strings.Trim(line, "|"), "|")
			if columns == 0 {
				columns = len(cells)
			}
			rows++
			for _, c := range cells {
				if len(cells) != columns || strings.TrimSpace(c) == "" {
					t.Errorf("%s:%d: %d cells of %d, or an empty one", name, i+1, len(cells), columns)
					break
				}
			}
		}
		if rows < 10 {
			t.Errorf("%s has %d rows", name, rows)
		}
	}
}

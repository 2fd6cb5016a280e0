//go:build integration

package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

type fields = testkit.Fields

const (
	root     = "../.." // of the repository
	shipped  = root + "/terraform/modules/monitoring/files/"
	runbooks = root + "/docs/runbooks/"
	base     = "https://runbooks.example/main" // what RUNBOOKS is in these tests
)

// rule is one rule of a rules file.
type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

// rulesOf returns the rules of a file, or of all shipped ones.
func rulesOf(t *testing.T, pattern string) []rule {
	t.Helper()
	var all []rule
	for _, name := range files(t, shipped+"prometheus/rules/"+pattern) {
		var file struct{ Groups []struct{ Rules []rule } }
		decode(t, name, &file)
		for _, g := range file.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

// files returns the names that match, of which there must be some.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	return names
}

func decode(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, name)), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// output runs a program of Debian's packages prometheus and prometheus-alertmanager to its end.
func output(t *testing.T, env []string, program string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is missing: make services installs it", program)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var humps = regexp.MustCompile(`([a-z])([A-Z])`)

// runbookOf returns the file name of an alert's runbook.
func runbookOf(alert string) string {
	return strings.ToLower(humps.ReplaceAllString(alert, "$1-$2")) + ".md"
}

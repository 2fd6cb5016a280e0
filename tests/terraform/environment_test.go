//go:build integration

package terraform

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"corsia/tests/terraform/policy"
)

// localState stands beside an environment's own backend and overrides it.
const localState = "terraform {\n  backend \"local\" {}\n}\n"

// environment is one that was planned and, by the stand-in, applied.
type environment struct {
	once   sync.Once
	folder string
	state  tfjson.State // in which, unlike in the plan, every reference has a value
	shown  string       // the same, as terraform shows it
	ready  bool
}

var planned = map[string]*environment{"dev": {}, "staging": {}, "production": {}}

// apply plans and applies an environment, once for all tests.
func apply(t *testing.T, name string) *environment {
	t.Helper()
	e := planned[name]
	e.once.Do(func() {
		e.folder = filepath.Join(tree(t), "environments", name)
		if err := os.WriteFile(filepath.Join(e.folder, "backend_override.tf"), []byte(localState), 0o600); err != nil {
			t.Fatal(err)
		}
		terraform(t, e.folder, "init")
		terraform(t, e.folder, "validate")
		terraform(t, e.folder, "plan", "-out=saved.tfplan")
		terraform(t, e.folder, "apply", "saved.tfplan")
		e.shown = terraform(t, e.folder, "show", "-json")
		decode(t, e.shown, &e.state)
		e.ready = true
	})
	if !e.ready {
		t.Fatalf("%s was not applied, see above", name)
	}
	return e
}

func decode(t *testing.T, text string, into json.Unmarshaler) {
	t.Helper()
	if err := into.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestEveryEnvironmentKeepsThePolicy(t *testing.T) {
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := apply(t, name)
			for _, finding := range policy.Check(policy.Tree{
				Environment: name,
				Values:      e.state.Values,
				Sources:     []string{filepath.Join(tree(t), "modules"), e.folder},
			}) {
				t.Error(finding)
			}
		})
	}
}

func TestASecondPlanIsEmpty(t *testing.T) {
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := apply(t, name)
			_, all, err := run(t.Context(), e.folder, "plan", "-detailed-exitcode")
			var exit *exec.ExitError
			switch {
			case errors.As(err, &exit) && exit.ExitCode() == 2:
				t.Errorf("terraform wants to change what it has just made:\n%s", all)
			case err != nil:
				t.Errorf("terraform plan: %v\n%s", err, all)
			}
		})
	}
}

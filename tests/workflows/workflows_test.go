// Package workflows holds the workflows to what no linter asks of them (SPEC O2).
package workflows

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Uses        string
		Environment any
		Steps       []struct {
			Uses, Run string
			With      map[string]any
		}
	}
}

var pinned = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)

func read(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", ".github", "workflows", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(content, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = w
	}
	for _, name := range []string{"ci.yml", "deploy.yml", "load.yml", "drill.yml"} {
		if _, there := all[name]; !there {
			t.Errorf("there is no %s", name)
		}
	}
	return all
}

// Whoever can move a tag of somebody else's action could do what the workflow may.
func TestActionsArePinnedByTheirContent(t *testing.T) {
	for name, w := range read(t) {
		for job, j := range w.Jobs {
			for _, s := range j.Steps {
				if s.Uses != "" && !pinned.MatchString(s.Uses) {
					t.Errorf("%s, %s: %s is not pinned by a hash", name, job, s.Uses)
				}
			}
			if j.Uses != "" && !strings.HasPrefix(j.Uses, "./") {
				t.Errorf("%s, %s: %s is somebody else's workflow", name, job, j.Uses)
			}
		}
	}
}

func TestAWorkflowMayReadAndAJobThatMayMoreSaysSo(t *testing.T) {
	for name, w := range read(t) {
		if !maps.Equal(w.Permissions, map[string]string{"contents": "read"}) {
			t.Errorf("%s may %v", name, w.Permissions)
		}
		for job, j := range w.Jobs {
			for scope, right := range j.Permissions {
				if right == "write" && scope != "id-token" {
					t.Errorf("%s, %s may write %s", name, job, scope)
				}
			}
			if j.Uses == "" && j.Timeout == 0 {
				t.Errorf("%s, %s has no time limit", name, job)
			}
			takesRole := slices.ContainsFunc(j.Steps, func(s struct {
				Uses, Run string
				With      map[string]any
			}) bool {
				return strings.HasPrefix(s.Uses, "aws-actions/configure-aws-credentials@")
			})
			if takesRole && (j.Environment == nil || j.Permissions["id-token"] != "write") {
				t.Errorf("%s, %s takes a role of AWS outside an environment", name, job)
			}
		}
	}
}

// An expression in a script is code that its writer did not write: it comes by the environment.
func TestNoExpressionStandsInAScript(t *testing.T) {
	for name, w := range read(t) {
		for job, j := range w.Jobs {
			for _, s := range j.Steps {
				if strings.Contains(s.Run, "${{") {
					t.Errorf("%s, %s: an expression in %q", name, job, s.Run)
				}
				if s.With["aws-access-key-id"] != nil {
					t.Errorf("%s, %s uses a key of AWS", name, job)
				}
			}
		}
	}
}

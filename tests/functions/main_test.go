//go:build integration

// Package functions runs the functions as AWS Lambda does, beside gateways, on real services.
package functions

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"corsia/tests/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

type fields = testkit.Fields

// eventually is for what follows by itself, on a busy machine.
const eventually = 60 * time.Second

// join connects a user to an instance and joins a resource as editor.
func join(t testing.TB, g *testkit.Instance, user, resource string) *testkit.Client {
	t.Helper()
	c := g.Connect(t, user)
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	return c
}

// median returns the middle of some times, and the longest.
func median(all []time.Duration) (middle, longest time.Duration) {
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

func TestEveryFunctionCompilesForTheProcessorThatItRunsOn(t *testing.T) { // SPEC 1: arm64
	mains, err := filepath.Glob("../../functions/*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("there are no functions: %v", err)
	}
	for _, main := range mains {
		testkit.BuildFunction(t, filepath.Base(filepath.Dir(main)), "arm64")
	}
}

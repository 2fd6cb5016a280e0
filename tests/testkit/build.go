// Package testkit owns what tests of the whole program share: it builds the gateway once, starts, kills and restarts it
// on a folder of its own, signs tokens, speaks Socket.IO to it, reads its store and its log, and runs Node scripts.
// Everything listens on loopback and ends with its test.
package testkit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program of this test run.
var built struct {
	once   sync.Once
	folder string // removed by Main; empty when CORSIA_BINARY named the program
	path   string
	err    error
}

// Build compiles the gateway, once for all tests of a package, and returns the path of the program. CORSIA_BINARY names
// one that is built already, CORSIA_RACE=1 builds with the race detector.
func Build(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build() (string, error) {
	built.once.Do(func() {
		if built.path = os.Getenv("CORSIA_BINARY"); built.path != "" {
			return
		}
		if built.folder, built.err = os.MkdirTemp("", "corsia-testkit-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.folder, "corsia")
		args := []string{"build", "-o", built.path}
		if os.Getenv("CORSIA_RACE") == "1" {
			args = append(args, "-race")
		}
		if out, err := exec.Command("go", append(args, "corsia/gateway")...).CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build the gateway: %w\n%s", err, out)
		}
	})
	return built.path, built.err
}

// BuildVersion compiles the gateway as another version than Build's, for a test alone.
func BuildVersion(t testing.TB, version string) string {
	t.Helper()
	return BuildProgram(t, "corsia/gateway", "-ldflags", "-X corsia/gateway/app.Version="+version)
}

// BuildProgram compiles a program of this module for a test alone.
func BuildProgram(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), pkg)...).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// Main runs a package's tests and then removes what Build made and ends what Shared started. A package's TestMain is
// os.Exit(testkit.Main(m)).
func Main(m *testing.M) int {
	code := m.Run()
	if err := errors.Join(endShared(), whole.end()); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: what the tests share: %v\n", err)
		code = max(code, 1)
	}
	if built.folder != "" {
		os.RemoveAll(built.folder)
	}
	return code
}

package testkit

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// life is the testing.TB of what is started for the first test that asks and then stays for all tests of the package. It
// speaks for that test while it starts, and for the package when Main ends it.
type life struct {
	testing.TB

	// Guarded by mu.
	mu       sync.Mutex
	cleanups []func()
	ending   bool
	failures []error
}

// whole is the life of the package's tests.
var whole life

// during lets start speak for a test. Callers hold a lock of their own.
func (l *life) during(t testing.TB, start func(testing.TB)) {
	t.Helper()
	l.TB = t
	start(l)
}

// Cleanup runs f when Main ends.
func (l *life) Cleanup(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cleanups = append(l.cleanups, f)
}

// TempDir returns a folder that stays until then.
func (l *life) TempDir() string {
	l.TB.Helper()
	folder, err := os.MkdirTemp("", "corsia-package-")
	if err != nil {
		l.TB.Fatal(err)
	}
	l.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// Errorf fails the test, or in the end the package.
func (l *life) Errorf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending {
		l.TB.Errorf(format, args...)
		return
	}
	l.failures = append(l.failures, fmt.Errorf(format, args...))
}

// Logf adds to what a failure shows.
func (l *life) Logf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending {
		l.TB.Logf(format, args...)
		return
	}
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// Failed reports whether something failed at the end of the package.
func (l *life) Failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.failures) > 0
}

// end runs the cleanups, the last first, and returns what failed.
func (l *life) end() error {
	l.mu.Lock()
	l.ending = true
	cleanups := l.cleanups
	l.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
	return errors.Join(l.failures...)
}

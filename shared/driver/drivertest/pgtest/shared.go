package pgtest

import (
	"os"
	"sync"
	"testing"
)

// shared is the server that the tests of one package share, started for the first that asks.
var shared struct {
	sync.Mutex
	server *Server
	ready  bool // Run will stop it
}

// Run runs the tests of a package that use Database, from its TestMain, and returns the exit status.
func Run(m *testing.M) int {
	shared.ready = true
	status := m.Run()
	if shared.server != nil {
		shared.server.Close()
	}
	return status
}

// Database returns the address of a new, empty database, dropped when the test ends: in the server of
// TEST_POSTGRES_URL, whose role must be allowed to create it, or in a private one that all tests of the package share.
func Database(t testing.TB) string {
	t.Helper()
	if server := os.Getenv("TEST_POSTGRES_URL"); server != "" {
		return database(t, server)
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.ready {
		t.Fatal("the package's TestMain does not call pgtest.Run")
	}
	if shared.server == nil {
		s, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		shared.server = s
	}
	return shared.server.Database(t)
}

package rabbittest

import (
	"os"
	"sync"
	"testing"
)

// shared is the node that the tests of one package share, started for the first that asks.
var shared struct {
	sync.Mutex
	server *Server
	ready  bool // Run will stop it
}

// Run runs the tests of a package that use URL, from its TestMain, and returns the exit status.
func Run(m *testing.M) int {
	shared.ready = true
	status := m.Run()
	if shared.server != nil {
		shared.server.Close()
	}
	return status
}

// URL returns the address of a broker for tests that use resources of their own: that of TEST_AMQP_URL, or a private node
// that all tests of the package share.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("TEST_AMQP_URL"); url != "" {
		return url
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.ready {
		t.Fatal("the package's TestMain does not call rabbittest.Run")
	}
	if shared.server == nil {
		s, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		shared.server = s
	}
	return shared.server.URL
}

//go:build integration

package chaos

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"corsia/tests/chaos/check"
	"corsia/tests/testkit"
)

// single is one gateway on its embedded drivers.
type single struct{ *testkit.Gateway }

var singleKinds = []FaultKind{KillInstance, StopInstance, FreezeInstance}

func (s single) URLs() []string { return []string{s.URL} }

func (s single) Inject(t testing.TB, f Fault) (heal func()) {
	t.Helper()
	switch f.Kind {
	case KillInstance:
		s.Kill9()
		return func() { s.Restart(t) }
	case StopInstance:
		s.Gateway.Stop(t)
		return func() { s.Restart(t) }
	case FreezeInstance:
		s.Signal(t, syscall.SIGSTOP)
		return func() { s.Signal(t, syscall.SIGCONT) }
	}
	t.Fatalf("a single gateway has no %s", f.Kind)
	return nil
}

func (s single) Keys(testing.TB) []string { return nil } // they are in the process

func (s single) Stop(t testing.TB) {
	t.Helper()
	if status, _ := s.Gateway.Stop(t); status != 0 {
		t.Errorf("the gateway ended with status %d", status)
	}
}

func (s single) Verify(t testing.TB) string {
	t.Helper()
	return verify(t, s.Dir, "-store-url", "sqlite:"+filepath.Join(s.Dir, "corsia.db"))
}

// verify asks the program, in a folder with the archive of the gateway, and returns what it said unless all is intact.
func verify(t testing.TB, dir string, args ...string) string {
	t.Helper()
	said, errors, status := testkit.Run(t, dir, nil, append([]string{"audit", "verify"}, args...)...)
	t.Log(said)
	if status == 0 {
		return ""
	}
	return said + errors
}

func (s single) Read(t testing.TB, h *check.History) check.Final {
	t.Helper()
	return reader{t, h, s.Store(t), sqlite}.read()
}

func TestAnEmbeddedGatewayKeepsItsPromises(t *testing.T) {
	embedded(t, seeds(t, nil, embeddedTime, 1)[0], singleKinds, embeddedTime)
}

func embedded(t *testing.T, seed uint64, kinds []FaultKind, length time.Duration) {
	t.Helper()
	g := testkit.Start(t, "ADDR="+testkit.Port(t), "LOCK_TTL=3s", "COMPACT_AFTER=500ms", "MAX_SESSIONS_PER_USER=100", "RESUME_GRACE=1s")
	g.ExpectError("session: connect") // while it stops
	plan := NewPlan(seed, Setting{Instances: 1, Kinds: kinds, Length: length})
	judge(t, plan, single{g}, Options{Length: length, Token: token(g)})
}

func token(g *testkit.Gateway) func(user string) string {
	return func(user string) string { return g.Token(user) }
}

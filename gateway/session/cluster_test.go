package session_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/auth"
	"corsia/gateway/document"
	"corsia/gateway/engineio"
	"corsia/gateway/lock"
	"corsia/gateway/presence"
	"corsia/gateway/room"
	"corsia/gateway/session"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
	"corsia/tests/testkit"
)

// cluster starts two instances in the test's own process, on one state, one bus and one store, and stops them with the
// test.
func cluster(t *testing.T, grace time.Duration) (one, two *instance) {
	t.Helper()
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(testkit.Key(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "corsia-dev.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	log := obs.TestLogger(t, t.Output())
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "corsia.db"), sqlite.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := shared{dir: dir, store: store, state: inproc.NewState(time.Now), bus: inproc.NewBus(), grace: grace}
	return s.start(t, "i_1"), s.start(t, "i_2")
}

// shared is what the instances of a cluster have in common.
type shared struct {
	dir   string
	store *sqlite.DB
	state *inproc.State
	bus   *inproc.Bus
	grace time.Duration
}

// instance is one of the cluster. Its gate can be drained by itself.
type instance struct {
	*ward
	gate  *session.Gate
	state *inproc.State
	deaf  *atomic.Bool // its claims get no answer
}

// claims is the state as one instance reaches it.
type claims struct {
	*inproc.State
	deaf *atomic.Bool
}

func (c claims) ClaimSession(ctx context.Context, q collab.Claim) (collab.Session, []collab.Member, error) {
	if c.deaf.Load() {
		return collab.Session{}, nil, errors.New("no answer")
	}
	return c.State.ClaimSession(ctx, q)
}

// trail records audit rows in the store.
type trail struct {
	*audit.Recorder
	store *sqlite.DB
}

func (t trail) Record(ctx context.Context, e audit.Event) error { return t.store.Record(ctx, t.Row(e)) }

func (s shared) start(t *testing.T, id collab.InstanceID) *instance {
	log, metrics := obs.TestLogger(t, t.Output()), obs.NewMetrics(prometheus.NewRegistry())
	trail := trail{audit.NewRecorder(id, log), s.store}
	keys, err := auth.OpenDevKeys(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	revoked := &auth.RevocationList{}
	deaf := &atomic.Bool{}
	tracker := presence.New(presence.Options{Sessions: claims{s.state, deaf}, Rooms: s.state, Log: log, Now: time.Now, ActivityTTL: time.Minute, RoomTTL: time.Minute})
	compactor := document.NewCompactor(document.CompactorOptions{States: s.store, Metrics: metrics, Log: log, Now: time.Now, After: time.Second})
	rooms := room.NewRegistry(room.Options{Instance: id, Journal: s.store, Bus: s.bus, Compactor: compactor, Limits: document.DefaultLimits(),
		Audit: func(r room.Refusal) collab.AuditRow {
			return trail.Row(audit.Event{Type: audit.UpdateRejected, Tenant: r.Resource.Tenant, Resource: r.Resource.ID})
		}, Metrics: metrics, Log: log, Now: time.Now}, 100*time.Millisecond)
	locks := lock.New(lock.Options{Leases: s.state, Store: s.store, Bus: s.bus, Rooms: rooms, Audit: trail, Metrics: metrics, Log: log, Now: time.Now, Instance: id, TTL: 3 * time.Second})
	gate := session.NewGate(session.Options{Instance: id, Verifier: auth.NewVerifier(auth.Settings{Keys: keys, Revocations: revoked}),
		Grants: auth.NewGrants(nil, true), Revocations: revoked, Presence: tracker, Rooms: rooms, Locks: locks, Store: s.store, Audit: trail,
		Metrics: metrics, Log: log, Now: time.Now, HeartbeatInterval: 30 * time.Second, MessagesPerSecond: 50, SessionsPerUser: 2,
		RoomsPerSession: 64, ResumeGrace: s.grace, Patience: 10 * time.Second})
	sockets := socketio.NewServer(engineio.Options{}, socketio.Options{}, map[string]socketio.Handler{"/": gate})
	server := httptest.NewServer(sockets)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { tracker.Run(ctx) })
	running.Go(func() { compactor.Run(ctx) })
	running.Go(func() { locks.Run(ctx, gate) })
	running.Go(func() { gate.Run(ctx, 50*time.Millisecond) })
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		for _, end := range []func(context.Context) error{func(ctx context.Context) error { return gate.Drain(ctx, 0, 0) }, sockets.Close, rooms.Close} {
			if err := end(limit); err != nil {
				t.Errorf("stop %s: %v", id, err)
			}
		}
		server.Close()
		stop()
		running.Wait()
	})
	return &instance{ward: &ward{Gateway: &testkit.Gateway{URL: server.URL, Dir: s.dir}, stopped: true}, gate: gate, state: s.state, deaf: deaf}
}

// resume connects with the resume key of a client whose transport is lost.
func (w *ward) resume(t *testing.T, old *testkit.Client, user string, claims ...fields) *testkit.Client {
	t.Helper()
	return w.ConnectWith(t, testkit.Options{Token: w.Token(user, claims...), Auth: resumeKey(old)})
}

func resumeKey(c *testkit.Client) fields {
	return fields{"sessionId": c.Session(), "resumeKey": c.Connected.Text("resumeKey")}
}

// wantResumed checks what CONNECTED says of a session that goes on.
func wantResumed(t *testing.T, c, old *testkit.Client) {
	t.Helper()
	if c.Connected["resumed"] != true || c.Session() != old.Session() || c.Connected.Text("resumeKey") == old.Connected.Text("resumeKey") {
		t.Fatalf("CONNECTED %v, want session %s resumed with another key", c.Connected, old.Session())
	}
}

// wantFresh checks that a client got a new session.
func wantFresh(t *testing.T, c, old *testkit.Client) {
	t.Helper()
	if c.Connected["resumed"] != false || c.Session() == old.Session() {
		t.Fatalf("CONNECTED %v, want a new session", c.Connected)
	}
}

package lock

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/obs"
)

const ttl = 30 * time.Second

var (
	ward  = collab.Resource{Tenant: "default", ID: "page:/patient/1"}
	notes = collab.LockKey{Resource: ward, Field: "notes"}
)

// leases is the embedded lease service, which can be away.
type leases struct {
	*inproc.State
	mu   sync.Mutex
	away error
	bus  *bus                        // of those who share the leases
	late func(context.Context) error // after a lease was granted: what becomes of the answer; nil: it arrives
}

func (l *leases) set(away error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

func (l *leases) down() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

func (l *leases) Acquire(ctx context.Context, lease collab.Lease, d time.Duration) (collab.Lease, error) {
	if err := l.down(); err != nil {
		return collab.Lease{}, err
	}
	holder, err := l.State.Acquire(ctx, lease, d)
	if err == nil && l.late != nil {
		err = l.late(ctx)
	}
	return holder, err
}

func (l *leases) Extend(ctx context.Context, lease collab.Lease, d time.Duration) error {
	if err := l.down(); err != nil {
		return err
	}
	return l.State.Extend(ctx, lease, d)
}

func (l *leases) Release(ctx context.Context, lease collab.Lease) error {
	if err := l.down(); err != nil {
		return err
	}
	return l.State.Release(ctx, lease)
}

func (l *leases) Confirm(ctx context.Context, lock collab.Lock) error {
	if err := l.down(); err != nil {
		return err
	}
	return l.State.Confirm(ctx, lock)
}

func (l *leases) Holder(ctx context.Context, key collab.LockKey) (collab.Lease, bool, error) {
	if err := l.down(); err != nil {
		return collab.Lease{}, false, err
	}
	return l.State.Holder(ctx, key)
}

// bus is the embedded one, which can lose word.
type bus struct {
	*inproc.Bus
	mu    sync.Mutex
	loses func(collab.Notice) bool
}

func (b *bus) lose(which func(collab.Notice) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.loses = which
}

func (b *bus) Publish(ctx context.Context, n collab.Notice) error {
	b.mu.Lock()
	lost := b.loses != nil && b.loses(n)
	b.mu.Unlock()
	if lost {
		return nil
	}
	return b.Bus.Publish(ctx, n)
}

// store keeps records in memory by the rules of the port, and can be away.
type store struct {
	mu     sync.Mutex
	open   []collab.Lock
	fences map[collab.LockKey]int64
	audit  []collab.AuditRow
	closed []closing
	away   error
	guard  int64
}

type closing struct {
	lock collab.Lock
	end  collab.LockEnd
}

func (s *store) set(away error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *store) OpenLock(_ context.Context, l collab.Lock, displace collab.Displace, rows func(collab.LockGranted) []collab.AuditRow) (collab.LockGranted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return collab.LockGranted{}, s.away
	}
	ends, denied := displace.Judge(l, slices.DeleteFunc(slices.Clone(s.open), func(o collab.Lock) bool { return o.Key.Resource != l.Key.Resource }))
	if denied != nil {
		return collab.LockGranted{}, fmt.Errorf("open lock: %w", denied)
	}
	for _, old := range ends {
		s.close(old, displace.Reason())
	}
	s.fences[l.Key]++
	l.Fence = s.fences[l.Key]
	s.open = append(s.open, l)
	s.guard++
	granted := collab.LockGranted{Lock: l, Superseded: ends, Head: collab.Head{Revision: 7, Guard: s.guard}}
	s.audit = append(s.audit, rows(granted)...)
	return granted, nil
}

func (s *store) close(l collab.Lock, end collab.LockEnd) bool {
	at := slices.IndexFunc(s.open, func(o collab.Lock) bool { return o.Key == l.Key && o.Fence == l.Fence })
	if at < 0 {
		return false
	}
	s.closed = append(s.closed, closing{s.open[at], end})
	s.open = slices.Delete(s.open, at, at+1)
	s.guard++
	return true
}

func (s *store) CloseLock(_ context.Context, key collab.LockKey, fence int64, end collab.LockEnd, _ time.Time, rows []collab.AuditRow) (collab.Head, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return collab.Head{}, false, s.away
	}
	closed := s.close(collab.Lock{Key: key, Fence: fence}, end)
	if closed {
		s.audit = append(s.audit, rows...)
	}
	return collab.Head{Revision: 7, Guard: s.guard}, closed, nil
}

func (s *store) ExtendLock(_ context.Context, key collab.LockKey, fence int64, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	for i := range s.open {
		if s.open[i].Key == key && s.open[i].Fence == fence {
			s.open[i].ExpiresAt = expires
			return nil
		}
	}
	return fmt.Errorf("extend lock: %w", collab.ErrLost)
}

func (s *store) LocksOf(_ context.Context, tenant collab.Tenant, session collab.SessionID) ([]collab.Lock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return nil, s.away
	}
	var found []collab.Lock
	for _, l := range s.open {
		if l.Session == session && l.Key.Resource.Tenant == tenant {
			found = append(found, l)
		}
	}
	return found, nil
}

func (s *store) OpenLocks(_ context.Context, res collab.Resource) ([]collab.Lock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.open), func(l collab.Lock) bool { return l.Key.Resource != res }), s.away
}

func (s *store) ExpiredLocks(_ context.Context, before time.Time, limit int) ([]collab.Lock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return nil, s.away
	}
	var out []collab.Lock
	for _, l := range s.open {
		if l.ExpiresAt.Before(before) && len(out) < limit {
			out = append(out, l)
		}
	}
	return out, nil
}

func (s *store) Heads(_ context.Context, all []collab.Resource) (map[collab.Resource]collab.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heads := map[collab.Resource]collab.Head{}
	for _, res := range all {
		heads[res] = collab.Head{Revision: 7, Guard: s.guard}
	}
	return heads, s.away
}

func (s *store) records() []collab.Lock {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.open)
}

// audited returns the type, outcome and reason of each row, in order.
func (s *store) audited(t *testing.T) []string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, row := range s.audit {
		e, err := audit.Parse(row.Body)
		if err != nil {
			t.Fatalf("audit row: %v", err)
		}
		line := string(e.Type) + " " + string(e.Outcome)
		if e.Reason != "" {
			line += " " + e.Reason
		}
		out = append(out, line)
	}
	return out
}

// recorder makes real rows and keeps those that describe no change.
type recorder struct {
	*audit.Recorder
	store *store
}

func (r recorder) Record(_ context.Context, e audit.Event) error {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.audit = append(r.store.audit, r.Row(e))
	return nil
}

// rooms records what would be announced. Everything up to any revision is delivered.
type rooms struct {
	mu       sync.Mutex
	granted  []collab.LockGranted
	extended []collab.Lock
	ended    []closing
	onEnded  func(collab.Lock)
}

func (r *rooms) Granted(g collab.LockGranted, then func()) {
	r.mu.Lock()
	r.granted = append(r.granted, g)
	r.mu.Unlock()
	then()
}

func (r *rooms) Extended(l collab.Lock) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.extended = append(r.extended, l)
}

func (r *rooms) Ended(l collab.Lock, end collab.LockEnd, _ collab.Head) {
	r.mu.Lock()
	r.ended = append(r.ended, closing{l, end})
	heard := r.onEnded
	r.mu.Unlock()
	if heard != nil {
		heard(l)
	}
}

// ends returns the reasons announced, in order.
func (r *rooms) ends() []collab.LockEnd {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []collab.LockEnd
	for _, c := range r.ended {
		out = append(out, c.end)
	}
	return out
}

// bench is a manager with fakes around it.
type bench struct {
	t *testing.T
	*Manager
	leases *leases
	store  *store
	rooms  *rooms

	// Guarded by the rooms' mu.
	told map[collab.SessionID][]any
	gone map[collab.SessionID]bool // sessions that are not here
}

func newBench(t *testing.T) *bench {
	t.Helper()
	s := &store{fences: map[collab.LockKey]int64{}}
	return newInstance(t, "i_1", &leases{State: inproc.NewState(time.Now), bus: &bus{Bus: inproc.NewBus()}}, s)
}

// newInstance is one of several managers that share what keeps leases and records.
func newInstance(t *testing.T, id collab.InstanceID, l *leases, s *store) *bench {
	b := &bench{t: t, leases: l, store: s, rooms: &rooms{}, told: map[collab.SessionID][]any{}, gone: map[collab.SessionID]bool{}}
	log := obs.TestLogger(t, t.Output())
	b.Manager = New(Options{Leases: l, Store: s, Bus: l.bus, Rooms: b.rooms, Audit: recorder{audit.NewRecorder(id, log), s},
		Metrics: obs.NewMetrics(prometheus.NewRegistry()), Log: log, Now: time.Now, Instance: id, TTL: ttl})
	return b
}

// session "anna/1" is a session of the user anna.
func session(id collab.SessionID) collab.Session {
	user := collab.UserID(id[:len(id)-2])
	return collab.Session{ID: id, Tenant: "default", User: user, Name: "Dr " + string(user), Role: "surgeon"}
}

func ask(id collab.SessionID, key collab.LockKey) Request {
	return Request{Key: key, Session: session(id), Address: "192.0.2.1"}
}

// grants acquires and must succeed.
func (b *bench) grants(q Request) collab.LockGranted {
	b.t.Helper()
	var got collab.LockGranted
	if err := b.Acquire(b.t.Context(), q, func(g collab.LockGranted) { got = g }); err != nil {
		b.t.Fatalf("%s does not get %v: %v", q.Session.ID, q.Key, err)
	}
	if got.Lock.ID == "" {
		b.t.Fatalf("%s was not answered", q.Session.ID)
	}
	return got
}

// denies acquires and must be refused for a reason.
func (b *bench) denies(q Request, reason string) Denied {
	b.t.Helper()
	err := b.Acquire(b.t.Context(), q, func(collab.LockGranted) { b.t.Errorf("%s was told that it has %v", q.Session.ID, q.Key) })
	if err == nil {
		b.t.Fatalf("%s got %v, want %s", q.Session.ID, q.Key, reason)
	}
	e := collab.AsError(err)
	denied, ok := e.Detail.(Denied)
	if e.Code != collab.CodeLockDenied || !ok || denied.Reason != reason {
		b.t.Fatalf("%s was refused with %v (%+v), want %s", q.Session.ID, err, e.Detail, reason)
	}
	return denied
}

// people are the sessions of an instance, who may lock everything.
type people struct {
	*bench
	active func(collab.SessionID) bool
}

func (p people) Active(id collab.SessionID) bool { return p.active(id) }

func (p people) MayLock(id collab.SessionID, _ collab.Resource) bool {
	p.rooms.mu.Lock()
	defer p.rooms.mu.Unlock()
	return !p.gone[id]
}

func (p people) Tell(id collab.SessionID, word any) {
	p.rooms.mu.Lock()
	defer p.rooms.mu.Unlock()
	p.told[id] = append(p.told[id], word)
}

// words returns what a session was told of one type.
func words[T any](b *bench, id collab.SessionID) []T {
	b.rooms.mu.Lock()
	defer b.rooms.mu.Unlock()
	var out []T
	for _, w := range b.told[id] {
		if v, ok := w.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// run runs the manager until the returned function is called.
func (b *bench) run(active func(collab.SessionID) bool) (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx, people{b, active}) }()
	return func() { cancel(); <-done }
}

func always(collab.SessionID) bool { return true }
func never(collab.SessionID) bool  { return false }

package room

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/document"
	"corsia/shared/collab"
	"corsia/shared/driver/inproc"
	"corsia/shared/obs"
	"corsia/shared/ydoc"
)

// journal is a journal in memory whose commits wait until the test lets them go, and can be made to fail.
type journal struct {
	mu      sync.Mutex
	heads   map[collab.Resource]collab.Head
	rows    map[collab.Resource][]collab.Entry
	locks   map[collab.Resource][]collab.Lock
	roster  []collab.Member // of the one resource that is joined, as the state driver would know it
	audited []collab.AuditRow
	retired []collab.ClientID
	seeds   []collab.Seed          // of the one resource that is joined
	held    []func()               // appends that wait for release
	hold    bool                   // appends wait
	fate    func(appends int) fate // of the nth append, from 1
	appends int
	erased  collab.LastErasure
	broken  error // what Load returns
	loaded  int   // times that the whole document was read
	read    int   // times that what is new was read
}

// fate says what becomes of an append.
type fate int

const (
	commits fate = iota
	fails        // nothing is written
	unknown      // it is written, and the answer is an error
)

func newJournal() *journal {
	return &journal{heads: map[collab.Resource]collab.Head{}, rows: map[collab.Resource][]collab.Entry{}, locks: map[collab.Resource][]collab.Lock{},
		fate: func(int) fate { return commits }}
}

func (j *journal) Append(b collab.Batch, done chan<- collab.Committed) {
	j.mu.Lock()
	defer j.mu.Unlock()
	run := func() { done <- j.commit(b) }
	if j.hold {
		j.held = append(j.held, run)
		return
	}
	go run()
}

func (j *journal) commit(b collab.Batch) collab.Committed {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.appends++
	f := j.fate(j.appends)
	head := j.heads[b.Resource]
	switch {
	case f == fails:
		return collab.Committed{Err: fmt.Errorf("disk is full")}
	case head != b.Expect:
		return collab.Committed{Head: head, Err: fmt.Errorf("append: %w", collab.ErrStale)}
	}
	head = b.After()
	for _, e := range b.Entries {
		e.Update = slices.Clone(e.Update)
		j.rows[b.Resource] = append(j.rows[b.Resource], e)
	}
	j.heads[b.Resource] = head
	j.audited = append(j.audited, b.Audit...)
	j.retired = append(j.retired, b.Retire...)
	j.seeds = append(j.seeds, b.Seeds...)
	if f == unknown {
		return collab.Committed{Err: fmt.Errorf("connection lost at commit")}
	}
	return collab.Committed{Head: head, At: time.Now()}
}

// wait holds appends back until release.
func (j *journal) wait() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hold = true
}

// reads returns how often all of a document was read, and how often what was new.
func (j *journal) reads() (loaded, read int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.loaded, j.read
}

// release lets held appends go.
func (j *journal) release() {
	j.mu.Lock()
	held := j.held
	j.held, j.hold = nil, false
	j.mu.Unlock()
	for _, run := range held {
		run()
	}
}

func (j *journal) Load(_ context.Context, res collab.Resource) (collab.Snapshot, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return collab.Snapshot{}, j.broken
	}
	j.loaded++
	s := collab.Snapshot{Head: j.heads[res], StateRevision: min(1, j.heads[res].Revision), Tail: slices.Clone(j.rows[res]), Locks: slices.Clone(j.locks[res]),
		Seeds: slices.Clone(j.seeds), Erased: j.erased}
	if j.erased.Epoch > 0 { // the state is that of the new life
		s.StateRevision = s.Head.Revision - int64(len(s.Tail))
	}
	for _, e := range s.Tail {
		for _, c := range e.Clients {
			s.Owners = append(s.Owners, collab.Owner{Client: c, User: e.User, Session: e.Session, Used: true})
		}
	}
	return s, nil
}

func (j *journal) Since(ctx context.Context, res collab.Resource, after int64) (collab.Snapshot, error) {
	s, err := j.Load(ctx, res)
	s.State, s.StateRevision = nil, 0
	s.Tail = slices.DeleteFunc(s.Tail, func(e collab.Entry) bool { return e.Revision <= after })
	j.mu.Lock()
	defer j.mu.Unlock()
	j.loaded, j.read = j.loaded-1, j.read+1
	return s, err
}

func (j *journal) Heads(_ context.Context, all []collab.Resource) (map[collab.Resource]collab.Head, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	heads := map[collab.Resource]collab.Head{}
	for _, res := range all {
		if j.heads[res].Revision > 0 {
			heads[res] = j.heads[res]
		}
	}
	return heads, nil
}

// Members returns the roster, as the state driver would.
func (j *journal) Members(context.Context, collab.Resource) ([]collab.Member, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.roster), nil
}

// grant opens a lock's record and returns the head after it, as the store does.
func (j *journal) grant(l collab.Lock) collab.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.locks[l.Key.Resource] = append(j.locks[l.Key.Resource], l)
	return j.raise(l.Key.Resource)
}

// end closes it.
func (j *journal) end(l collab.Lock) collab.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.locks[l.Key.Resource] = slices.DeleteFunc(j.locks[l.Key.Resource], func(o collab.Lock) bool { return o.ID == l.ID })
	return j.raise(l.Key.Resource)
}

// raise raises the guard. The caller has mu.
func (j *journal) raise(res collab.Resource) collab.Head {
	head := j.heads[res]
	head.Guard++
	j.heads[res] = head
	return head
}

// leave takes a session off the state driver's roster.
func (j *journal) leave(id collab.SessionID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.roster = slices.DeleteFunc(j.roster, func(m collab.Member) bool { return m.Session == id })
}

// create is what the store does at the first editor's join.
func (j *journal) create(res collab.Resource) (head collab.Head, created bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	head = j.heads[res]
	if head.Revision == 0 {
		head.Revision, head.Epoch, created = 1, 1, true // and the guard stays: locks may be older
	}
	j.heads[res] = head
	return head, created
}

func (j *journal) count(res collab.Resource) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.rows[res])
}

// client is a session with a document of its own, as a test sees it.
type client struct {
	t       *testing.T
	id      collab.SessionID
	room    *Room
	doc     *ydoc.Doc
	yjs     collab.ClientID
	full    bool // its outbox takes nothing
	backlog int

	mu      sync.Mutex
	got     []any
	answers []Answer
	kicked  error
	moved   int
	away    bool
}

func (c *client) Deliver(m *Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full {
		return false
	}
	c.got = append(c.got, m.Body)
	if u, ok := m.Body.(*Updated); ok {
		if err := c.doc.ApplyUpdate(slices.Clone(u.Update)); err != nil {
			c.t.Errorf("%s: apply: %v", c.id, err)
		}
	}
	return true
}

func (c *client) Answer(_ Ticket, a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, a)
	if s, ok := a.Body.(*State); ok {
		if err := c.doc.ApplyUpdate(slices.Clone(s.State)); err != nil {
			c.t.Errorf("%s: state: %v", c.id, err)
		}
		c.yjs = s.Client
	}
}

func (c *client) Backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.backlog
}

func (c *client) fallBehind(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.backlog = bytes
}

func (c *client) Kick(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kicked = err
}

func (c *client) Away() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.away
}

// suspend takes away the client's transport, or gives it back.
func (c *client) suspend(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = away
}

func (c *client) Moved() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved++
}

func (c *client) movedTimes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

// saved returns the revisions that were acknowledged, and the codes of refusals.
func (c *client) saved() (revisions []int64, codes []collab.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.answers {
		if a.Err != nil {
			codes = append(codes, collab.AsError(a.Err).Code)
		} else if a.Body == nil {
			revisions = append(revisions, a.Revision)
		}
	}
	return revisions, codes
}

// bodies returns what was delivered of one type.
func bodies[T any](c *client) []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []T
	for _, b := range c.got {
		if v, ok := b.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// ward is a registry with its journal, for one test.
type ward struct {
	t       *testing.T
	res     collab.Resource
	journal *journal
	rooms   *Registry
	next    collab.ClientID
	release []func()
}

type noCompaction struct{}

func (noCompaction) Changed(collab.Resource, int) {}
func (noCompaction) Left(collab.Resource)         {}
func (noCompaction) Erased(collab.Resource)       {}

func newWard(t *testing.T) *ward {
	return newWardOn(t, newJournal(), inproc.NewBus(), "i_1")
}

func newWardOn(t *testing.T, j *journal, bus Bus, instance collab.InstanceID) *ward {
	w := &ward{t: t, res: collab.Resource{Tenant: "default", ID: "page:/patient/1"}, journal: j}
	w.rooms = NewRegistry(Options{Instance: instance, Journal: j, Rosters: j, Bus: bus, Compactor: noCompaction{}, Limits: document.DefaultLimits(),
		Audit: func(r Refusal) collab.AuditRow {
			return collab.AuditRow{EventID: rand.Text(), Type: string(r.Err.Code)}
		},
		Metrics: obs.NewMetrics(prometheus.NewRegistry()), Log: obs.TestLogger(t, t.Output()), Now: time.Now}, time.Second)
	return w
}

// close ends the rooms: the test's goroutines are gone when it returns.
func (w *ward) close() {
	for _, release := range w.release {
		release()
	}
	if err := w.rooms.Close(w.t.Context()); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

// join brings a new session of a user into the room, as an editor unless the id begins with "viewer".
func (w *ward) join(id collab.SessionID) *client {
	w.t.Helper()
	room, release, err := w.rooms.Hold(w.t.Context(), w.res)
	if err != nil {
		w.t.Fatalf("hold: %v", err)
	}
	w.release = append(w.release, release)
	c := &client{t: w.t, id: id, room: room, doc: ydoc.New()}
	w.enter(c)
	synctest.Wait()
	return c
}

func (w *ward) enter(c *client) {
	mode, joined := collab.Editor, collab.Joined{}
	if strings.HasPrefix(string(c.id), "viewer") {
		mode = collab.Viewer
		joined.Head = w.journal.heads[w.res]
	} else {
		w.next++
		joined.Client = w.next
		joined.Head, joined.Created = w.journal.create(w.res)
	}
	m := collab.Member{Resource: w.res, Session: c.id, User: user(c.id), Mode: mode, Instance: w.rooms.opts.Instance, JoinedAt: time.Now()}
	w.journal.mu.Lock()
	w.journal.roster = append(w.journal.roster, m)
	roster := slices.Clone(w.journal.roster)
	w.journal.mu.Unlock()
	w.send(c, Join{Peer: c, Member: m, Roster: roster, Joined: joined})
}

// user returns the user of a session "anna/1".
func user(id collab.SessionID) collab.UserID {
	name, _, _ := strings.Cut(string(id), "/")
	return collab.UserID(name)
}

func (w *ward) send(c *client, ev event) {
	w.t.Helper()
	if err := c.room.Send(w.t.Context(), ev); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// types makes the client type at the end of a field, and sends it.
func (w *ward) types(c *client, field, text string) {
	w.t.Helper()
	c.mu.Lock()
	update, err := c.doc.Transact(ydoc.ClientID(c.yjs), func(e *ydoc.Edit) { e.InsertText(field, len(c.doc.Text(field)), text) })
	c.mu.Unlock()
	if err != nil {
		w.t.Fatalf("type: %v", err)
	}
	w.send(c, Update{From: c.id, Payload: update, At: time.Now()})
}

func (w *ward) wantText(c *client, field, want string) {
	w.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.doc.Text(field); got != want {
		w.t.Errorf("%s sees %q, want %q", c.id, got, want)
	}
}

// wantStored compares the journal, decoded, with what it should hold.
func (w *ward) wantStored(field, want string) {
	w.t.Helper()
	snap, err := w.journal.Load(w.t.Context(), w.res)
	if err != nil {
		w.t.Fatalf("load: %v", err)
	}
	live, err := document.Open(w.res, snap, document.DefaultLimits())
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	if got := live.Text(collab.Field(field)); got != want {
		w.t.Errorf("the journal holds %q, want %q", got, want)
	}
}

func newDoc() *ydoc.Doc { return ydoc.New() }

// raise is the head after a lock's grant raised the guard.
func (w *ward) raise() collab.Head {
	w.journal.mu.Lock()
	defer w.journal.mu.Unlock()
	return w.journal.raise(w.res)
}

// notice is word from another instance.
func notice(t *testing.T, kind collab.BusKind, body any) event {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return remote{collab.Notice{From: "i_9", Kind: kind, Body: encoded}}
}

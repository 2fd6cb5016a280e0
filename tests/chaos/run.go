package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/tests/chaos/check"
	"corsia/tests/load/corsia"
)

// Cluster is what a run breaks.
type Cluster interface {
	// URLs returns where the instances listen.
	URLs() []string
	// Inject breaks something and returns what mends it.
	Inject(t testing.TB, f Fault) (heal func())
	// Read returns what the databases hold: the journal, the grants, the trail, the states.
	Read(t testing.TB, h *check.History) check.Final
	// Keys returns the keys of the state driver that belong to sessions, rooms and locks.
	Keys(t testing.TB) []string
	// Stop stops all instances, one after the other.
	Stop(t testing.TB)
	// Verify returns what `corsia audit verify` says about the trail and the journal, empty when all is intact.
	Verify(t testing.TB) string
}

const (
	settlePatience   = 15 * time.Second
	equalPatience    = 3 * time.Second  // D4 allows 2 s after a fault has healed
	usualPatience    = 40 * time.Second // an instance that died is known to be dead after 15 s, what it held ends by its TTL
	lookEvery        = 100 * time.Millisecond
	probeNumber      = 1000 // of the first actor that looks whether writes are served
	probePatience    = 30 * time.Second
	newcomerUser     = "newcomer"
	probeUser        = "probe"
	probeRoom        = "page:/chaos/probe" // where nobody locks
	goroutineSlack   = 15
	memorySlackBytes = 64 << 20 // what the collector has not taken yet
)

// Outcome is what came of a run.
type Outcome struct {
	*check.Report

	History *check.History
	Counts  map[string]int // of operations, by kind and result
	Faults  map[FaultKind]int
}

// Options are how a plan is carried out.
type Options struct {
	Length   time.Duration
	Token    func(user string) string // signs one
	Patience time.Duration            // until everybody's place is known everywhere, and until nothing is left of it; 0: as long as a crash may take
}

// run is one run under way.
type run struct {
	Options

	t       testing.TB
	plan    Plan
	cluster Cluster
	history *check.History
	actors  []*actor
	final   check.Final
	probes  int
	broken  map[FaultKind]int // faults so far
}

// Run carries out a plan and judges it.
func Run(t testing.TB, p Plan, c Cluster, o Options) Outcome {
	t.Helper()
	if o.Patience == 0 {
		o.Patience = usualPatience
	}
	r := &run{Options: o, t: t, plan: p, cluster: c, history: check.NewHistory(), broken: map[FaultKind]int{}}
	before := r.gauges()
	for i := range p.Actors {
		r.actors = append(r.actors, newActor(i, p, r.history, c.URLs(), o.Token))
	}
	r.work()
	r.settle()
	r.meet()
	r.leave(before)
	c.Stop(t) // now everything is recorded
	r.final.Trail = c.Verify(t)
	found := c.Read(t, r.history)
	r.final.Journal, r.final.Grants, r.final.Audit = found.Journal, found.Grants, found.Audit
	r.final.Replicas = append(r.final.Replicas, found.Replicas...)
	readByYjs(t, r.final.Replicas)
	out := Outcome{Report: check.Check(r.history, &r.final), History: r.history, Counts: map[string]int{}, Faults: r.broken}
	for _, op := range r.history.Ops() {
		out.Counts[string(op.Kind)+" "+strings.TrimSpace(string(op.Result)+" "+op.Code)]++
	}
	return out
}

// String tells the counts of operations and faults.
func (o Outcome) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(o.Counts)) {
		fmt.Fprintf(&b, "%6d %s\n", o.Counts[k], k)
	}
	for _, k := range slices.Sorted(maps.Keys(o.Faults)) {
		fmt.Fprintf(&b, "%6d %s\n", o.Faults[k], k)
	}
	for _, v := range o.Violations {
		fmt.Fprintf(&b, "VIOLATION %v\n", v)
	}
	for _, n := range o.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// work lets the actors act while things break.
func (r *run) work() {
	ctx, stop := context.WithTimeout(context.Background(), r.Length)
	defer stop()
	var acting sync.WaitGroup
	for _, a := range r.actors {
		acting.Go(func() { a.run(ctx) })
	}
	for _, f := range r.plan.Faults {
		if pause(ctx, f.After); ctx.Err() != nil {
			break
		}
		r.broken[f.Kind]++
		r.t.Logf("%8v %v", r.history.Now().Round(time.Millisecond), f)
		heal := r.cluster.Inject(r.t, f)
		time.Sleep(f.For)
		heal()
		r.probe(f)
	}
	<-ctx.Done()
	acting.Wait()
}

// probe measures how long each instance takes after a fault until it saves an edit of a new client.
func (r *run) probe(f Fault) {
	var mu sync.Mutex
	var probing sync.WaitGroup
	healed := r.history.Now()
	for _, url := range r.cluster.URLs() {
		r.probes++
		p := Plan{Rooms: []string{probeRoom}, Actors: []Role{{User: probeUser, Seed: uint64(r.probes)}}}
		a := newActor(0, p, r.history, []string{url}, r.Token)
		a.number = probeNumber + r.probes
		probing.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), probePatience)
			defer cancel()
			done := false
			for !done && ctx.Err() == nil {
				if a.settle(ctx) {
					a.save(a.edit())
					done = len(a.unsaved) == 0 && a.joined
				}
			}
			h := check.Healing{Whose: url, After: string(f.Kind), Took: r.history.Now() - healed, Done: done}
			a.drop()
			mu.Lock()
			defer mu.Unlock()
			r.final.Healings = append(r.final.Healings, h)
		})
	}
	probing.Wait()
}

// settle waits until everything is saved and everybody has seen it.
func (r *run) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), settlePatience)
	defer cancel()
	var settling sync.WaitGroup
	late := make([]bool, len(r.actors))
	for i, a := range r.actors {
		settling.Go(func() { late[i] = !a.settle(ctx) })
	}
	settling.Wait()
	for i, a := range r.actors {
		if late[i] {
			r.final.Healings = append(r.final.Healings, check.Healing{Whose: a.name, After: "everything", Took: settlePatience})
		}
	}
	for deadline := time.Now().Add(equalPatience); !r.level() && time.Now().Before(deadline); {
		time.Sleep(lookEvery)
	}
	for i, a := range r.actors {
		if late[i] {
			continue
		}
		a.listen()
		r.see(a.name, a.room, func() ([]byte, error) { return a.doc.EncodeState(nil) })
	}
}

// level reports whether all actors of each room have seen the same revision.
func (r *run) level() bool {
	seen := map[string]int64{}
	for _, a := range r.actors {
		if a.conn == nil {
			continue
		}
		revision := a.ear.reached(0)
		if other, ok := seen[a.room]; ok && other != revision {
			return false
		}
		seen[a.room] = revision
	}
	return true
}

func (r *run) see(whose, room string, encode func() ([]byte, error)) {
	state, err := encode()
	if err != nil {
		r.t.Errorf("%s cannot encode %s: %v", whose, room, err)
		return
	}
	r.final.Replicas = append(r.final.Replicas, check.Replica{Whose: whose, Room: room, State: state})
}

// meet has newcomers look at each room through each instance, until they find those there who are.
func (r *run) meet() {
	truth := map[string]map[string]int{}
	for _, room := range r.plan.Rooms {
		truth[room] = map[string]int{}
	}
	for _, a := range r.actors {
		if a.conn != nil && a.joined {
			truth[a.room][a.role.User]++
		}
	}
	deadline := time.Now().Add(r.Patience)
	for _, room := range r.plan.Rooms {
		r.final.Rosters = append(r.final.Rosters, check.Roster{Room: room, Users: truth[room]})
		for i, url := range r.cluster.URLs() {
			whose := fmt.Sprintf("a newcomer at instance %d", i)
			var users map[string]int
			var state []byte
			var err error
			for {
				if users, state, err = r.look(url, room); err == nil && maps.Equal(users, truth[room]) || time.Now().After(deadline) {
					break
				}
				time.Sleep(lookEvery)
			}
			if err != nil {
				r.final.Healings = append(r.final.Healings, check.Healing{Whose: whose, After: "everything", Took: r.Patience})
				continue
			}
			r.final.Rosters = append(r.final.Rosters, check.Roster{Whose: whose, Room: room, Users: users})
			r.see(whose, room, func() ([]byte, error) { return state, nil })
		}
	}
}

// look joins a room through an instance and returns who else is there and what it holds.
func (r *run) look(url, room string) (users map[string]int, state []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	a := newActor(0, Plan{Rooms: []string{room}, Actors: []Role{{User: newcomerUser, Viewer: true}}}, r.history, []string{url}, r.Token)
	if !a.connect() {
		return nil, nil, errLost
	}
	defer a.goodbye()
	op := a.op(check.Join)
	reply, err := a.conn.Request(ctx, "JOIN_RESOURCE", map[string]string{"resourceId": room, "mode": "viewer"})
	var fields struct {
		Users []struct {
			UserID   string
			Sessions []string
		}
	}
	if err == nil {
		err = json.Unmarshal(reply.JSON, &fields)
	}
	if !a.done(&op, err) {
		return nil, nil, errLost
	}
	users = map[string]int{}
	for _, u := range fields.Users {
		if u.UserID != newcomerUser {
			users[u.UserID] = len(u.Sessions)
		}
	}
	return users, reply.Attachments[0], nil
}

// leave has everybody go, in both ways, and waits until nothing is left of them.
func (r *run) leave(before []check.Gauge) {
	for i, a := range r.actors {
		if a.conn == nil {
			continue
		}
		if i%2 == 0 {
			a.goodbye()
		} else {
			a.drop()
		}
	}
	for deadline := time.Now().Add(r.Patience); ; time.Sleep(lookEvery) {
		r.final.Keys = r.cluster.Keys(r.t)
		r.final.Gauges = r.gauges()
		settled := len(r.final.Keys) == 0
		for i := range r.final.Gauges {
			g := &r.final.Gauges[i]
			g.Before = before[i].After
			settled = settled && g.After <= g.Before+g.Slack
		}
		if settled || time.Now().After(deadline) {
			return
		}
	}
}

// gauges reads what each instance should give back.
func (r *run) gauges() []check.Gauge {
	var out []check.Gauge
	for i, url := range r.cluster.URLs() {
		values := scrape(r.t, url)
		for _, g := range []check.Gauge{{Name: "go_goroutines", Slack: goroutineSlack}, {Name: "go_memstats_heap_inuse_bytes", Slack: memorySlackBytes},
			{Name: "websocket_connections_total"}, {Name: "sessions"}, {Name: "rooms"}, {Name: "documents"}, {Name: "locks_held"}, {Name: "journal_queue_depth"}} {
			g.Whose, g.After = fmt.Sprintf("instance %d", i), values[g.Name]
			out = append(out, g)
		}
	}
	return out
}

// scrape returns the metrics without labels of an instance.
func scrape(t testing.TB, url string) map[string]float64 {
	t.Helper()
	client := http.Client{Timeout: answerTimeout}
	answer, err := client.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(body)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				values[name] = v
			}
		}
	}
	return values
}

var _ corsia.Listener = (*ear)(nil)

//go:build integration

package cluster

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

// mergeOf returns several updates as one.
func mergeOf(t testing.TB, updates ...[]byte) []byte {
	t.Helper()
	merged, err := ydoc.Merge(updates)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

// stored returns the document that the journal holds, and checks that it has no gaps and equals state and later rows.
func stored(t testing.TB, s *testkit.Store, resource string) *ydoc.Doc {
	t.Helper()
	state, revision := s.State(resource) // before the journal: both grow
	doc, rows := ydoc.New(), s.Journal(resource, 1)
	for i, row := range rows {
		if row.Revision != int64(i+2) {
			t.Fatalf("the journal of %s has revision %d at place %d", resource, row.Revision, i+2)
		}
		if err := doc.ApplyUpdate(row.Update); err != nil {
			t.Fatalf("revision %d of %s: %v", row.Revision, resource, err)
		}
	}
	if state == nil {
		return doc
	}
	compacted, err := ydoc.Load(state)
	if err != nil {
		t.Fatalf("the state of %s: %v", resource, err)
	}
	for _, row := range rows {
		if row.Revision <= revision {
			continue
		}
		if err := compacted.ApplyUpdate(row.Update); err != nil {
			t.Fatalf("revision %d of %s on its state: %v", row.Revision, resource, err)
		}
	}
	if err := ydoc.Equal(doc, compacted); err != nil {
		t.Fatalf("state and journal of %s differ: %v", resource, err)
	}
	return doc
}

// converge waits until everybody's replica equals what the store holds.
func converge(t testing.TB, limit time.Duration, s *testkit.Store, people ...*person) {
	t.Helper()
	resource := people[0].resource
	var wrong error
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		want := stored(t, s, resource)
		wrong = nil
		for _, p := range people {
			p.read()
			if err := ydoc.Equal(want, p.doc); err != nil {
				wrong = fmt.Errorf("%s: %w", p.user, err)
				break
			}
		}
		if wrong == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v the replicas of %s still differ: %v", limit, resource, wrong)
		}
	}
}

func TestAnEditorsFirstJoinCreatesTheDocumentForAllInstances_D1(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/document/created"
	s := c.Store(t)
	early := view(t, c.Instances[0], "usr_early_d1", resource)
	if early.state.Int("revision") != 0 || len(s.Query("SELECT 1 FROM yjs_states WHERE resource_id = ?", resource)) != 0 {
		t.Errorf("a viewer sees revision %d of what does not exist", early.state.Int("revision"))
	}
	anna := join(t, c.Instances[1], "usr_anna_d1", resource)
	if _, revision := s.State(resource); anna.state.Int("revision") != 1 || revision != 1 {
		t.Errorf("revision %d, in yjs_states %d, want 1", anna.state.Int("revision"), revision)
	}
	if got := anna.write("notes", "first"); got != 2 {
		t.Errorf("the first edit is revision %d", got)
	}
	early.shows(eventually, "notes", "first")
}

func TestAnUpdateIsSavedBeforeItIsShownOnOtherInstances_D2_D4(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/document/update"
	s := c.Store(t)
	anna, bruno, carla := three(t, c, resource, "d2")
	within(t, healthy, "an update on all instances", 15, func(i int) time.Duration {
		text := fmt.Sprintf("%d;", i)
		start := time.Now()
		answer := anna.send(anna.insert("notes", text))
		var took time.Duration
		for _, p := range []*person{bruno, carla} {
			e := p.Next("Y_UPDATE")
			took = max(took, time.Since(start))
			rows := s.Journal(resource, e.Int("revision")-1)
			if len(rows) == 0 || string(rows[0].Update) != string(e.Bytes("update")) || rows[0].User != "usr_anna_d2" || rows[0].Session != anna.Session() {
				t.Errorf("%s is shown revision %d, and the journal has %+v", p.user, e.Int("revision"), rows)
			}
			if e.Text("userId") != "usr_anna_d2" || e.Text("sessionId") != anna.Session() {
				t.Errorf("Y_UPDATE says %v", e)
			}
			p.apply(e.Bytes("update"))
		}
		if got := answer(); got.Int("revision") != int64(i+2) {
			t.Errorf("the answer is %v", got)
		}
		return took
	})
	converge(t, healthy, s, anna, bruno, carla)
	repeated := anna.OK("Y_UPDATE", fields{"resourceId": resource, "update": mustState(t, anna.doc)})
	if repeated.Int("revision") != 16 || len(s.Journal(resource, 0)) != 15 {
		t.Errorf("what is known already is answered %v and has %d rows", repeated, len(s.Journal(resource, 0)))
	}
}

func mustState(t testing.TB, doc *ydoc.Doc) []byte {
	t.Helper()
	state, err := doc.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestSimultaneousEditsAtOnePlaceAreMergedTheSameEverywhere_D4_D7(t *testing.T) {
	c := testkit.SharedCluster(t)
	s := c.Store(t)
	for round := range 5 {
		resource := fmt.Sprintf("page:/document/simultaneous/%d", round)
		anna, bruno, carla := three(t, c, resource, "d4")
		all := []*person{anna, bruno, carla}
		anna.write("notes", "()")
		for _, p := range all {
			p.shows(eventually, "notes", "()")
		}
		var answers []func() fields
		for _, p := range all {
			name := p.user[4:5]
			for i := range 4 {
				update := p.change(func(e *ydoc.Edit) { e.InsertText("notes", 1+i, name) })
				answers = append(answers, p.send(update))
			}
		}
		for _, answer := range answers {
			if got := answer(); got["ok"] != true {
				t.Fatalf("round %d: %v", round, got)
			}
		}
		converge(t, eventually, s, all...)
		text := anna.text("notes")
		if text != "(aaaabbbbcccc)" { // client ids grow in the order of joining (D7)
			t.Errorf("round %d: %q", round, text)
		}
		if got := mergedByYjs(t, s, resource, "notes"); got != text {
			t.Errorf("round %d: yjs makes %q of it, we %q", round, got, text)
		}
	}
}

func TestWhoWasOfflineBringsItsEditsToAnotherInstance_D2(t *testing.T) {
	c := testkit.SharedCluster(t)
	const resource = "page:/document/offline"
	s := c.Store(t)
	anna, bruno, _ := three(t, c, resource, "off")
	anna.write("notes", "before;")
	anna.Drop()
	var kept [][]byte
	for i := range 5 {
		update, err := anna.doc.Transact(anna.client, func(e *ydoc.Edit) { e.InsertText("notes", 0, fmt.Sprintf("offline %d;", i)) })
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, update)
	}
	bruno.shows(eventually, "notes", "before;")
	bruno.write("notes", "meanwhile;")
	back := c.Instances[2].ConnectWith(t, testkit.Options{Token: c.Instances[2].Token(anna.user),
		Auth: fields{"sessionId": anna.Session(), "resumeKey": anna.Connected.Text("resumeKey")}})
	state := back.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor", "stateVector": anna.doc.StateVector()})
	anna.Client = back
	anna.apply(state.Bytes("state"))
	if text := anna.text("notes"); !strings.Contains(text, "meanwhile;") || !strings.Contains(text, "offline 4;") {
		t.Errorf("after the sync she sees %q", text)
	}
	anna.OK("Y_UPDATE", fields{"resourceId": resource, "update": mergeOf(t, kept...)})
	converge(t, eventually, s, anna, bruno)
	sync := bruno.OK("Y_SYNC", fields{"resourceId": resource, "stateVector": []byte{0}})
	synced, err := ydoc.Load(sync.Bytes("update"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ydoc.Equal(synced, stored(t, s, resource)); err != nil || sync.Int("revision") != 4 {
		t.Errorf("Y_SYNC gives revision %d: %v", sync.Int("revision"), err)
	}
}

func TestAfterARestartOfAllInstancesEverythingIsThere_D3_F6(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	const resource = "page:/document/restart"
	anna, bruno, carla := three(t, c, resource, "d3")
	for i := range 30 {
		[]*person{anna, bruno, carla}[i%3].write(fmt.Sprintf("field%d", i%4), fmt.Sprintf("%d;", i))
	}
	lock := anna.lock("field0")
	before := stored(t, c.Store(t), resource)
	c.Restart(t)
	if err := ydoc.Equal(before, stored(t, c.Store(t), resource)); err != nil {
		t.Fatalf("the store changed: %v", err)
	}
	var people []*person
	for i := range c.Instances {
		p := join(t, at(c, i), fmt.Sprintf("usr_after_%d", i), resource)
		if err := ydoc.Equal(before, p.doc); err != nil || p.state.Int("revision") != 31 {
			t.Errorf("instance %d gives revision %d: %v", i+1, p.state.Int("revision"), err)
		}
		people = append(people, p)
	}
	for i, p := range people {
		if got := p.write("notes", "after;"); got != int64(32+i) {
			t.Errorf("revision %d, want %d", got, 32+i)
		}
	}
	p := join(t, c.Instances[0], "usr_after_lock", resource)
	if again := p.lock("field0", fields{"waitMs": 9000}); again.Int("fence") <= lock.Int("fence") {
		t.Errorf("fence %d after %d", again.Int("fence"), lock.Int("fence"))
	}
}

func TestCompactionByAllInstancesLosesNothing_D3(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"COMPACT_AFTER=50ms", "MAX_MESSAGES_PER_SECOND=100000"}})
	const resource = "page:/document/compaction"
	s := c.Store(t)
	var people []*person
	for i := range 6 {
		people = append(people, join(t, at(c, i), fmt.Sprintf("usr_compact_%d", i), resource))
	}
	var writing sync.WaitGroup
	for n, p := range people {
		writing.Go(func() {
			for i := range 60 {
				p.read()
				length := p.doc.TextLength("notes")
				answer := p.send(p.change(func(e *ydoc.Edit) {
					e.InsertText("notes", (i*7)%(length+1), fmt.Sprintf("%d.%d;", n, i))
					if length > 20 {
						e.DeleteText("notes", i%10, 3)
					}
				}))
				if got := answer(); got["ok"] != true {
					t.Errorf("%s: %v", p.user, got)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	states := map[int64]bool{}
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(30 * time.Millisecond):
		}
		_, revision := s.State(resource)
		states[revision] = true
		stored(t, s, resource) // state and later journal are the document at every moment
	}
	converge(t, eventually, s, people...)
	if len(states) < 3 {
		t.Errorf("there were states at %v: that was no compaction under way", states)
	}
	for _, p := range people {
		p.Disconnect()
	}
	testkit.Eventually(t, eventually, "state of the last revision", func() bool { _, revision := s.State(resource); return revision == 361 })
	stored(t, s, resource)
}

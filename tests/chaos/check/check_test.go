package check

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/ydoc"
)

const room = "page:/1"

// story is a run made by hand: two editors, a lock, a refusal, an edit of unknown outcome that was stored and one that was
// not, a lock that expired.
type story struct {
	ops   []Op
	heard []Heard
	final Final
}

func (s *story) check() *Report {
	h := NewHistory()
	for _, op := range s.ops {
		h.Add(op)
	}
	for _, heard := range s.heard {
		h.Hear(heard)
	}
	return Check(h, &s.final)
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// author makes updates of one client id.
type author struct {
	t      *testing.T
	doc    *ydoc.Doc
	client ydoc.ClientID
}

func (a author) update(edit func(*ydoc.Edit)) []byte {
	a.t.Helper()
	update, err := a.doc.Transact(a.client, edit)
	if err != nil {
		a.t.Fatal(err)
	}
	return update
}

func state(t *testing.T, rows []Row) []byte {
	t.Helper()
	doc := ydoc.New()
	for _, row := range rows {
		if err := doc.ApplyUpdate(row.Update); err != nil {
			t.Fatal(err)
		}
	}
	s, err := doc.EncodeState(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// good returns a run in which nothing is wrong.
func good(t *testing.T) *story {
	t.Helper()
	a := author{t, ydoc.New(), 7}
	rows := []Row{
		{Revision: 2, Session: "A", Fields: []string{"notes"}, Committed: ms(120), Update: a.update(func(e *ydoc.Edit) { e.InsertText("notes", 0, "<1.1>") })},
		{Revision: 3, Session: "A", Fields: []string{"dose"}, Committed: ms(220), Update: a.update(func(e *ydoc.Edit) { e.InsertText("dose", 0, "<1.2>") })},
		{Revision: 4, Session: "A", Fields: []string{"notes"}, Committed: ms(320), Update: a.update(func(e *ydoc.Edit) { e.DeleteText("notes", 0, 5) })},
		{Revision: 5, Session: "A", Fields: []string{"values/bed"}, Committed: ms(420), Update: a.update(func(e *ydoc.Edit) { e.SetMap("values", "bed", "<1.3>") })},
		{Revision: 6, Session: "A", Fields: []string{"notes"}, Committed: ms(520), Update: a.update(func(e *ydoc.Edit) { e.InsertText("notes", 0, "<1.4>") })},
	}
	s := &story{}
	op := func(o Op, call, end time.Duration) {
		o.User, o.Room, o.Call, o.Return = "user "+o.Session, room, call, end
		s.ops = append(s.ops, o)
	}
	op(Op{Kind: Connect, Session: "A", Result: OK}, ms(1), ms(2))
	op(Op{Kind: Connect, Session: "B", Result: OK}, ms(1), ms(2))
	op(Op{Kind: Join, Session: "A", Result: OK, Revision: 1}, ms(3), ms(4))
	op(Op{Kind: Join, Session: "B", Result: OK, Revision: 1}, ms(3), ms(4))
	op(Op{Kind: Edit, Session: "A", Field: "notes", Tokens: []string{"<1.1>"}, Result: OK, Revision: 2}, ms(100), ms(130))
	op(Op{Kind: Acquire, Session: "A", Field: "dose", Lock: "l1", Result: OK, Fence: 1, Revision: 2}, ms(140), ms(150))
	op(Op{Kind: Acquire, Session: "B", Field: "dose", Result: Refused, Code: "LOCK_DENIED", Reason: "already_locked"}, ms(160), ms(170))
	op(Op{Kind: Edit, Session: "B", Field: "dose", Tokens: []string{"<2.1>"}, Result: Refused, Code: "UPDATE_REJECTED"}, ms(170), ms(180))
	op(Op{Kind: Edit, Session: "A", Field: "dose", Tokens: []string{"<1.2>"}, Result: OK, Revision: 3}, ms(200), ms(230))
	op(Op{Kind: Extend, Session: "A", Field: "dose", Lock: "l1", Result: OK, Fence: 1}, ms(240), ms(250))
	op(Op{Kind: Release, Session: "A", Field: "dose", Lock: "l1", Result: OK, Fence: 1}, ms(260), ms(280))
	op(Op{Kind: Acquire, Session: "B", Field: "dose", Lock: "l2", Result: OK, Fence: 2, Revision: 3}, ms(265), ms(295))
	op(Op{Kind: Edit, Session: "A", Field: "notes", Deletes: []string{"<1.1>"}, Result: OK, Revision: 4}, ms(300), ms(330))
	op(Op{Kind: Edit, Session: "A", Field: "values/bed", Value: true, Tokens: []string{"<1.3>"}, Result: OK, Revision: 5}, ms(400), ms(430))
	op(Op{Kind: Edit, Session: "A", Field: "notes", Tokens: []string{"<1.4>"}, Result: Unknown}, ms(500), Never)
	op(Op{Kind: Edit, Session: "B", Field: "notes", Tokens: []string{"<2.2>"}, Result: Unknown}, ms(500), Never)
	op(Op{Kind: Leave, Session: "B", Result: OK}, ms(600), ms(610))
	for _, session := range []string{"A", "B"} {
		s.heard = append(s.heard, Heard{Session: session, Room: room, State: true, Revision: 1, At: ms(4)})
	}
	for _, row := range rows {
		s.heard = append(s.heard, Heard{Session: "B", Room: room, Revision: row.Revision, Sum: SumOf(row.Update), At: row.Committed + ms(5)})
	}
	s.final = Final{
		Journal: map[string][]Row{room: rows},
		Grants: []Grant{
			{Lock: "l1", Room: room, Field: "dose", Session: "A", User: "user A", Fence: 1, Asked: ms(141), Opened: ms(145), Closed: ms(265), Ended: ms(270), Reason: "released"},
			{Lock: "l2", Room: room, Field: "dose", Session: "B", User: "user B", Fence: 2, Asked: ms(266), Opened: ms(290), Closed: ms(590), Ended: ms(595), Reason: "expired"},
		},
		Replicas: []Replica{{Whose: "A", Room: room, State: state(t, rows), Other: "x"}, {Whose: "newcomer", Room: room, State: state(t, rows), Other: "x"}},
		Rosters:  []Roster{{Room: room, Users: map[string]int{"user A": 1}}, {Whose: "instance 0", Room: room, Users: map[string]int{"user A": 1}}},
		Gauges:   []Gauge{{Whose: "instance 0", Name: "go_goroutines", Before: 20, After: 22, Slack: 10}},
		Healings: []Healing{{Whose: "instance 0", After: "kill", Took: time.Second, Done: true}},
	}
	s.final.Audit = []Event{
		{ID: "1", Type: "USER_CONNECTED", Session: "A"}, {ID: "2", Type: "USER_CONNECTED", Session: "B"},
		{ID: "3", Type: "RESOURCE_JOINED", Session: "A", Room: room}, {ID: "4", Type: "RESOURCE_JOINED", Session: "B", Room: room},
		{ID: "5", Type: "LOCK_ACQUIRED", Session: "A", Room: room, Fields: []string{"dose"}, Fence: 1},
		{ID: "6", Type: "LOCK_DENIED", Session: "B", Room: room, Fields: []string{"dose"}},
		{ID: "7", Type: "UPDATE_REJECTED", Session: "B", Room: room},
		{ID: "8", Type: "LOCK_RELEASED", Session: "A", Room: room, Fields: []string{"dose"}, Fence: 1},
		{ID: "9", Type: "LOCK_ACQUIRED", Session: "B", Room: room, Fields: []string{"dose"}, Fence: 2},
		{ID: "10", Type: "LOCK_EXPIRED", Session: "B", Room: room, Fields: []string{"dose"}, Fence: 2},
		{ID: "11", Type: "RESOURCE_LEFT", Session: "B", Room: room},
		{ID: "12", Type: "USER_DISCONNECTED", Session: "A"}, {ID: "13", Type: "USER_DISCONNECTED", Session: "B"},
	}
	s.final.Audit = append(s.final.Audit, updated("14", "A", "2,4,6"), updated("15", "A", "3,5"))
	return s
}

// updated returns the event of revisions that a session wrote.
func updated(id, session, revisions string) Event {
	e := Event{ID: id, Type: "DOCUMENT_UPDATED", Session: session, Room: room}
	e.Details.Revisions = revisions
	return e
}

func TestAGoodRunHasNoViolation(t *testing.T) {
	if r := good(t).check(); len(r.Violations) > 0 || len(r.Notes) > 0 {
		t.Errorf("violations %v, notes %v", r.Violations, r.Notes)
	}
}

func TestAGoodRunWithoutTheDatabasesTimesHasNoViolation(t *testing.T) {
	s := good(t)
	for i := range s.final.Grants {
		s.final.Grants[i].Opened, s.final.Grants[i].Ended = 0, 0
	}
	for i := range s.rows() {
		s.rows()[i].Committed = 0
	}
	if r := s.check(); len(r.Violations) > 0 {
		t.Errorf("violations %v", r.Violations)
	}
}

func TestWhatASessionMissedWithoutAConnectionIsNoViolation(t *testing.T) {
	s := good(t)
	s.heard[3] = Heard{Session: "B", Room: room, Resumed: true}
	if r := s.check(); len(r.Violations) > 0 {
		t.Errorf("violations %v", r.Violations)
	}
}

func (s *story) rows() []Row { return s.final.Journal[room] }

func (s *story) op(kind Kind, n int) *Op {
	for i := range s.ops {
		if s.ops[i].Kind == kind {
			if n--; n < 0 {
				return &s.ops[i]
			}
		}
	}
	return nil
}

func (s *story) drop(kind string) {
	i := slices.IndexFunc(s.final.Audit, func(e Event) bool { return e.Type == kind })
	s.final.Audit = slices.Delete(s.final.Audit, i, i+1)
}

// append adds a row by a session, which everybody sees in the end.
func (s *story) append(t *testing.T, row Row) {
	row.Revision = int64(len(s.rows())) + 2
	s.final.Journal[room] = append(s.rows(), row)
	for i := range s.final.Replicas {
		s.final.Replicas[i].State = state(t, s.rows())
	}
}

func TestEachViolationIsFound(t *testing.T) {
	b := func(t *testing.T) author { return author{t, ydoc.New(), 9} }
	for name, tt := range map[string]struct {
		spoil func(*testing.T, *story)
		want  Rule
		text  string
	}{
		"an acknowledged edit is in no row": {func(t *testing.T, s *story) {
			s.final.Journal[room] = s.rows()[:4]
			s.op(Edit, 5).Result, s.op(Edit, 5).Revision = OK, 6
		}, Lost, "<1.4> was acknowledged"},
		"a row is missing in the middle": {func(_ *testing.T, s *story) {
			s.final.Journal[room] = slices.Delete(s.rows(), 1, 2)
		}, Gap, "revision 4 where 3 should be"},
		"an acknowledged deletion is undone": {func(t *testing.T, s *story) {
			s.rows()[2].Update = b(t).update(func(e *ydoc.Edit) { e.SetMap("values", "x", true) })
			s.heard[4].Sum = SumOf(s.rows()[2].Update)
			s.final.Replicas = nil
		}, Undone, "<1.1>"},
		"a text that nobody sent is stored": {func(t *testing.T, s *story) {
			s.append(t, Row{Session: "B", Update: b(t).update(func(e *ydoc.Edit) { e.InsertText("notes", 0, "<8.8>") })})
		}, Invented, "<8.8>"},
		"an edit is stored twice": {func(t *testing.T, s *story) {
			s.append(t, Row{Session: "A", Update: b(t).update(func(e *ydoc.Edit) { e.InsertText("dose", 0, "<1.2>") })})
		}, Invented, "<1.2> is in the journal of page:/1 2 times"},
		"a text is torn": {func(t *testing.T, s *story) {
			s.append(t, Row{Session: "A", Update: b(t).update(func(e *ydoc.Edit) { e.InsertText("dose", 0, "<1.") })})
		}, Invented, "torn"},
		"an edit is stored under another's session": {func(_ *testing.T, s *story) { s.rows()[1].Session = "B" }, Invented, "as written by B"},
		"a refused edit is stored": {func(t *testing.T, s *story) {
			s.append(t, Row{Session: "B", Update: b(t).update(func(e *ydoc.Edit) { e.InsertText("notes", 0, "<2.1>") })})
		}, Forbidden, "<2.1> was refused with UPDATE_REJECTED"},
		"an update is shown that is in no row": {func(_ *testing.T, s *story) {
			s.heard = append(s.heard, Heard{Session: "B", Room: room, Revision: 7, Sum: Sum{1}, At: ms(700)})
		}, Uncommitted, "shown revision 7"},
		"an update is shown with other bytes": {func(_ *testing.T, s *story) { s.heard[3].Sum[0]++ }, Uncommitted, "another revision 3"},
		"a state is shown that is not reached": {func(_ *testing.T, s *story) {
			s.heard = append(s.heard, Heard{Session: "C", Room: room, State: true, Revision: 9, At: ms(700)})
		}, Uncommitted, "told of revision 9"},
		"an edit is acknowledged before its row": {func(_ *testing.T, s *story) { s.op(Edit, 2).Revision = 2 }, Uncommitted, "is in row 3"},
		"an update is shown twice":               {func(_ *testing.T, s *story) { s.heard = slices.Insert(s.heard, 4, s.heard[3]) }, Repeated, "revision 3 of page:/1 after 3"},
		"revisions are shown in disorder":        {func(_ *testing.T, s *story) { s.heard[3], s.heard[4] = s.heard[4], s.heard[3] }, Repeated, "revision 3 of page:/1 after 4"},
		"a joiner gets less than it had": {func(_ *testing.T, s *story) {
			s.heard = append(s.heard, Heard{Session: "B", Room: room, State: true, Revision: 5, At: ms(700)})
		}, Repeated, "joined"},
		"an update is not shown": {func(_ *testing.T, s *story) { s.heard = slices.Delete(s.heard, 3, 4) }, Missed, "shown revision 4 of page:/1 after 2, without 3 by A"},
		"after a resumption an update is not shown": {func(_ *testing.T, s *story) {
			s.heard[3] = Heard{Session: "B", Room: room, Resumed: true}
			s.heard = slices.Delete(s.heard, 5, 6)
		}, Missed, "shown revision 6 of page:/1 after 4"},
		"a replica lacks an update": {func(t *testing.T, s *story) { s.final.Replicas[1].State = state(t, s.rows()[:4]) }, Diverged, "newcomer sees"},
		"npm yjs reads replicas differently": {func(_ *testing.T, s *story) {
			s.final.Replicas[1].Other = "y"
		}, Diverged, "npm yjs"},
		"an instance's roster has a ghost": {func(_ *testing.T, s *story) {
			s.final.Rosters[1].Users = maps.Clone(s.final.Rosters[1].Users)
			s.final.Rosters[1].Users["user B"] = 1
		}, Present, "user B"},
		"two sessions are told that they hold": {func(_ *testing.T, s *story) {
			s.op(Release, 0).Call, s.op(Release, 0).Return = ms(296), ms(299)
			s.final.Grants[0].Closed, s.final.Grants[0].Ended = ms(297), 0
			s.final.Grants[1].Opened = 0
		}, Exclusive, "no order"},
		"two records are open at once": {func(_ *testing.T, s *story) { s.final.Grants[0].Ended = ms(293) }, Exclusive, "session B got"},
		"a lock on the whole resource and one on a field": {func(_ *testing.T, s *story) {
			s.final.Grants[1].Field, s.final.Grants[0].Ended, s.op(Acquire, 2).Field = "", ms(293), ""
			s.final.Audit[8].Fields, s.final.Audit[9].Fields = nil, nil
		}, Exclusive, `session B got ""`},
		"a grant has no record": {func(_ *testing.T, s *story) { s.op(Acquire, 2).Lock = "l9" }, Exclusive, "no record"},
		"a fence is given twice": {func(_ *testing.T, s *story) {
			s.final.Grants[1].Fence, s.op(Acquire, 2).Fence, s.final.Audit[8].Fence, s.final.Audit[9].Fence = 1, 1, 1, 1
		}, Fenced, "fence 1 of l2 was granted after 1"},
		"a client is told another fence": {func(_ *testing.T, s *story) { s.op(Acquire, 2).Fence = 3 }, Fenced, "was told fence 3"},
		"another writes a locked field, by the database's times": {func(_ *testing.T, s *story) {
			s.rows()[2].Fields, s.rows()[2].Session = []string{"dose"}, "A"
		}, Locked, "session A wrote [dose] at revision 4"},
		"another writes a locked field, by what clients saw": {func(_ *testing.T, s *story) {
			s.rows()[2].Fields, s.rows()[2].Committed = []string{"dose"}, 0
			s.final.Grants[1].Opened, s.final.Grants[1].Ended = 0, 0
		}, Locked, "session A wrote [dose] at revision 4"},
		"another writes while the whole resource is locked": {func(_ *testing.T, s *story) {
			s.final.Grants[1].Field, s.op(Acquire, 2).Field = "", ""
			s.final.Audit[8].Fields, s.final.Audit[9].Fields = nil, nil
		}, Locked, "session A wrote [notes] at revision 4"},
		"an operation is not audited":   {func(_ *testing.T, s *story) { s.drop("RESOURCE_JOINED") }, Audited, "RESOURCE_JOINED of session A"},
		"a connection is audited twice": {func(_ *testing.T, s *story) { s.final.Audit = append(s.final.Audit, s.final.Audit[0]) }, Audited, "USER_CONNECTED of session A: 2"},
		"a session ends twice": {func(_ *testing.T, s *story) {
			s.final.Audit[12].Type, s.final.Audit[12].Session = "SESSION_EXPIRED", "A"
		}, Audited, "session A ended 2 times"},
		"a denial is not audited":            {func(_ *testing.T, s *story) { s.drop("LOCK_DENIED") }, Audited, "LOCK_DENIED"},
		"a rejection is not audited":         {func(_ *testing.T, s *story) { s.drop("UPDATE_REJECTED") }, Audited, "UPDATE_REJECTED"},
		"a grant is not audited":             {func(_ *testing.T, s *story) { s.drop("LOCK_ACQUIRED") }, Audited, "LOCK_ACQUIRED with fence 1"},
		"the end of a lock is audited twice": {func(_ *testing.T, s *story) { s.final.Audit = append(s.final.Audit, s.final.Audit[9]) }, Audited, "the end of the lock with fence 2"},
		"a row is covered by no event": {func(_ *testing.T, s *story) {
			s.final.Audit[13].Details.Revisions = "2,6"
		}, Audited, "revision 4 of page:/1 is covered by 0 events"},
		"a row is covered twice": {func(_ *testing.T, s *story) {
			s.final.Audit[14].Details.Revisions = "3-5"
		}, Audited, "revision 4 of page:/1 is covered by 2 events"},
		"a row is covered in another's name": {func(_ *testing.T, s *story) {
			s.final.Audit[14].Session = "B"
		}, Audited, "session B wrote revision 3"},
		"an event covers what is not there": {func(_ *testing.T, s *story) {
			s.final.Audit[14].Details.Revisions = "3,5,7"
		}, Audited, "revision 7 of page:/1"},
		"an event covers nothing": {func(_ *testing.T, s *story) { s.final.Audit[14].Details.Revisions = "" }, Audited, `covers ""`},
		"the trail is not intact": {func(_ *testing.T, s *story) { s.final.Trail = "tampered: shard 7" }, Vouched, "shard 7"},
		"a lock stays open": {func(_ *testing.T, s *story) {
			s.final.Grants[1].Closed, s.final.Grants[1].Ended = Never, 0
			s.drop("LOCK_EXPIRED")
		}, Leftover, "lock l2"},
		"a key of Redis stays":                 {func(_ *testing.T, s *story) { s.final.Keys = []string{"presence:socket:A"} }, Leftover, "presence:socket:A"},
		"goroutines stay":                      {func(_ *testing.T, s *story) { s.final.Gauges[0].After = 31 }, Leftover, "go_goroutines"},
		"a healed instance serves no write":    {func(_ *testing.T, s *story) { s.final.Healings[0].Done = false }, Healed, "served no write"},
		"a healed instance serves writes late": {func(_ *testing.T, s *story) { s.final.Healings[0].Took = 11 * time.Second }, Healed, "took 11s"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good(t)
			tt.spoil(t, s)
			r := s.check()
			if !slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Rule == tt.want && strings.Contains(v.Text, tt.text) }) {
				t.Errorf("found %q, want %q: %q", r.Violations, tt.want, tt.text)
			}
		})
	}
}

func TestAHistoryIsWrittenAsLinesOfJSON(t *testing.T) {
	h := NewHistory()
	h.Add(Op{Kind: Edit, Session: "A", Tokens: []string{"<1.1>"}, Result: Unknown, Return: Never})
	h.Hear(Heard{Session: "B", Room: room, Revision: 2, Sum: Sum{0xab}})
	var out bytes.Buffer
	if err := h.Dump(&out); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 2 || !strings.Contains(lines[1], `"Sum":"ab00000000000000"`) {
		t.Errorf("got %q", lines)
	}
}

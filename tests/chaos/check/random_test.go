package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corsia/shared/ydoc"
)

// model is a system that keeps every promise, one operation after the other, and whose clients do not hear of everything.
type model struct {
	t       *testing.T
	random  *rand.Rand
	story   story
	now     time.Duration
	exact   bool // the database tells when it committed
	authors map[string]author
	open    map[string]int // grants that are open, by field
	fences  map[string]int64
	tokens  int
}

const step0 = 3 * time.Millisecond // from a call to its effect, and from there to its return

var sessions = []string{"A", "B", "C", "D"}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, random: rand.New(rand.NewPCG(seed, 0)), authors: map[string]author{}, open: map[string]int{}, fences: map[string]int64{}}
	m.exact = m.random.IntN(2) == 0
	m.story.final = Final{Journal: map[string][]Row{room: nil}}
	for i, session := range sessions {
		m.authors[session] = author{t, ydoc.New(), ydoc.ClientID(i + 1)}
		m.note(Op{Kind: Connect, Session: session, Result: OK}, Event{Type: "USER_CONNECTED", Session: session})
		m.note(Op{Kind: Join, Session: session, Revision: 1, Result: OK}, Event{Type: "RESOURCE_JOINED", Session: session})
		m.story.heard = append(m.story.heard, Heard{Session: session, Room: room, State: true, Revision: 1, At: m.now})
	}
	return m
}

// note adds an operation that starts now; the next one starts before it returns. Some answers are lost.
func (m *model) note(op Op, events ...Event) {
	op.User, op.Room, op.Call, op.Return = "user "+op.Session, room, m.now, m.now+2*step0
	if op.Kind != Connect && m.random.IntN(6) == 0 {
		op.Result, op.Code, op.Revision, op.Fence, op.Return = Unknown, "", 0, 0, Never
		if op.Kind == Acquire {
			op.Lock = ""
		}
	}
	m.story.ops = append(m.story.ops, op)
	for _, e := range events {
		e.ID, e.Room = fmt.Sprint(len(m.story.final.Audit)), room
		m.story.final.Audit = append(m.story.final.Audit, e)
	}
	m.now += time.Duration(1+m.random.IntN(5)) * time.Millisecond
}

// committed returns the time of an effect as the database has it.
func (m *model) committed() time.Duration {
	if !m.exact {
		return 0
	}
	return m.now + step0
}

func (m *model) taken(session, field string, both bool) bool {
	for held, i := range m.open {
		if m.story.final.Grants[i].Session != session && (covers(held, field) || both && covers(field, held)) {
			return true
		}
	}
	return false
}

func (m *model) edit(session string) {
	field := []string{"notes", "dose"}[m.random.IntN(2)]
	m.tokens++
	token := fmt.Sprintf("<%d.%d>", m.authors[session].client, m.tokens)
	op := Op{Kind: Edit, Session: session, Field: field, Tokens: []string{token}}
	if m.taken(session, field, false) {
		op.Result, op.Code = Refused, "UPDATE_REJECTED"
		m.note(op, Event{Type: "UPDATE_REJECTED", Session: session})
		return
	}
	update := m.authors[session].update(func(e *ydoc.Edit) { e.InsertText(field, 0, token) })
	rows := m.story.rows()
	row := Row{Revision: int64(len(rows)) + 2, Update: update, Session: session, Fields: []string{field}, Committed: m.committed()}
	m.story.final.Journal[room] = append(rows, row)
	for _, other := range sessions {
		if other == session {
			continue
		}
		if err := m.authors[other].doc.ApplyUpdate(update); err != nil {
			m.t.Fatal(err)
		}
		m.story.heard = append(m.story.heard, Heard{Session: other, Room: room, Revision: row.Revision, Sum: SumOf(update), At: m.now + 2*step0})
	}
	op.Result, op.Revision = OK, row.Revision
	m.note(op, updated("", session, fmt.Sprint(row.Revision)))
}

func (m *model) acquire(session string) {
	field := []string{"notes", "dose", ""}[m.random.IntN(3)]
	op := Op{Kind: Acquire, Session: session, Field: field}
	if _, open := m.open[field]; open || m.taken(session, field, true) {
		op.Result, op.Code, op.Reason = Refused, "LOCK_DENIED", "already_locked"
		m.note(op, Event{Type: "LOCK_DENIED", Session: session})
		return
	}
	m.fences[field]++
	g := Grant{Lock: fmt.Sprint("l", len(m.story.final.Grants)), Room: room, Field: field, Session: session, User: "user " + session,
		Fence: m.fences[field], Asked: m.now + step0/2, Closed: Never, Opened: m.committed()}
	m.open[field] = len(m.story.final.Grants)
	m.story.final.Grants = append(m.story.final.Grants, g)
	op.Result, op.Lock, op.Fence, op.Revision = OK, g.Lock, g.Fence, int64(len(m.story.rows()))+1
	m.note(op, Event{Type: "LOCK_ACQUIRED", Session: session, Fields: fieldList(field), Fence: g.Fence})
}

func fieldList(field string) []string {
	if field == "" {
		return nil
	}
	return []string{field}
}

// end ends a grant that is open, by its holder or by itself.
func (m *model) end(field string, released bool) {
	g := &m.story.final.Grants[m.open[field]]
	delete(m.open, field)
	g.Closed, g.Ended, g.Reason = m.now+step0/2, m.committed(), "expired"
	e := Event{Type: "LOCK_EXPIRED", Session: g.Session, Fields: fieldList(field), Fence: g.Fence}
	if !released {
		e.ID, e.Room = fmt.Sprint(len(m.story.final.Audit)), room
		m.story.final.Audit = append(m.story.final.Audit, e)
		m.now += time.Millisecond
		return
	}
	g.Reason, e.Type = "released", "LOCK_RELEASED"
	m.note(Op{Kind: Release, Session: g.Session, Field: field, Lock: g.Lock, Fence: g.Fence, Result: OK}, e)
}

func TestGoodRunsAtRandomRaiseNoAlarm(t *testing.T) {
	for seed := range uint64(150) {
		m := newModel(t, seed)
		for range 300 {
			session := sessions[m.random.IntN(len(sessions))]
			switch n := m.random.IntN(10); {
			case n < 6:
				m.edit(session)
			case n < 8:
				m.acquire(session)
			case len(m.open) > 0:
				fields := make([]string, 0, len(m.open))
				for field := range m.open {
					fields = append(fields, field)
				}
				slices.Sort(fields)
				m.end(fields[m.random.IntN(len(fields))], n == 8)
			}
		}
		for _, field := range []string{"notes", "dose", ""} {
			if _, open := m.open[field]; open {
				m.end(field, false)
			}
		}
		for _, session := range sessions {
			s, err := m.authors[session].doc.EncodeState(nil)
			if err != nil {
				t.Fatal(err)
			}
			m.story.final.Replicas = append(m.story.final.Replicas, Replica{Whose: session, Room: room, State: s})
		}
		if r := m.story.check(); len(r.Violations) > 0 || len(r.Notes) > 0 {
			t.Fatalf("seed %d: violations %v, notes %v", seed, r.Violations[:min(3, len(r.Violations))], r.Notes)
		}
	}
}

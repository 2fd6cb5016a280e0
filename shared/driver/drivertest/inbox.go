package drivertest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"corsia/shared/collab"
)

// Inboxer is the port of the webhook inbox.
type Inboxer interface {
	Accept(ctx context.Context, d collab.Delivery) (collab.Accepted, error)
	Inbox(ctx context.Context, after int64, limit int) ([]collab.InboxRow, error)
	InboxStart(ctx context.Context, since time.Time) (after int64, err error)
	MarkTold(ctx context.Context, upTo int64, at time.Time) error
	TidyInbox(ctx context.Context, told, received time.Time) error
	pender
}

// delivery returns a message about a resource, with a body of its own.
func delivery(r collab.Resource, message string, pushes ...collab.Push) collab.Delivery {
	sum := sha256.Sum256([]byte(message))
	if len(pushes) == 0 {
		pushes = []collab.Push{{EventType: "lab.result", OccurredAt: start, Data: []byte(`{"a":1}`)}}
	}
	for i := range pushes {
		pushes[i].Resource = r
	}
	return collab.Delivery{ID: collab.NewDeliveryID(), Source: "emr-" + string(r.Tenant), Message: message, Sum: sum[:], ReceivedAt: start, Pushes: pushes,
		Audit: []collab.AuditRow{auditRow(r, "WEBHOOK_RECEIVED")}}
}

// rowsOf returns the rows of a tenant after a position.
func rowsOf(t *testing.T, x Inboxer, r collab.Resource, after int64) (rows []collab.InboxRow) {
	t.Helper()
	for {
		page, err := x.Inbox(timeLimit(t), after, 100)
		must(t, err)
		for _, row := range page {
			if row.Position <= after {
				t.Fatalf("position %d comes after %d", row.Position, after)
			}
			after = row.Position
			if row.Resource.Tenant == r.Tenant {
				rows = append(rows, row)
			}
		}
		if len(page) < 100 {
			return rows
		}
	}
}

// Inbox checks rules W3 and W4 as far as the store answers for them.
func Inbox(t *testing.T, open func(*testing.T) Inboxer) {
	t.Run("W3 a message is kept once, with its audit rows", func(t *testing.T) {
		x, r := open(t), resource()
		d := delivery(r, "msg_1", collab.Push{EventType: "a", Version: "7", OccurredAt: start, Data: []byte(`{"a":1}`)}, collab.Push{EventType: "b", OccurredAt: start.Add(time.Second)})
		kept, err := x.Accept(timeLimit(t), d)
		must(t, err)
		if kept.ID != d.ID || kept.Replayed || !kept.ReceivedAt.Equal(start) {
			t.Fatalf("kept as %+v", kept)
		}
		again := d
		again.ID, again.ReceivedAt, again.Audit = collab.NewDeliveryID(), start.Add(time.Hour), []collab.AuditRow{auditRow(r, "WEBHOOK_RECEIVED")}
		kept, err = x.Accept(timeLimit(t), again)
		must(t, err)
		if kept.ID != d.ID || !kept.Replayed || !kept.ReceivedAt.Equal(start) {
			t.Fatalf("again kept as %+v", kept)
		}
		rows := rowsOf(t, x, r, 0)
		if len(rows) != 2 || rows[0].Delivery != d.ID || rows[1].Delivery != d.ID+".2" || rows[0].EventType != "a" || rows[0].Version != "7" || rows[1].Version != "" ||
			string(rows[0].Data) != `{"a":1}` || len(rows[1].Data) != 0 || !rows[1].OccurredAt.Equal(start.Add(time.Second)) || rows[0].Source != d.Source || rows[0].Resource != r || rows[0].Told || !rows[0].ReceivedAt.Equal(start) {
			t.Fatalf("rows %+v", rows)
		}
		wantPending(t, x, r, "WEBHOOK_RECEIVED")
	})
	t.Run("W3 an id is not used for another body", func(t *testing.T) {
		x, r := open(t), resource()
		_, err := x.Accept(timeLimit(t), delivery(r, "msg_1"))
		must(t, err)
		other := delivery(r, "msg_1")
		other.Sum = make([]byte, sha256.Size)
		if _, err := x.Accept(timeLimit(t), other); !errors.Is(err, collab.ErrOtherBody) {
			t.Fatalf("another body: %v", err)
		}
		elsewhere := delivery(r, "msg_1")
		elsewhere.Source += "-2"
		if kept, err := x.Accept(timeLimit(t), elsewhere); err != nil || kept.Replayed {
			t.Fatalf("another source: %+v, %v", kept, err)
		}
		if rows := rowsOf(t, x, r, 0); len(rows) != 2 {
			t.Fatalf("%d rows, want 2", len(rows))
		}
		wantPending(t, x, r, "WEBHOOK_RECEIVED", "WEBHOOK_RECEIVED")
	})
	t.Run("W3 of many at once one is kept", func(t *testing.T) { inboxAtOnce(t, open(t), resource()) })
	t.Run("W4 a version older than one already seen is superseded", func(t *testing.T) { inboxVersions(t, open(t), resource()) })
	t.Run("W4 an instance begins with what is new and what nobody has told", func(t *testing.T) { inboxStart(t, open(t), resource()) })
	t.Run("W3 ids are kept, data is not", func(t *testing.T) { inboxTidy(t, open(t), resource()) })
}

// inboxAtOnce sends one message and others at the same time from many sides: the one is there once, no row is overtaken.
func inboxAtOnce(t *testing.T, x Inboxer, r collab.Resource) {
	const senders, each = 8, 20
	var sending sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]bool{}
	for n := range senders {
		sending.Go(func() {
			for i := range each {
				_, err := x.Accept(timeLimit(t), delivery(r, fmt.Sprintf("own_%d_%d", n, i)))
				if err != nil {
					t.Error(err)
				}
				kept, err := x.Accept(timeLimit(t), delivery(r, "same"))
				if err != nil && !errors.Is(err, collab.ErrInFlight) {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					ids[kept.ID] = true
					mu.Unlock()
				}
			}
		})
	}
	seen, last, ended := map[string]bool{}, int64(0), make(chan struct{})
	go func() { sending.Wait(); close(ended) }()
	for looking := true; looking; { // as an instance reads it: never back
		select {
		case <-ended:
			looking = false
		default:
		}
		for _, row := range rowsOf(t, x, r, last) {
			seen[row.Delivery], last = true, row.Position
		}
	}
	if len(seen) != senders*each+1 || len(ids) != 1 {
		t.Fatalf("%d rows were seen, want %d; the one message has the ids %v", len(seen), senders*each+1, ids)
	}
}

func inboxStart(t *testing.T, x Inboxer, r collab.Resource) {
	accept := func(message string, at time.Time) int64 {
		d := delivery(r, message)
		d.ReceivedAt = at
		_, err := x.Accept(timeLimit(t), d)
		must(t, err)
		rows := rowsOf(t, x, r, 0)
		return rows[len(rows)-1].Position
	}
	from := func(since time.Time) int64 {
		after, err := x.InboxStart(timeLimit(t), since)
		must(t, err)
		return after
	}
	future := start.Add(100 * 365 * 24 * time.Hour) // beyond what other cases have
	first := accept("1", start)
	must(t, x.MarkTold(timeLimit(t), first, start))
	if after := from(future); after != first {
		t.Fatalf("after %d when all was told, want %d", after, first)
	}
	second := accept("2", future)
	must(t, x.MarkTold(timeLimit(t), second, start))
	if after := from(future); after != second-1 {
		t.Fatalf("after %d when one is new, want %d", after, second-1)
	}
	third := accept("3", start)
	fourth := accept("4", start)
	if after := from(future.Add(time.Hour)); after != third-1 {
		t.Fatalf("after %d when two are untold, want %d", after, third-1)
	}
	must(t, x.MarkTold(timeLimit(t), third, start))
	if after := from(future.Add(time.Hour)); after != fourth-1 {
		t.Fatalf("after %d when one is untold, want %d", after, fourth-1)
	}
	must(t, x.MarkTold(timeLimit(t), fourth, start))
}

func inboxVersions(t *testing.T, x Inboxer, r collab.Resource) {
	for i, p := range []struct {
		version string
		at      time.Duration
		want    bool
	}{{"9", 0, false}, {"10", 0, false}, {`"9"`, time.Hour, true}, {"10", 0, false}, {"", 0, false}, {`"v2"`, time.Minute, false}, {`"v1"`, 0, true}, {"3", time.Hour, false}} {
		_, err := x.Accept(timeLimit(t), delivery(r, fmt.Sprint(i), collab.Push{EventType: "e", Version: p.version, OccurredAt: start.Add(p.at)}))
		must(t, err)
		rows := rowsOf(t, x, r, 0)
		if last := rows[len(rows)-1]; last.Superseded != p.want || last.Version != p.version {
			t.Fatalf("version %s: %+v, want superseded %v", p.version, last, p.want)
		}
	}
	both := delivery(r, "both", collab.Push{EventType: "e", Version: "20", OccurredAt: start}, collab.Push{EventType: "e", Version: "19", OccurredAt: start})
	_, err := x.Accept(timeLimit(t), both)
	must(t, err)
	if rows := rowsOf(t, x, r, 0); rows[len(rows)-2].Superseded || !rows[len(rows)-1].Superseded {
		t.Fatalf("in one message: %+v", rows[len(rows)-2:])
	}
	other := resource()
	_, err = x.Accept(timeLimit(t), delivery(other, "0", collab.Push{EventType: "e", Version: "1", OccurredAt: start}))
	must(t, err)
	if rows := rowsOf(t, x, other, 0); rows[0].Superseded {
		t.Fatal("another resource's version counts")
	}
}

func inboxTidy(t *testing.T, x Inboxer, r collab.Resource) {
	old, young := delivery(r, "old"), delivery(r, "young")
	old.ReceivedAt = start.Add(-8 * 24 * time.Hour)
	for _, d := range []collab.Delivery{old, young} {
		_, err := x.Accept(timeLimit(t), d)
		must(t, err)
	}
	must(t, x.TidyInbox(timeLimit(t), start, start.Add(-7*24*time.Hour)))
	rows := rowsOf(t, x, r, 0)
	if len(rows) != 1 || len(rows[0].Data) == 0 {
		t.Fatalf("untold and young: %+v", rows)
	}
	must(t, x.MarkTold(timeLimit(t), rows[0].Position, start))
	must(t, x.TidyInbox(timeLimit(t), start.Add(time.Hour), start.Add(-7*24*time.Hour)))
	if rows = rowsOf(t, x, r, 0); len(rows) != 1 || len(rows[0].Data) != 0 || !rows[0].Told {
		t.Fatalf("told: %+v", rows)
	}
	for _, d := range []collab.Delivery{old, young} {
		kept, err := x.Accept(timeLimit(t), d)
		must(t, err)
		if kept.Replayed != (d.Message == "young") {
			t.Fatalf("%s: %+v", d.Message, kept)
		}
	}
}

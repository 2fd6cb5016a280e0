package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
)

// now is a time at which every day of the trails below is over, long before the machine's clock.
var now = time.Date(2026, 3, 10, 0, 10, 0, 0, time.UTC)

// trail is a store with some rows on each of some days before now, and an archive.
type trail struct {
	*sqlite.DB
	objects audit.Days
	rows    int
}

// Close leaves the store open: the test looks into it.
func (trail) Close() error { return nil }

func newTrail(t *testing.T, days int) trail {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "corsia.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	objects, err := folder.Open(filepath.Join(dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objects.Close() })
	log := obs.TestLogger(t, io.Discard)
	recorder := audit.NewRecorder("i_1", log)
	s := trail{DB: db, objects: objects}
	for day := range days {
		for n := range 5 {
			row := recorder.Row(audit.Event{Type: audit.AdminAction, Tenant: "default", Actor: "usr_001", Resource: collab.ResourceID(fmt.Sprint("page:/", n)),
				RecordedAt: now.Truncate(24*time.Hour).AddDate(0, 0, day-days).Add(time.Hour)})
			if err := db.Record(t.Context(), row); err != nil {
				t.Fatal(err)
			}
			s.rows++
		}
		if err := audit.NewSealer(db, log, time.Now).Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s trail) handler(t *testing.T) *handler {
	return newHandler(options{Store: func(context.Context) (store, error) { return s, nil }, Objects: s.objects, Retention: 72 * time.Hour,
		Log: obs.TestLogger(t, io.Discard), Now: func() time.Time { return now }})
}

// left returns how many rows the store has.
func (s trail) left(t *testing.T) (n int) {
	t.Helper()
	for shard := range audit.Shards {
		rows, err := s.AuditRows(t.Context(), shard, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		n += len(rows)
	}
	return n
}

func TestT5AnEventArchivesWhatIsLeftToArchive(t *testing.T) {
	s := newTrail(t, 5)
	h := s.handler(t)
	done, err := h.handle(t.Context(), events.EventBridgeEvent{})
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Days) != 5 || done.Through != "2026-03-09" || done.Removed != 10 || !done.Complete || s.left(t) != 15 {
		t.Fatalf("%+v, and %d rows in the store", done, s.left(t))
	}
	answer, err := json.Marshal(done)
	if err != nil || !strings.Contains(string(answer), `"through":"2026-03-09","removed":10,"complete":true`) {
		t.Fatalf("the answer is %s, %v", answer, err)
	}
	for range 2 { // the event comes again
		if done, err = h.handle(t.Context(), events.EventBridgeEvent{}); err != nil || len(done.Days) != 0 || done.Removed != 0 || !done.Complete || done.Through != "2026-03-09" {
			t.Fatalf("again: %+v, %v", done, err)
		}
	}
}

func TestT5WhenTheTimeIsUpWhatIsDoneIsDone(t *testing.T) {
	s := newTrail(t, 5)
	h := s.handler(t)
	puts := 0
	h.Objects = counted{s.objects, func(ctx context.Context) error {
		if puts++; puts <= 2 {
			return nil
		}
		<-ctx.Done() // the third takes for ever
		return ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	done, err := h.handle(ctx, events.EventBridgeEvent{})
	if err != nil || ctx.Err() != nil || len(done.Days) != 2 || done.Complete || done.Waiting != 3 || done.Removed != 0 || done.Through != "2026-03-06" {
		t.Fatalf("%+v, %v, and the event's time: %v", done, err, ctx.Err())
	}
	h.Objects = counted{s.objects, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }} // not one day in the time
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if done, err := h.handle(short, events.EventBridgeEvent{}); !errors.Is(err, context.DeadlineExceeded) || len(done.Days) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	h.Objects = s.objects
	if done, err := h.handle(t.Context(), events.EventBridgeEvent{}); err != nil || len(done.Days) != 3 || done.Removed != 10 || !done.Complete {
		t.Fatalf("the next: %+v, %v", done, err)
	}
}

// counted is an archive that asks before each object.
type counted struct {
	audit.Days
	before func(context.Context) error
}

func (c counted) Put(ctx context.Context, key string, content io.Reader) error {
	if err := c.before(ctx); err != nil {
		return err
	}
	return c.Days.Put(ctx, key, content)
}

func TestT5AStoreOrAnArchiveThatIsAwayIsAnError(t *testing.T) {
	s := newTrail(t, 5)
	away := errors.New("the connection was refused")
	h := s.handler(t)
	h.Store = func(context.Context) (store, error) { return nil, away }
	if _, err := h.handle(t.Context(), events.EventBridgeEvent{}); !errors.Is(err, away) {
		t.Fatal(err)
	}
	h = s.handler(t)
	h.Objects = counted{s.objects, func(context.Context) error { return away }}
	if _, err := h.handle(t.Context(), events.EventBridgeEvent{}); !errors.Is(err, away) {
		t.Fatal(err)
	}
	if s.left(t) != s.rows {
		t.Fatalf("%d rows are left of %d", s.left(t), s.rows)
	}
}

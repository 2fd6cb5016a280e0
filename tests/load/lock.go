package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"corsia/tests/load/corsia"
	"corsia/tests/load/measure"
)

const (
	awaitTimeout     = 5 * time.Second
	awarenessSpacing = 150 * time.Millisecond // of one room: more often it is coalesced (SPEC R6)
	lockFields       = 50
)

// watcher is a listener that waits for one event at a time.
type watcher struct {
	bench *bench
	lost  *failures
	want  atomic.Pointer[expectation]
}

// expectation is an event with something in its argument.
type expectation struct {
	name string
	part []byte
	seen chan time.Duration // room for one
}

// Updated ignores an update.
func (w *watcher) Updated([]byte, int64, []byte) {}

// Acknowledged ignores an acknowledgement.
func (w *watcher) Acknowledged(uint64, []byte) {}

// Event compares an event with what is waited for.
func (w *watcher) Event(name string, arg []byte) {
	e := w.want.Load()
	if e == nil || name != e.name || !bytes.Contains(arg, e.part) {
		return
	}
	if w.want.CompareAndSwap(e, nil) {
		e.seen <- w.bench.now()
	}
}

// Lost counts.
func (w *watcher) Lost(err error) { w.lost.add(fmt.Errorf("connection lost: %w", err)) }

// expect starts to wait for an event, before what causes it is done.
func (w *watcher) expect(name, part string) *expectation {
	e := &expectation{name: name, part: []byte(part), seen: make(chan time.Duration, 1)}
	w.want.Store(e)
	return e
}

// since measures from a moment to the event.
func (e *expectation) since(l *measure.Latency, start time.Duration) error {
	select {
	case at := <-e.seen:
		l.Add(at - start)
		return nil
	case <-time.After(awaitTimeout):
		return fmt.Errorf("no %s with %s within %v", e.name, e.part, awaitTimeout)
	}
}

// ward is a room of the lock scenario: one acts, one watches.
type ward struct {
	resource       string
	newcomer       int // socket number of one who connects to yet another instance
	actor, watches *corsia.Client
	watcher        *watcher
	looked         time.Duration // when the actor's awareness changed last
}

// latencies are what the scenario measures.
type latencies struct {
	acquired, announced, denied, released, releaseSeen     measure.Latency
	connected, joined, opened, joinSeen, leaveSeen, looked measure.Latency
}

// locks measures locks, joins and presence one by one, with nothing else going on but the sockets being there.
func locks(ctx context.Context, b *bench) error {
	before, err := b.look(ctx)
	if err != nil {
		return err
	}
	if b.settings.Rooms < 1 || b.settings.Sockets < 2*b.settings.Rooms {
		return fmt.Errorf("locks need two sockets in each room")
	}
	var losses failures
	watchers := make([]*watcher, b.settings.Sockets)
	clients, err := b.connectAll(ctx, func(i int) corsia.Listener {
		watchers[i] = &watcher{bench: b, lost: &losses}
		return watchers[i]
	})
	if err != nil {
		return err
	}
	if err := b.joinAll(ctx, clients); err != nil {
		return err
	}
	wards := make([]*ward, b.settings.Rooms)
	for i := range clients {
		room := i * len(wards) / len(clients)
		switch w := wards[room]; {
		case w == nil:
			wards[room] = &ward{resource: b.record(room), actor: clients[i], newcomer: i + 2}
		case w.watches == nil:
			w.watches, w.watcher = clients[i], watchers[i]
		}
	}
	var l latencies
	fmt.Fprintf(b.log, "measuring %d times\n", b.settings.Samples)
	for n := range b.settings.Samples {
		if err := wards[n%len(wards)].sample(ctx, b, &l, n); err != nil {
			return err
		}
	}
	if err := b.leave(ctx, clients); err != nil {
		return err
	}
	losses.note(b.result, "connections lost")
	l.note(b.result, b.settings)
	return b.gone(ctx, before)
}

func (l *latencies) note(r *measure.Result, s settings) {
	r.AddLatency("lock acquired", &l.acquired, s.MaxP99)
	r.AddLatency("lock seen by others", &l.announced, 0)
	r.AddLatency("lock denied", &l.denied, 0)
	r.AddLatency("lock released", &l.released, 0)
	r.AddLatency("release seen by others", &l.releaseSeen, 0)
	r.AddLatency("connected", &l.connected, 0)
	r.AddLatency("joined", &l.joined, s.MaxJoin)
	if s.Instances > 1 {
		r.AddLatency("joined what only another instance has open", &l.opened, s.MaxJoin)
	}
	r.AddLatency("join seen by others", &l.joinSeen, s.MaxSeen)
	r.AddLatency("leave seen by others", &l.leaveSeen, 0)
	r.AddLatency("awareness seen by others", &l.looked, s.MaxSeen)
}

func (w *ward) sample(ctx context.Context, b *bench, l *latencies, n int) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := w.lock(ctx, b, l, fmt.Sprintf("field-%d", n%lockFields)); err != nil {
		return err
	}
	if err := w.visit(ctx, b, l, n); err != nil {
		return err
	}
	return w.glance(ctx, b, l, n)
}

// lock takes a lock, is refused it elsewhere, and gives it back.
func (w *ward) lock(ctx context.Context, b *bench, l *latencies, field string) error {
	seen := w.watcher.expect("LOCK_STATUS_CHANGED", `"`+field+`"`)
	start := b.now()
	held, err := w.actor.Acquire(ctx, w.resource, field)
	if err != nil {
		return err
	}
	l.acquired.Add(b.now() - start)
	if err := seen.since(&l.announced, start); err != nil {
		return err
	}

	start = b.now()
	_, err = w.watches.Acquire(ctx, w.resource, field)
	l.denied.Add(b.now() - start)
	if refusal, ok := errors.AsType[*corsia.Refusal](err); !ok || refusal.Code != "LOCK_DENIED" {
		return fmt.Errorf("a lock that another holds was answered with %w", err)
	}

	seen = w.watcher.expect("LOCK_RELEASED", `"`+field+`"`)
	start = b.now()
	if err := w.actor.Release(ctx, held); err != nil {
		return err
	}
	l.released.Add(b.now() - start)
	return seen.since(&l.releaseSeen, start)
}

// visit connects a newcomer, who joins and leaves again.
func (w *ward) visit(ctx context.Context, b *bench, l *latencies, n int) error {
	start := b.now()
	c, err := b.connect(ctx, b.tokens[len(b.tokens)-1], w.newcomer, quiet{w.watcher.lost})
	if err != nil {
		return err
	}
	l.connected.Add(b.now() - start)

	part := `"` + c.Connected.SessionID + `"`
	seen := w.watcher.expect("USER_JOINED", part)
	start = b.now()
	if _, err := c.Join(ctx, w.resource, "editor"); err != nil {
		return errors.Join(err, c.Close())
	}
	l.joined.Add(b.now() - start)
	if err := seen.since(&l.joinSeen, start); err != nil {
		return errors.Join(err, c.Close())
	}

	if err := w.open(ctx, b, l, c, fmt.Sprintf("%s/visit-%d", w.resource, n)); err != nil {
		return errors.Join(err, c.Close())
	}

	seen = w.watcher.expect("USER_LEFT", part)
	start = b.now()
	if err := c.Close(); err != nil {
		return err
	}
	return seen.since(&l.leaveSeen, start)
}

// open has the newcomer join a room that the actor alone has joined, on another instance if there is one.
func (w *ward) open(ctx context.Context, b *bench, l *latencies, newcomer *corsia.Client, resource string) error {
	if _, err := w.actor.Join(ctx, resource, "editor"); err != nil {
		return err
	}
	start := b.now()
	if _, err := newcomer.Join(ctx, resource, "editor"); err != nil {
		return err
	}
	l.opened.Add(b.now() - start)
	return errors.Join(newcomer.Leave(ctx, resource), w.actor.Leave(ctx, resource))
}

// glance changes the actor's awareness.
func (w *ward) glance(ctx context.Context, b *bench, l *latencies, n int) error {
	if wait := w.looked + awarenessSpacing - b.now(); wait > 0 {
		time.Sleep(wait)
	}
	field := fmt.Sprintf("glance-%d", n)
	seen := w.watcher.expect("AWARENESS", `"`+field+`"`)
	start := b.now()
	w.looked = start
	if err := w.actor.Awareness(ctx, w.resource, field); err != nil {
		return err
	}
	return seen.since(&l.looked, start)
}

// Package rabbitmq carries notices between instances over RabbitMQ 3.10 or newer, at most once: what it loses, rooms read
// from the journal (SPEC D4). Why one binding a room, and why nothing is durable: docs/decisions/0006-per-room-bindings.md.
//
// The broker's user needs the right to configure, write and read `corsia` and `corsia\..*`.
package rabbitmq

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"corsia/shared/collab"
)

// exchange is the one that all instances share.
const exchange = "corsia"

const (
	bindLimit = time.Second // how long Subscribe waits for its binding
	pingLimit = 2 * time.Second
)

// Results of publishing, of which Options.Observe is told.
const (
	Confirmed = "confirmed" // the broker has it
	Nacked    = "nacked"    // the broker would not take it
	Failed    = "failed"    // nobody knows: the connection broke before the broker answered
	Dropped   = "dropped"   // never sent: the broker is away, takes nothing, or is too slow
)

// Options configures a Bus. The zero value is of use.
type Options struct {
	Instance collab.InstanceID // part of names that operators see
	// OnReconnect is called after a time in which notices may have been missed, once all subscriptions are in force again.
	// Nothing is delivered while it runs.
	OnReconnect func()
	// Observe is told what became of notices. It must not block.
	Observe func(result string, notices int)
	Log     *slog.Logger // nil: slog.Default()
	TLS     *tls.Config  // for amqps: trusted roots, say; nil: those of the system
}

// Bus carries notices to and from other instances while Run runs. All methods may be called from any goroutine.
type Bus struct {
	// Set by Open, never changed.
	dialer      dialer
	onReconnect func()
	observe     func(result string, notices int)
	log         *slog.Logger
	outgoing    *outgoing
	topics      *topics
	probes      chan chan<- error // answered by the listener
	closing     chan struct{}     // closed by Close
	close       func()
}

// Open returns the bus of an amqp: or amqps: URL. It does not connect; Run does.
func Open(rawURL string, o Options) (*Bus, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, err
	}
	b := &Bus{
		dialer:      dialer{url: rawURL, instance: o.Instance},
		onReconnect: o.OnReconnect,
		observe:     o.Observe,
		log:         cmp.Or(o.Log, slog.Default()),
		outgoing:    newOutgoing(),
		topics:      newTopics(),
		probes:      make(chan chan<- error),
		closing:     make(chan struct{}),
	}
	b.close = sync.OnceFunc(func() { close(b.closing) })
	if b.onReconnect == nil {
		b.onReconnect = func() {}
	}
	if b.observe == nil {
		b.observe = func(string, int) {}
	}
	if o.TLS != nil {
		b.dialer.tls = o.TLS.Clone()
		b.dialer.tls.MinVersion = max(o.TLS.MinVersion, tls.VersionTLS12)
	}
	return b, nil
}

// Run keeps two connections, so that a broker that takes nothing still delivers, until ctx ends or Close is called. Then it
// publishes what waits, and returns within about a second.
func (b *Bus) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() { (&keeper{"publish", b.log}).keep(ctx, b.send) })
	both.Go(func() { (&keeper{"listen", b.log}).keep(ctx, b.listen) })
	both.Go(func() {
		select {
		case <-ctx.Done():
		case <-b.closing:
			cancel()
		}
	})
	both.Wait()
}

// Close has Run end, and does not wait for it.
func (b *Bus) Close() error {
	b.close()
	return nil
}

// Ping returns nil when the broker takes messages and answers. It is asked at most once a second.
func (b *Bus) Ping(ctx context.Context) error {
	if !b.outgoing.accepts() {
		return errors.New("rabbitmq: ping: the broker takes no messages")
	}
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	answer := make(chan error, 1)
	select {
	case b.probes <- answer:
	case <-b.topics.lostSignal():
		return errors.New("rabbitmq: ping: no connection")
	case <-ctx.Done():
		return fmt.Errorf("rabbitmq: ping: %w", ctx.Err())
	}
	select {
	case err := <-answer:
		if err != nil {
			return fmt.Errorf("rabbitmq: ping: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("rabbitmq: ping: %w", ctx.Err())
	}
}

// Heard reports whether another instance may listen: this bus cannot know, so it may.
func (b *Bus) Heard(collab.Resource, collab.InstanceID) bool { return true }

// Publish queues a copy of n and returns. What the broker cannot take now is dropped, counted and, in sum, logged; the error
// is for what nobody could ever take.
func (b *Bus) Publish(_ context.Context, n collab.Notice) error {
	if err := fits(n); err != nil {
		b.observe(Dropped, 1)
		return err
	}
	if !b.outgoing.add(n) {
		b.observe(Dropped, 1)
	}
	return nil
}

// Subscribe has deliver called with each notice of a resource that another instance publishes. When it returns the
// subscription is in force, unless the broker is away or takes longer than a second: then it will be, and OnReconnect tells.
// deliver must not block; it returns false for what it drops. A call that is under way when cancel is called may still be
// made.
func (b *Bus) Subscribe(res collab.Resource, inst collab.InstanceID, deliver func(collab.Notice) bool) (cancel func()) {
	sub := &subscription{inst, deliver}
	b.topics.add(res, sub, bindLimit)
	return func() { b.topics.remove(res, sub) }
}

// deliver hands a message to the subscribers of other instances than its own. Some of its sections may be about resources
// to which nobody listens here.
func (b *Bus) deliver(m message) {
	for _, section := range m.sections {
		for _, sub := range b.topics.subscriptions(section.resource) {
			if sub.instance == m.from {
				continue
			}
			for _, p := range section.notices {
				sub.deliver(collab.Notice{ // false: dropped, the journal and the next heartbeat fill the gap
					Resource: section.resource, From: m.from, Kind: p.kind, Body: bytes.Clone(p.body),
				})
			}
		}
	}
}

func queueName(inst collab.InstanceID) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return exchange + "." + string(inst) + "." + hex.EncodeToString(random[:])
}

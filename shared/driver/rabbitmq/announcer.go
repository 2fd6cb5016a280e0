package rabbitmq

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"corsia/shared/collab"
)

const (
	// A program that stands still sends no heartbeats: the broker shall not end its connection between two pieces of work.
	announcerHeartbeat = time.Minute

	// staleLimit is how long a connection that was not used for a while has to take a notice, before another one is made.
	staleLimit = time.Second
)

var errNotTaken = errors.New("the broker has not taken it")

// Announcer publishes one notice at a time, and returns when the broker has it: for programs that stand still between two
// pieces of work, as functions do, so that no goroutine of theirs can publish later. It listens to nothing. It keeps its
// connection, and makes another one when that was lost meanwhile. Its methods may be called from any goroutine.
type Announcer struct {
	// Set by OpenAnnouncer, never changed.
	dialer dialer
	turn   chan struct{} // holds a token while nobody publishes

	// Owned by who has the turn.
	conn    *connection // nil: there is none
	channel *amqp.Channel
}

// OpenAnnouncer returns an announcer of an amqp: or amqps: URL. It does not connect. Of the options it uses Instance and TLS.
func OpenAnnouncer(rawURL string, o Options) (*Announcer, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, err
	}
	a := &Announcer{dialer: dialer{url: rawURL, instance: o.Instance, heartbeat: announcerHeartbeat}, turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	if o.TLS != nil {
		a.dialer.tls = o.TLS.Clone()
		a.dialer.tls.MinVersion = max(o.TLS.MinVersion, tls.VersionTLS12)
	}
	return a, nil
}

// Publish returns nil when the broker has the notice. After an error it may have it all the same.
func (a *Announcer) Publish(ctx context.Context, n collab.Notice) error {
	if err := fits(n); err != nil {
		return err
	}
	select {
	case <-a.turn:
	case <-ctx.Done():
		return fmt.Errorf("rabbitmq: publish %s: %w", n.Kind, context.Cause(ctx))
	}
	defer func() { a.turn <- struct{}{} }()
	if err := a.publish(ctx, n); err != nil {
		return fmt.Errorf("rabbitmq: publish %s: %w", n.Kind, err)
	}
	return nil
}

func (a *Announcer) publish(ctx context.Context, n collab.Notice) error {
	if a.conn != nil && !a.conn.IsClosed() {
		staleCtx, cancel := context.WithTimeout(ctx, staleLimit)
		err := a.hand(staleCtx, n)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	a.hangUp()
	if err := a.connect(ctx); err != nil {
		return err
	}
	err := a.hand(ctx, n)
	if err != nil {
		a.hangUp()
	}
	return err
}

// hand publishes over the connection and waits until the broker confirms.
func (a *Announcer) hand(ctx context.Context, n collab.Notice) error {
	parcels := []*parcel{{sender: sender{n.Resource, n.From}, encoded: appendNotice(nil, n), notices: 1}}
	encoded, _ := pack(parcels)
	key, headers := address(parcels)
	confirmation, err := a.channel.PublishWithDeferredConfirmWithContext(ctx, exchange, key, false, false,
		amqp.Publishing{Headers: headers, DeliveryMode: amqp.Transient, Body: encoded})
	if err != nil {
		return err
	}
	taken, err := confirmation.WaitContext(ctx)
	if err != nil {
		return err
	}
	if !taken { // or the connection ended first
		return errNotTaken
	}
	return nil
}

// connect makes the connection, which outlives ctx.
func (a *Announcer) connect(ctx context.Context) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, end)
	conn, err := a.dialer.dial(life)
	if err != nil {
		end()
		return err
	}
	a.conn = conn
	if a.channel, err = conn.Channel(); err == nil {
		err = cmp.Or(declareExchange(a.channel), a.channel.Confirm(false))
	}
	if !release() { // then everything ends within stopLimit
		err = cmp.Or(context.Cause(ctx), err)
	}
	if err != nil {
		end()
		a.hangUp()
		return err
	}
	return nil
}

func (a *Announcer) hangUp() {
	if a.conn != nil {
		a.conn.hangUp()
		a.conn, a.channel = nil, nil
	}
}

// Close closes the connection, after what is under way.
func (a *Announcer) Close() error {
	<-a.turn
	defer func() { a.turn <- struct{}{} }()
	a.hangUp()
	return nil
}

package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	window       = 256             // messages that the broker has not confirmed; beyond it what follows waits
	confirmLimit = 5 * time.Second // a broker that does not confirm for so long is away
	lookEvery    = time.Second

	// gather is how long the first notice waits for others, such as those of the rooms that share a commit: it bounds the
	// messages of a busy instance to 200 a second.
	gather = 5 * time.Millisecond
)

// sending is a connection for publishing.
type sending struct {
	// Set by send, never changed.
	bus       *Bus
	channel   *amqp.Channel
	confirmed chan amqp.Confirmation // has room for the whole window: the library never waits
	closed    chan *amqp.Error
	blocked   chan amqp.Blocking

	// Owned by run.
	flying    []flight // oldest first
	isBlocked bool     // the broker is short of memory or disk
}

// flight is a message that is not confirmed yet.
type flight struct {
	notices int
	at      time.Time
}

// send publishes what waits until ctx ends or the connection breaks.
func (b *Bus) send(ctx context.Context, ready func()) error {
	c, err := b.dialer.dial(ctx)
	if err != nil {
		return err
	}
	defer c.hangUp()
	s := sending{bus: b, confirmed: make(chan amqp.Confirmation, window), blocked: c.NotifyBlocked(make(chan amqp.Blocking, 16))}
	if s.channel, err = c.Channel(); err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	s.closed = s.channel.NotifyClose(make(chan *amqp.Error, 1))
	if err := declareExchange(s.channel); err != nil {
		return err
	}
	if err := s.channel.Confirm(false); err != nil {
		return fmt.Errorf("ask for confirmations: %w", err)
	}
	s.channel.NotifyPublish(s.confirmed)
	b.outgoing.open()
	ready()
	s.tellLost()
	defer s.end()
	return s.run(ctx)
}

// declareExchange makes the exchange, or finds it. It is durable: it holds nothing, and may be there before an instance is.
func declareExchange(ch *amqp.Channel) error {
	if err := ch.ExchangeDeclare(exchange, amqp.ExchangeDirect, true, false, false, false, nil); err != nil {
		return fmt.Errorf("declare exchange: %w", err)
	}
	return nil
}

func (s *sending) run(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	ending := ctx.Done()
	var gathered <-chan time.Time
	due := false // something waits that has waited long enough
	for {
		if due {
			drained, err := s.publish()
			if err != nil {
				return err
			}
			due = !drained
		}
		if ending == nil && !due && len(s.flying) == 0 {
			return nil
		}
		select {
		case <-s.bus.outgoing.wake:
			if gathered == nil {
				gathered = time.After(gather)
			}
		case <-gathered:
			gathered, due = nil, true
		case c, open := <-s.confirmed:
			if !open {
				return s.lost()
			}
			s.settle(c)
		case err := <-s.closed:
			return lostError(err)
		case b := <-s.blocked:
			s.block(b)
		case <-look.C:
			s.tellLost()
			if !s.isBlocked && len(s.flying) > 0 && time.Since(s.flying[0].at) > confirmLimit {
				return errors.New("the broker does not confirm")
			}
		case <-ending:
			ending, due = nil, true // what waits is published yet; the socket knows when it is too late
		}
	}
}

// lost waits for the reason that comes with the end of confirmations.
func (s *sending) lost() error {
	return lostError(<-s.closed)
}

// publish sends what waits, as far as the window allows.
func (s *sending) publish() (drained bool, err error) {
	for len(s.flying) < window && !s.isBlocked && len(s.blocked) == 0 {
		parcels := s.bus.outgoing.take()
		if len(parcels) == 0 {
			return true, nil
		}
		encoded, notices := pack(parcels)
		s.flying = append(s.flying, flight{notices, time.Now()})
		key, headers := address(parcels)
		err := s.channel.Publish(exchange, key, false, false, amqp.Publishing{Headers: headers, DeliveryMode: amqp.Transient, Body: encoded})
		if err != nil {
			return false, fmt.Errorf("publish: %w", err)
		}
		for len(s.confirmed) > 0 {
			c, open := <-s.confirmed
			if !open {
				return false, s.lost()
			}
			s.settle(c)
		}
	}
	return false, nil
}

// address returns the routing keys of a message: the first, and the others in a header that RabbitMQ reads and takes off. A
// queue that is bound to several of them gets the message once.
func address(parcels []*parcel) (key string, others amqp.Table) {
	key = routingKey(parcels[0].sender.resource)
	if len(parcels) == 1 {
		return key, nil
	}
	keys := make([]any, len(parcels)-1)
	for i, p := range parcels[1:] {
		keys[i] = routingKey(p.sender.resource)
	}
	return key, amqp.Table{"BCC": keys}
}

// settle counts the oldest message: the library puts confirmations in order.
func (s *sending) settle(c amqp.Confirmation) {
	if len(s.flying) == 0 {
		return
	}
	result := Confirmed
	if !c.Ack {
		result = Nacked
	}
	s.bus.observe(result, s.flying[0].notices)
	s.flying = s.flying[1:]
}

// block treats a broker that takes nothing as one that is away: nothing piles up meanwhile.
func (s *sending) block(b amqp.Blocking) {
	s.isBlocked = b.Active
	if b.Active {
		s.bus.log.Warn("rabbitmq: the broker takes no messages", slog.String("reason", b.Reason))
		s.shut()
		return
	}
	s.bus.log.Info("rabbitmq: the broker takes messages again")
	now := time.Now()
	for i := range s.flying {
		s.flying[i].at = now
	}
	s.bus.outgoing.open()
}

func (s *sending) shut() {
	if n := s.bus.outgoing.shut(); n > 0 {
		s.bus.observe(Dropped, n)
	}
}

// end counts what was not confirmed as lost. It is not sent again: the broker may have it, and later notices would overtake it.
func (s *sending) end() {
	s.shut()
	failed := 0
	for _, f := range s.flying {
		failed += f.notices
	}
	if failed > 0 {
		s.bus.observe(Failed, failed)
	}
}

// tellLost logs what was dropped since the last time, in sum.
func (s *sending) tellLost() {
	if n := s.bus.outgoing.lost(); n > 0 {
		s.bus.log.Warn("rabbitmq: notices dropped; other instances read the journal", slog.Int("notices", n))
	}
}

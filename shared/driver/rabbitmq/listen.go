package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"corsia/shared/collab"
)

// Bounds of an instance's queue in the broker, which drops the oldest messages beyond them: a slow instance loses messages,
// which its rooms read from the journal, and not the broker its memory.
const (
	queueBytes    = 32 << 20
	queueMessages = 20000
	messageTTL    = 5 * time.Second // by then the rooms have looked at the journal (SPEC D4)

	prefetch    = 64 // messages under way to this process; the library keeps them
	ackMessages = 16
	ackBytes    = 1 << 20
	probeRest   = time.Second
	warnEvery   = time.Minute
)

// listening is a connection for what other instances publish.
type listening struct {
	// Set by listen, never changed.
	bus        *Bus
	queue      string
	control    *amqp.Channel // for bindings and probes
	deliveries <-chan amqp.Delivery
	closed     chan *amqp.Error // of control
	ended      chan struct{}    // closed when consume has returned

	// Owned by run.
	bound  map[collab.Resource]bool
	probed time.Time // of the last probe

	// Owned by consume; err by others once ended is closed.
	err         error
	unacked     int // messages
	unackedSize int // bytes
	warned      time.Time
}

// listen delivers messages until ctx ends or the connection breaks.
func (b *Bus) listen(ctx context.Context, ready func()) error {
	defer b.topics.lost()
	c, err := b.dialer.dial(ctx)
	if err != nil {
		return err
	}
	l := listening{bus: b, queue: queueName(b.dialer.instance), bound: map[collab.Resource]bool{}, ended: make(chan struct{})}
	var consumer sync.WaitGroup
	defer consumer.Wait() // it ends with the connection
	defer c.hangUp()
	b.topics.connecting()
	if err := l.open(c); err != nil {
		return err
	}
	missed := b.topics.len() > 0
	if err := l.settle(); err != nil {
		return err
	}
	if missed {
		b.onReconnect()
	}
	consumer.Go(l.consume)
	ready()
	return l.run(ctx)
}

// open makes the queue, which ends with the connection, and asks for its messages.
func (l *listening) open(c *connection) error {
	var err error
	if l.control, err = c.Channel(); err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	l.closed = l.control.NotifyClose(make(chan *amqp.Error, 1))
	if err := declareExchange(l.control); err != nil {
		return err
	}
	_, err = l.control.QueueDeclare(l.queue, false, true, true, false, amqp.Table{
		"x-max-length-bytes": int64(queueBytes), "x-max-length": int64(queueMessages), "x-overflow": "drop-head",
		"x-message-ttl": messageTTL.Milliseconds(),
	})
	if err != nil {
		return fmt.Errorf("declare queue: %w", err)
	}
	messages, err := c.Channel()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	if err := messages.Qos(prefetch, 0, false); err != nil {
		return fmt.Errorf("bound the messages under way: %w", err)
	}
	if l.deliveries, err = messages.Consume(l.queue, "", false, true, false, false, nil); err != nil {
		return fmt.Errorf("consume: %w", err)
	}
	return nil
}

// run makes and ends bindings, and answers probes.
func (l *listening) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.bus.topics.changed:
			if err := l.settle(); err != nil {
				return err
			}
		case answer := <-l.bus.probes:
			err := l.probe()
			answer <- err
			if err != nil {
				return err
			}
		case err := <-l.closed:
			return lostError(err)
		case <-l.ended:
			return l.err
		}
	}
}

// settle makes the bindings that are wanted, then ends those that are not.
func (l *listening) settle() error {
	var bind, unbind, inForce []collab.Resource
	for _, w := range l.bus.topics.wishes() {
		switch {
		case w.wanted:
			inForce = append(inForce, w.resource)
			if !l.bound[w.resource] {
				bind = append(bind, w.resource)
			}
		case l.bound[w.resource]:
			unbind = append(unbind, w.resource)
		}
	}
	for i, res := range bind {
		// The broker takes them in order: when it has answered the last, all are made.
		if err := l.control.QueueBind(l.queue, routingKey(res), exchange, i < len(bind)-1, nil); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
		l.bound[res] = true
	}
	l.bus.topics.inForce(inForce)
	for _, res := range unbind {
		if err := l.control.QueueUnbind(l.queue, routingKey(res), exchange, nil); err != nil {
			return fmt.Errorf("unbind: %w", err)
		}
		delete(l.bound, res)
	}
	return nil
}

// probe asks the broker for a sign of life, unless it gave one within the last second.
func (l *listening) probe() error {
	if time.Since(l.probed) < probeRest {
		return nil
	}
	if err := l.control.ExchangeDeclarePassive(exchange, amqp.ExchangeDirect, true, false, false, false, nil); err != nil {
		return fmt.Errorf("look for the exchange: %w", err)
	}
	l.probed = time.Now()
	return nil
}

// consume delivers messages until there are no more. It acknowledges now and then: what is not yet acknowledged ends with the
// queue, so nothing is delivered twice.
func (l *listening) consume() {
	defer close(l.ended)
	for d := range l.deliveries {
		m, err := decode(d.Body)
		if err != nil {
			l.warn(err)
		} else {
			l.bus.deliver(m)
		}
		l.unacked++
		l.unackedSize += len(d.Body)
		if l.unacked < ackMessages && l.unackedSize < ackBytes {
			continue
		}
		if err := d.Ack(true); err != nil {
			l.err = fmt.Errorf("acknowledge: %w", err)
			return
		}
		l.unacked, l.unackedSize = 0, 0
	}
	l.err = errors.New("the broker ended the subscription")
}

// warn tells of a message that cannot be read, seldom: during a rolling upgrade there may be many.
func (l *listening) warn(err error) {
	if time.Since(l.warned) > warnEvery {
		l.warned = time.Now()
		l.bus.log.Warn("rabbitmq: message dropped", slog.Any("err", err))
	}
}

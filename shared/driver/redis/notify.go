package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/shared/collab"
)

const (
	silenceLimit    = 5 * time.Second // without a word the server is asked for a sign of life; twice is a broken connection
	firstRedial     = 250 * time.Millisecond
	maxRedial       = 5 * time.Second
	maxSubscription = 5 * time.Minute // a fail-over may leave a connection to what is a replica now, which tells nothing
	eventsOption    = "notify-keyspace-events"
	wantedEvents    = "Ex" // E: by event; x: expired keys
	allEventClasses = "A"  // includes x
)

// Expirations delivers the keys of leases that ended by themselves, while Run runs. It is bounded and may lose some; whoever
// cares has a timer of his own (SPEC L5). Close closes it.
func (s *State) Expirations() <-chan collab.LockKey { return s.expired }

// Run listens for the ends of leases until ctx ends or Close is called. It subscribes again, with back-off, whenever the connection breaks; what
// ends meanwhile is not told.
func (s *State) Run(ctx context.Context) {
	for wait := firstRedial; ctx.Err() == nil; wait = min(2*wait, maxRedial) {
		subscribed, err := s.listen(ctx)
		if ctx.Err() != nil || s.closed() {
			return
		}
		if subscribed {
			wait = firstRedial
		}
		if err == nil {
			continue
		}
		s.log.Warn("redis: notifications of expired leases interrupted", slog.Any("err", err))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// listen delivers notifications until the connection breaks, or has lasted long enough: then without an error.
func (s *State) listen(ctx context.Context) (subscribed bool, err error) {
	if err := s.enableEvents(ctx); err != nil {
		return false, err
	}
	sub := s.rdb.Subscribe(ctx)
	hangUp := func() { _ = sub.Close() }
	defer hangUp()
	defer context.AfterFunc(ctx, hangUp)() // a read that waits does not look at ctx
	if err := sub.Subscribe(ctx, fmt.Sprintf("__keyevent@%d__:expired", s.rdb.Options().DB)); err != nil {
		return false, fmt.Errorf("subscribe: %w", err)
	}
	begin := time.Now()
	for asked := false; time.Since(begin) < maxSubscription; {
		message, err := sub.ReceiveTimeout(ctx, silenceLimit)
		var timeout net.Error
		switch {
		case err == nil:
			asked = false
		case errors.As(err, &timeout) && timeout.Timeout() && !asked:
			asked = true
			if err := sub.Ping(ctx); err != nil {
				return subscribed, fmt.Errorf("ping: %w", err)
			}
			continue
		default:
			return subscribed, err
		}
		switch message := message.(type) {
		case *redis.Subscription:
			subscribed = true
		case *redis.Message:
			if key, ok := parseLockKey(message.Payload); ok {
				s.notify(key)
			}
		}
	}
	return subscribed, nil
}

func (s *State) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isClosed
}

func (s *State) notify(key collab.LockKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed {
		return
	}
	select {
	case s.expired <- key:
	default: // nobody listens; the room's timer and the sweep notice
	}
}

// enableEvents asks the server to tell of expired keys, unless it does. Managed services forbid that: there the operator has
// set it.
func (s *State) enableEvents(ctx context.Context) error {
	return s.do(ctx, "config", func(ctx context.Context) error {
		config, err := s.rdb.ConfigGet(ctx, eventsOption).Result()
		if isRefusal(err) {
			return nil
		}
		if err != nil {
			return err
		}
		flags := config[eventsOption]
		if strings.Contains(flags, "E") && strings.ContainsAny(flags, "x"+allEventClasses) {
			return nil
		}
		err = s.rdb.ConfigSet(ctx, eventsOption, flags+wantedEvents).Err()
		if isRefusal(err) {
			s.log.Warn("redis: the server does not tell of expired leases; set " + eventsOption + " to " + wantedEvents)
			return nil
		}
		return err
	})
}

// isRefusal reports whether the server understood and would not.
func isRefusal(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal)
}

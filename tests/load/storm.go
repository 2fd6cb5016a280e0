package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"corsia/tests/load/corsia"
	"corsia/tests/load/measure"
)

// storm connects all sockets within a short time, each when it is due, and measures from that moment to CONNECTED.
func storm(ctx context.Context, b *bench) error {
	before, err := b.look(ctx)
	if err != nil {
		return err
	}
	s := b.settings
	fmt.Fprintf(b.log, "connecting %d sockets in %v\n", s.Sockets, s.Within)
	var latency measure.Latency
	var losses, refused failures
	clients := make([]*corsia.Client, s.Sockets)
	spent := b.spent()
	start := b.now() + leadTime
	var connecting sync.WaitGroup
	for i := range clients {
		due := start + s.Within*time.Duration(i)/time.Duration(s.Sockets)
		connecting.Go(func() {
			time.Sleep(due - b.now())
			c, err := b.connect(ctx, b.token(i), i, quiet{&losses})
			if err != nil {
				refused.add(err)
				return
			}
			latency.Add(b.now() - due)
			clients[i] = c
		})
	}
	connecting.Wait()
	used := b.spent().Since(spent)
	in := clients[:0]
	for _, c := range clients {
		if c != nil {
			in = append(in, c)
		}
	}
	if err := b.leave(ctx, in); err != nil {
		return err
	}
	b.result.Parameters["within"] = s.Within.Seconds()
	refused.note(b.result, "connections refused")
	losses.note(b.result, "connections lost")
	b.result.AddLatency("dial to CONNECTED", &latency, s.MaxP99)
	if len(used.Servers) > 0 {
		b.result.Add("server CPU per connection", 1e3*used.Server().Seconds()/float64(s.Sockets), "ms")
	}
	b.usage(used, 0)
	return b.gone(ctx, before)
}

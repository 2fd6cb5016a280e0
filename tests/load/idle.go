package main

import (
	"context"
	"fmt"
	"time"

	"corsia/tests/load/corsia"
)

// idle holds sockets at rest: authenticated, then joined to rooms as well, then gone. Each time it looks at the gateway's
// memory, as it is and after a garbage collection.
func idle(ctx context.Context, b *bench) error {
	before, err := b.collected(ctx)
	if err != nil {
		return err
	}
	r := b.result
	r.Add("memory before", mib(before.resident), "MiB")
	fmt.Fprintf(b.log, "connecting %d sockets\n", b.settings.Sockets)
	var losses failures
	clients, err := b.connectAll(ctx, func(int) corsia.Listener { return quiet{&losses} })
	if err != nil {
		return err
	}
	stopBeating := b.keepAlive(clients)
	defer stopBeating()
	if err := b.rest(ctx, "connected", before); err != nil {
		return err
	}
	if b.settings.Rooms > 0 {
		fmt.Fprintf(b.log, "joining %d rooms\n", b.settings.Rooms)
		if err := b.joinAll(ctx, clients); err != nil {
			return err
		}
		if err := b.rest(ctx, "joined", before); err != nil {
			return err
		}
	}
	stopBeating()
	losses.note(r, "connections lost")
	fmt.Fprintln(b.log, "leaving")
	start := time.Now()
	if err := b.leave(ctx, clients); err != nil {
		return err
	}
	if err := b.gone(ctx, before); err != nil {
		return err
	}
	r.Add("time until all were gone", time.Since(start).Seconds(), "s")
	after, err := b.collected(ctx)
	if err != nil {
		return err
	}
	r.Add("left over: memory", mib(after.resident-before.resident), "MiB")
	for i, part := range after.parts() {
		r.Add("left over: of it "+part.name, (part.bytes-before.parts()[i].bytes)/(1<<20), "MiB")
	}
	return nil
}

func (b *bench) joinAll(ctx context.Context, clients []*corsia.Client) error {
	return each(ctx, len(clients), func(ctx context.Context, i int) error {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		_, err := clients[i].Join(ctx, b.record(i*b.settings.Rooms/len(clients)), "editor")
		return err
	})
}

// rest lets the sockets rest and notes what each takes, of which the last figure, without what the gateway took before
// and after a collection, has a limit.
func (b *bench) rest(ctx context.Context, state string, before look) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(b.settings.Duration):
	}
	now, err := b.look(ctx)
	if err != nil {
		return err
	}
	clean, err := b.collected(ctx)
	if err != nil {
		return err
	}
	r, n := b.result, float64(b.settings.Sockets)
	perSocket := func(bytes float64) float64 { return bytes / n / 1024 }
	r.Add(state+": memory", mib(now.resident), "MiB")
	r.Add(state+": memory a socket, all", perSocket(float64(now.resident)), "KiB")
	r.Add(state+": memory a socket, without what was before", perSocket(float64(now.resident-before.resident)), "KiB")
	r.Add(state+": memory a socket after a collection, all", perSocket(float64(clean.resident)), "KiB")
	name, value := state+": memory a socket after a collection, without what was before", perSocket(float64(clean.resident-before.resident))
	if b.settings.MaxSocketKiB > 0 {
		r.Under(name, value, "KiB", b.settings.MaxSocketKiB)
	} else {
		r.Add(name, value, "KiB")
	}
	for i, part := range clean.parts() {
		r.Add(state+": of it "+part.name, perSocket(part.bytes-before.parts()[i].bytes), "KiB")
	}
	r.Add(state+": goroutines a socket", (clean.metrics[metricGoroutines]-before.metrics[metricGoroutines])/n, "")
	return nil
}

// part is a share of the resident memory.
type part struct {
	name  string
	bytes float64
}

// parts divides the resident memory. What is not Go's is the store's cache above all.
func (l look) parts() []part {
	m := func(name string) float64 { return l.metrics["go_memstats_"+name+"_bytes"] }
	held := m("sys") - m("heap_released")
	return []part{
		{"heap", m("heap_inuse")}, {"heap that is free again", m("heap_idle") - m("heap_released")},
		{"stacks", m("stack_inuse")}, {"not Go's", float64(l.resident) - held},
	}
}

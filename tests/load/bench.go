package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"corsia/gateway/auth"
	"corsia/tests/load/corsia"
	"corsia/tests/load/measure"
)

const (
	connectTimeout    = 30 * time.Second
	heartbeatInterval = 30 * time.Second // SPEC C5
	connecting        = 64               // connections that are set up at the same time
	maxUsers          = 1000             // each has ten sessions at 10,000 sockets, as many as a user may have (SPEC C8)
	socketsPerSource  = 20_000           // of one source address: the system has about 28,000 ports for each
)

// bench is one run of a scenario.
type bench struct {
	settings settings
	target   *target
	tokens   []string // of the users
	result   *measure.Result
	results  []*measure.Result // of all steps; of most scenarios it is result alone
	log      progress
	epoch    time.Time // of the clock that now reads
	run      string    // prefix of this run's users and records
	beating  sync.WaitGroup
}

// newBench signs the users' tokens.
func newBench(s settings, t *target, log progress) (*bench, error) {
	now := time.Now()
	b := &bench{settings: s, target: t, log: log, epoch: now, run: fmt.Sprintf("load-%x", now.UnixMilli())}
	b.report(s.Scenario)
	keys, err := auth.OpenDevKeys(t.keys)
	if err != nil {
		return nil, err
	}
	issuer := keys.Issuer("", "")
	for i := range min(s.Sockets, maxUsers) + 1 { // the last one is the auditor
		token, err := issuer.Issue(auth.TokenRequest{User: fmt.Sprintf("%s-user-%d", b.run, i), Name: fmt.Sprintf("User %d", i), Role: "nurse"})
		if err != nil {
			return nil, err
		}
		b.tokens = append(b.tokens, token)
	}
	return b, nil
}

// report begins a result, of what is measured from now on.
func (b *bench) report(name string) {
	s := b.settings
	b.result = &measure.Result{Scenario: name, Started: time.Now().UTC().Truncate(time.Millisecond), Parameters: map[string]any{
		"sockets": s.Sockets, "rooms": s.Rooms, "rate": s.Rate, "seconds": s.Duration.Seconds(), "instances": max(1, s.Instances),
	}}
	b.results = append(b.results, b.result)
}

// now returns the time since the run began, on a clock that never jumps.
func (b *bench) now() time.Duration { return time.Since(b.epoch) }

// token returns the token of a socket's user.
func (b *bench) token(socket int) string { return b.tokens[socket%(len(b.tokens)-1)] }

// record returns the id of a room's record.
func (b *bench) record(room int) string { return fmt.Sprintf("page:/patient/%s/%d", b.run, room) }

// instance returns the number of the gateway that a socket connects to: neighbours, and so the members of a room, are spread
// over all.
func (b *bench) instance(socket int) int { return socket % len(b.target.urls) }

// connect opens one session.
func (b *bench) connect(ctx context.Context, token string, socket int, l corsia.Listener) (*corsia.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	local := net.IPv4(127, 0, 0, byte(1+socket/socketsPerSource))
	return corsia.Connect(ctx, corsia.Options{URL: b.target.urls[b.instance(socket)], Token: token, Local: local, Listener: l})
}

// each calls do for 0 to n-1, some at the same time, and returns the first error.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	indexes := make(chan int)
	var workers sync.WaitGroup
	for range min(n, connecting) {
		workers.Go(func() {
			for i := range indexes {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case indexes <- i:
		case <-ctx.Done():
		}
	}
	close(indexes)
	workers.Wait()
	return context.Cause(ctx)
}

// connectAll opens the sessions of all sockets. Each takes its listener from listener.
func (b *bench) connectAll(ctx context.Context, listener func(socket int) corsia.Listener) ([]*corsia.Client, error) {
	clients := make([]*corsia.Client, b.settings.Sockets)
	err := each(ctx, len(clients), func(ctx context.Context, i int) (err error) {
		clients[i], err = b.connect(ctx, b.token(i), i, listener(i))
		return err
	})
	return clients, err
}

// keepAlive sends the heartbeats of all clients, spread over their interval, until the returned function is called.
func (b *bench) keepAlive(clients []*corsia.Client) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	b.beating.Go(func() {
		tick := time.NewTicker(max(heartbeatInterval/time.Duration(len(clients)), time.Millisecond))
		defer tick.Stop()
		start := time.Now()
		for sent := 0; ; {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				due := int(now.Sub(start) * time.Duration(len(clients)) / heartbeatInterval)
				for ; sent < due; sent++ {
					_ = clients[sent%len(clients)].Heartbeat() // one that is lost tells its listener
				}
			}
		}
	})
	return func() { cancel(); b.beating.Wait() }
}

// spent returns what everything has used up to now.
func (b *bench) spent() measure.Usage { return measure.Spent(b.target.processes, b.target.services) }

// leave ends all sessions in order.
func (b *bench) leave(ctx context.Context, clients []*corsia.Client) error {
	return each(ctx, len(clients), func(_ context.Context, i int) error { return clients[i].Close() })
}

// usage notes what the server and the generator spent in a window with a number of deliveries.
func (b *bench) usage(u measure.Usage, deliveries int64) {
	r := b.result
	if len(u.Servers) > 0 {
		r.Add("server CPU", u.Cores(u.Server()), "% of a core")
		if deliveries > 0 {
			r.Add("server CPU per million deliveries", u.Server().Seconds()*1e6/float64(deliveries), "s")
		}
	}
	if len(u.Servers) > 1 {
		for i, d := range u.Servers {
			r.Add(fmt.Sprintf("instance %d CPU", i+1), u.Cores(d), "% of a core")
		}
	}
	for i, d := range u.Services {
		r.Add(b.target.services[i].Name+" CPU", u.Cores(d), "% of a core")
	}
	r.Add("generator CPU", u.Cores(u.Own), "% of a core")
	r.Add("other processes", 100*u.Others(), "% of the machine")
}

// failures counts what went wrong in the same way, and keeps the first error.
type failures struct {
	mu    sync.Mutex
	count int
	first error
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if f.first == nil {
		f.first = err
	}
}

// note puts the count into the result: it must be zero.
func (f *failures) note(r *measure.Result, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Equal(name, float64(f.count), 0)
	r.Problem(f.first)
}

// quiet is a listener that cares for lost connections alone.
type quiet struct{ lost *failures }

// Updated ignores an update.
func (quiet) Updated([]byte, int64, []byte) {}

// Acknowledged ignores an acknowledgement.
func (quiet) Acknowledged(uint64, []byte) {}

// Event ignores an event.
func (quiet) Event(string, []byte) {}

// Lost counts.
func (q quiet) Lost(err error) { q.lost.add(fmt.Errorf("connection lost: %w", err)) }

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/load/corsia"
	"corsia/tests/load/measure"
)

const (
	pacers        = 4 // goroutines that send: a socket that does not take a message delays its share alone
	pacerRest     = 300 * time.Microsecond
	leadTime      = 100 * time.Millisecond // before the first message
	drainTimeout  = 20 * time.Second       // without an answer or a delivery, after the last one
	spareMessages = 8
)

// fields are those of a record, in which its authors type in turn.
var fields = []string{"anamnesis", "diagnosis", "therapy"}

// load is one rate test: authors that send at a fixed rate, whatever the server does. Latencies count from the moment
// when a message was due, so that a message that waited to be sent counts as late as it was.
type load struct {
	bench   *bench
	records []*record
	authors []*author
	lost    failures

	// Set before anything is sent: messages due from begin on, before end, are measured.
	begin, end time.Duration

	delivery, acknowledgement, lateness measure.Latency
	elsewhere                           measure.Latency // deliveries from one instance to another
	unsent                              failures        // pacers that gave up
	commits                             commits
	series                              series
}

func (l *load) measured(due time.Duration) bool { return due >= l.begin && due < l.end }

func (l *load) delivered(from, to *author, due, now time.Duration) {
	if !l.measured(due) {
		return
	}
	l.delivery.Add(now - due)
	if from.instance != to.instance {
		l.elsewhere.Add(now - due)
	}
}

func (l *load) acknowledged(due, now time.Duration) {
	if l.measured(due) {
		l.acknowledgement.Add(now - due)
	}
}

// rate sends at a fixed rate and looks for every message at every colleague, in the store, and in its author's
// acknowledgements.
func rate(ctx context.Context, b *bench) error {
	l := &load{bench: b}
	before, err := b.look(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.log, "connecting %d sockets in %d rooms\n", b.settings.Sockets, b.settings.Rooms)
	if err := l.join(ctx); err != nil {
		return err
	}
	clients := make([]*corsia.Client, len(l.authors))
	for i, a := range l.authors {
		clients[i] = a.conn
	}
	stopBeating := b.keepAlive(clients)
	used, deliveries, err := l.send(ctx)
	if err != nil {
		stopBeating()
		return err
	}
	l.drain(ctx)
	resident := b.target.resident()
	l.audit(ctx)
	stopBeating()
	if err := b.leave(ctx, clients); err != nil {
		return err
	}
	l.note(used, deliveries, resident)
	return b.gone(ctx, before)
}

// join connects every socket and lets it join its room.
func (l *load) join(ctx context.Context) error {
	s := l.bench.settings
	if s.Rooms < 1 || s.Rate <= 0 {
		return fmt.Errorf("a rate needs -rooms and -rate")
	}
	for i := range s.Rooms {
		id := l.bench.record(i)
		text, err := json.Marshal(id)
		if err != nil {
			return err
		}
		l.records = append(l.records, &record{id: id, json: text, index: map[uint64]int{}})
	}
	messages := int(s.Rate*(s.Warm+s.Duration).Seconds()) + spareMessages
	for i := range s.Sockets {
		r := l.records[i*s.Rooms/s.Sockets]
		a := &author{load: l, record: r, instance: l.bench.instance(i), field: fields[len(r.authors)%len(fields)], doc: ydoc.New(),
			whole: i*s.Rooms/s.Sockets < s.Replicas, dueAt: make([]atomic.Int64, messages)}
		r.authors = append(r.authors, a)
		l.authors = append(l.authors, a)
	}
	err := each(ctx, len(l.authors), func(ctx context.Context, i int) error {
		return l.authors[i].join(ctx, l.bench, i)
	})
	if err != nil {
		return err
	}
	for _, r := range l.records {
		for i, a := range r.authors {
			r.index[a.client] = i
			a.next = make([]int64, len(r.authors))
		}
	}
	return nil
}

func (a *author) join(ctx context.Context, b *bench, i int) (err error) {
	if a.conn, err = b.connect(ctx, b.token(i), i, a); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	state, err := a.conn.Join(ctx, a.record.id, "editor")
	if err != nil {
		return err
	}
	a.client = state.ClientID
	a.kept = append(a.kept, state.Update)
	return nil
}

// send lets the pacers send until the measured window is over, and returns what was spent in it and delivered.
func (l *load) send(ctx context.Context) (used measure.Usage, deliveries int64, err error) {
	s := l.bench.settings
	start := l.bench.now() + leadTime
	l.begin = start + s.Warm
	l.end = l.begin + s.Duration
	fmt.Fprintf(l.bench.log, "sending %.0f messages a second, %v to warm up and %v measured\n",
		s.Rate*float64(s.Sockets), s.Warm, s.Duration)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(l.authors)) // no room sends in one burst
	var sending sync.WaitGroup
	for p := range min(pacers, len(order)) {
		var mine []*author
		for i := p; i < len(order); i += pacers {
			mine = append(mine, l.authors[order[i]])
		}
		sending.Go(func() {
			if err := l.pace(ctx, mine, start); err != nil {
				l.unsent.add(err)
			}
		})
	}
	defer sending.Wait()
	if err := l.sleepUntil(ctx, l.begin); err != nil {
		return used, 0, err
	}
	if err := l.bench.target.signal(s, startProfile); err != nil {
		return used, 0, err
	}
	first, err := l.bench.look(ctx)
	if err != nil {
		return used, 0, err
	}
	before, got := l.bench.spent(), l.deliveries()
	if err := l.series.watch(ctx, l.bench, first, l.end); err != nil {
		return used, 0, err
	}
	used, deliveries = l.bench.spent().Since(before), l.deliveries()-got
	last, err := l.bench.look(ctx)
	if err != nil {
		return used, 0, err
	}
	l.commits = commits{first, last}
	return used, deliveries, l.bench.target.signal(s, writeProfile)
}

// commits is what the gateway says of its store, at the start and the end of the measured time.
type commits struct{ first, last look }

// note puts the number, the mean duration and the mean size of commits into the result.
func (c commits) note(r *measure.Result, seconds float64) {
	grown := func(name string) float64 { return c.last.metrics[name] - c.first.metrics[name] }
	n := grown("commit_latency_seconds_count")
	if n <= 0 {
		return
	}
	r.Add("commits", n/seconds, "/s")
	r.Add("commit, mean", 1e3*grown("commit_latency_seconds_sum")/n, "ms")
	r.Add("rooms in a commit, mean", grown("commit_batch_size_sum")/n, "")
	r.Add("updates in a commit, mean", grown(`document_operations_total{op="update"}`)/n, "")
}

// pace lets its authors send in turn, each message when it is due.
func (l *load) pace(ctx context.Context, authors []*author, start time.Duration) error {
	interval := float64(time.Second) / (l.bench.settings.Rate * float64(len(authors)))
	for n := 0; ctx.Err() == nil; {
		now := l.bench.now()
		due := start + time.Duration(float64(n)*interval)
		if due >= l.end {
			return nil
		}
		if due > now {
			time.Sleep(min(due-now, pacerRest))
			continue
		}
		if l.measured(due) {
			l.lateness.Add(now - due)
		}
		if err := authors[n%len(authors)].send(due); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		n++
	}
	return nil
}

func (l *load) sleepUntil(ctx context.Context, moment time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(moment - l.bench.now()):
		return nil
	}
}

func (l *load) deliveries() int64 {
	n := int64(0)
	for _, a := range l.authors {
		n += a.got.Load()
	}
	return n
}

// drain waits until everything that was sent has been acknowledged and delivered, as long as something comes.
func (l *load) drain(ctx context.Context) {
	came, last := int64(0), time.Now()
	tick := time.NewTicker(lookInterval / 5)
	defer tick.Stop()
	for {
		want, answers := int64(0), int64(0)
		for _, a := range l.authors {
			answers += a.answered.Load()
			want += a.sent.Load() * int64(len(a.record.authors)) // its answer, and a delivery to each of the others
		}
		now := answers + l.deliveries()
		if now == want || time.Since(last) > drainTimeout {
			return
		}
		if now != came {
			came, last = now, time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

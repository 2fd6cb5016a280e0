package main

import (
	"context"
	"fmt"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/load/corsia"
	"corsia/tests/load/measure"
)

const auditTimeout = 60 * time.Second

// audit joins every record anew and compares what the server has with what was sent, and the replicas with it.
func (l *load) audit(ctx context.Context) {
	r := l.bench.result
	fmt.Fprintln(l.bench.log, "comparing the records with what was sent")
	ctx, cancel := context.WithTimeout(ctx, auditTimeout)
	defer cancel()
	token := l.bench.tokens[len(l.bench.tokens)-1]
	auditor, err := l.bench.connect(ctx, token, 0, quiet{&l.lost})
	if err != nil {
		r.Problem(fmt.Errorf("auditor: %w", err))
		return
	}
	missing, unequal, compared := int64(0), 0, 0
	for _, record := range l.records {
		lacks, doc, err := record.audit(ctx, auditor)
		if err != nil {
			r.Problem(fmt.Errorf("audit: %w", err))
			break
		}
		missing += lacks
		for _, a := range record.authors {
			if !a.whole {
				continue
			}
			compared++
			if !a.equal(doc) {
				unequal++
			}
		}
	}
	r.Problem(auditor.Close())
	r.Equal("messages that the record lacks", float64(missing), 0)
	r.Equal("replicas that differ from the record", float64(unequal), 0)
	r.Add("replicas compared", float64(compared), "")
}

// audit returns how many messages the server's document lacks, and the document.
func (r *record) audit(ctx context.Context, auditor *corsia.Client) (lacks int64, doc *ydoc.Doc, err error) {
	state, err := auditor.Join(ctx, r.id, "viewer")
	if err != nil {
		return 0, nil, err
	}
	if err := auditor.Leave(ctx, r.id); err != nil {
		return 0, nil, err
	}
	if doc, err = ydoc.Load(state.Update); err != nil {
		return 0, nil, err
	}
	sent := int64(0)
	for _, a := range r.authors {
		sent += a.sent.Load()
		lacks += max(0, a.sent.Load()-int64(doc.Clock(ydoc.ClientID(a.client))))
	}
	if want := sent + 1; state.Revision != want { // 1 is the creation
		return lacks, doc, fmt.Errorf("record %s is at revision %d after %d messages: want %d", r.id, state.Revision, sent, want)
	}
	return lacks, doc, nil
}

// equal reports whether the author's replica holds the same texts and the same clocks as the server's document.
func (a *author) equal(doc *ydoc.Doc) bool {
	replica, err := a.replica()
	if err != nil {
		return false
	}
	for _, field := range fields {
		if replica.Text(field) != doc.Text(field) {
			return false
		}
	}
	return string(replica.StateVector()) == string(doc.StateVector())
}

// note puts the figures into the result, when all connections have ended.
func (l *load) note(used measure.Usage, deliveries, resident int64) {
	r := l.bench.result
	sum := tally{}
	sent, answered := int64(0), int64(0)
	for _, a := range l.authors {
		sent += a.sent.Load()
		answered += a.answered.Load()
		sum.add(a.tally)
		sum.lost += a.awaited()
	}
	seconds := used.Elapsed.Seconds()
	r.Add("messages sent", float64(sent), "")
	r.Add("in", float64(l.lateness.Count())/l.bench.settings.Duration.Seconds(), "/s")
	r.Add("deliveries", float64(deliveries)/seconds, "/s")
	r.Equal("deliveries lost", float64(sum.lost), 0)
	r.Equal("delivered twice", float64(sum.twice), 0)
	r.Equal("delivered out of order", float64(sum.disordered), 0)
	r.Equal("messages refused", float64(sum.refused), 0)
	r.Equal("messages without an answer", float64(sent-answered-sum.refused), 0)
	r.Equal("strange messages", float64(sum.strange), 0)
	r.Problem(sum.first)
	l.unsent.note(r, "senders that gave up")
	l.lost.note(r, "connections lost")
	r.AddLatency("delivery", &l.delivery, l.bench.limit())
	if len(l.bench.target.urls) > 1 {
		r.AddLatency("delivery on other instances", &l.elsewhere, 0)
	}
	r.AddLatency("acknowledgement", &l.acknowledgement, 0)
	r.AddLatency("sent too late by", &l.lateness, 0)
	l.commits.note(r, seconds)
	l.series.note(r)
	l.bench.usage(used, deliveries)
	if len(used.Servers) > 0 {
		r.Add("server memory", mib(resident), "MiB")
	}
}

func (t *tally) add(o tally) {
	t.lost += o.lost
	t.twice += o.twice
	t.disordered += o.disordered
	t.refused += o.refused
	t.strange += o.strange
	if t.first == nil {
		t.first = o.first
	}
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

//go:build integration

package phi

import (
	"path/filepath"
	"testing"
	"time"

	"corsia/gateway/app"
	"corsia/shared/audit"
	"corsia/tests/phi/sweep"
	"corsia/tests/testkit"
)

// archiveToday writes the trail up to now into an archive. The command does so only when a day is over.
func archiveToday(t *testing.T, storeURL, into string) {
	t.Helper()
	a, err := app.ArchiveAudit(t.Context(), app.AuditArchiving{Store: storeURL, Archive: "file:" + into, Day: time.Now(), Retention: audit.Forever})
	if err != nil || len(a.Days) != 1 || a.Days[0].Rows == 0 {
		t.Fatalf("archive today's trail: %+v, %v", a, err)
	}
}

func TestMarkedTextIsOnlyWhereTheSpecificationHasIt_T6_W3_A1_G2(t *testing.T) {
	d := start(t)
	d.people()
	d.typing()
	pieces := d.widget()
	d.locking()
	d.refusals()
	d.webhooks()
	d.requests()
	pieces = append(pieces, tables(t, d.cluster.StoreURL)...)
	d.withoutBus()
	d.cancelled()
	d.withoutStore()
	testkit.Eventually(t, patience, "compacted and cached state", func() bool { return len(d.cluster.Keys(t).Keys(t.Context(), "resource:*:state").Val()) > 0 })
	pieces = append(pieces, keys(t, d.cluster.Keys(t))...)
	d.notes.add("frames/room", d.crowd.must("dora", "heard", nil).Heard)
	d.notes.add("frames/elsewhere", d.crowd.must("stranger", "heard", nil).Heard)
	d.withoutState()
	pieces = append(pieces, keys(t, d.cluster.Keys(t))...)
	pieces = append(pieces, figures(t, d.cluster)...)
	d.stop()
	pieces = append(pieces, d.traces()...)
	judge(t, d.set, allowed, pieces)
}

// traces is what is left when the gateways have stopped.
func (d *drive) traces() []sweep.Piece {
	d.t.Helper()
	pieces := append(outputs(d.cluster), d.notes.all()...)
	pieces = append(pieces, d.tap.all()...)
	pieces = append(pieces, tables(d.t, d.cluster.StoreURL)...)
	pieces = append(pieces, d.exports()...)
	for _, i := range d.cluster.Instances {
		pieces = append(pieces, folder(d.t, "files/"+i.ID, i.Dir)...)
	}
	return append(pieces, sweep.Piece{Place: "postgres log", Data: []byte(d.cluster.Services.Postgres.Log())},
		sweep.Piece{Place: "rabbitmq log", Data: []byte(d.cluster.Services.RabbitMQ.Log())})
}

// judge searches the pieces and reports every leak, and every rule that allows what was not found.
func judge(t *testing.T, set *sweep.Set, rules []sweep.Rule, pieces []sweep.Piece) {
	t.Helper()
	bytes, count := 0, map[string]int{}
	for _, p := range pieces {
		bytes += len(p.Data)
		place, _, _ := cut(p.Place)
		count[place]++
	}
	findings := set.Finder().Search(pieces)
	leaks, idle := sweep.Judge(rules, findings)
	t.Logf("%d markers, %d pieces of %d bytes, %d findings: %v", len(set.All()), len(pieces), bytes, len(findings), count)
	for _, leak := range leaks {
		t.Errorf("leak: %v", leak)
	}
	for _, rule := range idle {
		t.Errorf("the sweep finds less than it should: %s", rule)
	}
}

func cut(place string) (before, after string, found bool) {
	dir := filepath.Dir(place)
	return dir, filepath.Base(place), dir != "."
}

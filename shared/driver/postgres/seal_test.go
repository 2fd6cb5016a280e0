//go:build integration

package postgres

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
)

// TestNobodyDiscardsWhatIsNotInTheChain calls the function that deletes for the gateway as the gateway's role may (T3).
func TestNobodyDiscardsWhatIsNotInTheChain(t *testing.T) {
	db := openOnce(t)
	row := collab.AuditRow{EventID: "e1", Tenant: "default", Body: []byte("{}"), RecordedAt: time.Now()}
	if err := db.Record(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	discard := func(want int64) {
		t.Helper()
		var n int64
		err := db.pool.QueryRow(t.Context(), "SELECT discard_sealed(ARRAY(SELECT position FROM audit_pending))").Scan(&n)
		if err != nil || n != want {
			t.Fatalf("%d rows were discarded, want %d: %v", n, want, err)
		}
	}
	discard(0)
	if _, err := db.pool.Exec(t.Context(), `CREATE TEMPORARY TABLE audit_log (event_id text, shard smallint, body bytea);
		INSERT INTO pg_temp.audit_log VALUES ('e1', 0, '{}')`); err != nil {
		t.Fatal(err)
	}
	discard(0) // a table of that name that the caller has made is not looked at
	db.pool.Reset()
	if n, err := db.SealAudit(t.Context(), 10, audit.Link); err != nil || n != 1 {
		t.Fatalf("%d rows were chained, %v", n, err)
	}
	changed := row
	changed.Body = []byte(`{"a":1}`)
	if err := db.Record(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if n, err := db.SealAudit(t.Context(), 10, audit.Link); err != nil || n != 0 {
		t.Fatalf("%d rows of an id that is in the chain were chained, %v", n, err)
	}
	discard(0) // its body is another: it is kept, and the verifier tells
}

// TestAnAuditorWhoMayOnlyReadCanVerify opens the trail as a role that has no other right (T4).
func TestAnAuditorWhoMayOnlyReadCanVerify(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	db := openTest(t, address, Options{})
	recorder := audit.NewRecorder("i_1", slog.New(slog.DiscardHandler))
	for range 5 {
		if err := db.Record(t.Context(), recorder.Row(audit.Event{Type: audit.UserConnected, Tenant: "default"})); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := db.SealAudit(t.Context(), 10, audit.Link); err != nil || n != 5 {
		t.Fatalf("%d rows were chained, %v", n, err)
	}
	owner(t, address, "CREATE ROLE auditor LOGIN",
		"GRANT SELECT ON audit_log, audit_pending, audit_floors, audit_epochs, audit_checkpoints TO auditor")
	trail, err := OpenTrail(t.Context(), with(t, address, url.User("auditor")))
	if err != nil {
		t.Fatal(err)
	}
	defer trail.Close()
	verify := func(trust audit.Trust) {
		t.Helper()
		report, err := audit.VerifyStore(t.Context(), trail, nil, trust)
		if err != nil || report.Rows != 5 || report.Status() != audit.Incomplete { // nothing is signed yet
			t.Fatalf("%+v, %v", report, err)
		}
	}
	verify(audit.Trust{Now: time.Now(), Chains: true}) // without reading what was written
	if _, err := audit.VerifyStore(t.Context(), trail, nil, audit.Trust{Now: time.Now()}); err == nil {
		t.Fatal("journals were read without a right to")
	}
	owner(t, address, "GRANT SELECT ON yjs_heads, yjs_updates TO auditor")
	verify(audit.Trust{Now: time.Now()})
}

// BenchmarkSeal chains events that are pending in a server that writes to its disk: make bench BENCH=Seal.
func BenchmarkSeal(b *testing.B) {
	ctx := context.Background()
	server := pgtest.Start(b, "fsync=on", "max_wal_size=4GB")
	db := openTest(b, server.Database(b), Options{}).DB
	recorder := audit.NewRecorder("i_1", slog.New(slog.NewTextHandler(io.Discard, nil)))
	sealer := audit.NewSealer(db, slog.New(slog.DiscardHandler), time.Now)
	var own, servers time.Duration
	sealed := 0
	for b.Loop() {
		b.StopTimer()
		for range 5 { // 20,000 events, as an instance records them
			rows := make([]collab.AuditRow, 4000)
			for i := range rows {
				rows[i] = recorder.Row(audit.Event{Type: audit.DocumentUpdated, Tenant: "default", Actor: "usr_001", Role: "surgeon",
					Session: "s_abcdefghijklmnopqrstuv", Address: "10.0.12.7", Resource: collab.ResourceID(fmt.Sprintf("page:/patient/%05d", i%500)),
					Fields: []collab.Field{"id-dosage"}, RevisionFrom: int64(i + 2), RevisionTo: int64(i + 9)})
			}
			if err := db.Record(ctx, rows...); err != nil {
				b.Fatal(err)
			}
			sealed += len(rows)
		}
		cpu, serverCPU := cpuTime(b), server.CPU()
		b.StartTimer()
		if err := sealer.Seal(ctx); err != nil {
			b.Fatal(err)
		}
		own, servers = own+cpuTime(b)-cpu, servers+server.CPU()-serverCPU
	}
	b.ReportMetric(float64(sealed)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(own.Microseconds())/float64(sealed), "cpu-us/event")
	b.ReportMetric(float64(servers.Microseconds())/float64(sealed), "server-cpu-us/event")
	if count, _, err := db.PendingAudit(ctx); err != nil || count != 0 {
		b.Fatalf("%d events are pending, %v", count, err)
	}
}

// BenchmarkCover makes the events of 20,000 rows of 500 journals, by eight sessions each: make bench BENCH=Cover.
func BenchmarkCover(b *testing.B) {
	const documents, rows = 500, 40
	ctx := context.Background()
	server := pgtest.Start(b, "fsync=on", "max_wal_size=4GB")
	db := openTest(b, server.Database(b), Options{}).DB
	log := slog.New(slog.DiscardHandler)
	coverer := audit.NewCoverer(db, audit.NewRecorder("i_1", log), log, time.Now)
	for i := range documents {
		if _, err := db.Join(ctx, benchJoin(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := coverer.Finish(ctx); err != nil {
		b.Fatal(err)
	}
	var own, servers time.Duration
	covered, revision := 0, int64(1)
	done := make(chan collab.Committed, documents)
	for b.Loop() {
		b.StopTimer()
		for i := range documents {
			batch := collab.Batch{Resource: benchJoin(i).Resource, Expect: collab.Head{Revision: revision}}
			for k := range int64(rows) {
				batch.Entries = append(batch.Entries, collab.Entry{Revision: revision + 1 + k, Update: make([]byte, 40), User: "usr_001",
					Session: collab.SessionID(fmt.Sprintf("s_%d", k%8)), Clients: []collab.ClientID{1}, Fields: []collab.Field{"content"}, At: time.Now()})
			}
			db.Append(batch, done)
		}
		for range documents {
			if c := <-done; c.Err != nil {
				b.Fatal(c.Err)
			}
		}
		covered, revision = covered+documents*rows, revision+rows
		serverCPU := server.CPU() // which takes time itself
		cpu := cpuTime(b)
		b.StartTimer()
		if err := coverer.Finish(ctx); err != nil {
			b.Fatal(err)
		}
		own, servers = own+cpuTime(b)-cpu, servers+server.CPU()-serverCPU
	}
	count, _, err := db.PendingAudit(ctx)
	if err != nil || count == 0 {
		b.Fatalf("%d events are pending, %v", count, err)
	}
	b.ReportMetric(float64(covered)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(own.Microseconds())/float64(covered), "cpu-us/row")
	b.ReportMetric(float64(servers.Microseconds())/float64(covered), "server-cpu-us/row")
}

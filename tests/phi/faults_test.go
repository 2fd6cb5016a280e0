//go:build integration

package phi

import (
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/tests/testkit"
)

// each does something to one way of every instance.
func (d *drive) each(way func(*testkit.Instance) *testkit.Proxy, do func(*testkit.Proxy)) {
	for _, i := range d.cluster.Instances {
		do(way(i))
	}
}

// mended waits until all instances say that nothing is away.
func (d *drive) mended() {
	d.t.Helper()
	for _, i := range d.cluster.Instances {
		testkit.Eventually(d.t, patience, "health of "+i.ID, func() bool {
			status, header, body := i.HTTP(d.t, http.MethodGet, "/health", "", nil)
			d.notes.add("figures/health", header, string(body))
			return status == http.StatusOK && string(body[:len(`{"status":"healthy"`)]) == `{"status":"healthy"`
		})
	}
}

// withoutStore loses the answers of PostgreSQL in the middle of commits, and then the server (F4).
func (d *drive) withoutStore() {
	d.t.Helper()
	postgres := func(i *testkit.Instance) *testkit.Proxy { return i.Postgres }
	dirk := join(d.t, d.connect(0, "usr_dirk"), d.resource, "editor", "")
	eva := d.connect(1, "usr_eva", fields{"permissions": []any{fields{"resource": "*", "mode": "editor"}, "break_glass"}})
	d.each(postgres, func(p *testkit.Proxy) { p.Drop(testkit.ToClient) })
	answers := []func() fields{
		dirk.Attempt("Y_UPDATE", dirk.about(fields{"update": dirk.insert("id-away", d.rich(text, "text while the store is away"))})),
		dirk.Attempt("SEED", dirk.about(fields{"values": fields{"id-away-seeded": d.rich(text, "a seed while the store is away")}})),
		dirk.Attempt("LOCK_ACQUIRE", dirk.about(fields{"field": "id-away"})),
		eva.Attempt("LOCK_BREAK", fields{"resourceId": d.resource, "field": "id-notes", "code": "BTG", "reason": d.rich(reason, "a reason while the store is away")}),
		eva.Attempt("JOIN_RESOURCE", fields{"resourceId": "page:/chart/away", "mode": "editor", "resourceType": d.rich(typed, "a type while the store is away")}),
	}
	body := d.jsonBody(d.rich(data, "a webhook while the store is away"))
	var first sync.WaitGroup
	first.Go(func() { d.want(http.StatusServiceUnavailable, d.post(d.at(2), d.senders[1], "application/json", body)) })
	time.Sleep(time.Second)                                 // then it is on its way, and so are the statements above
	d.post(d.at(2), d.senders[1], "application/json", body) // 409, the id is that of the first, or 503
	first.Wait()
	d.at(2).Dial(d.t, testkit.Options{Token: d.plain("a token while the store is away")})
	d.cluster.Services.Postgres.Kill()
	d.cluster.Services.Postgres.Restart(d.t)
	d.each(postgres, func(p *testkit.Proxy) { p.Restore(d.t) })
	d.mended()
	for _, answer := range answers {
		d.note("answers/away", answer())
	}
}

// cancelled has the store refuse statements that are under way, with their values: the server logs each of them.
func (d *drive) cancelled() {
	d.t.Helper()
	ctx := d.t.Context()
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(ctx, d.cluster.StoreURL)
		if err != nil {
			d.t.Fatal(err)
		}
		return conn
	}
	holder, other := connect(), connect()
	defer holder.Close(ctx)
	defer other.Close(ctx)
	leo := join(d.t, d.connect(0, "usr_leo"), d.resource, "editor", "")
	if _, err := holder.Exec(ctx, "BEGIN; LOCK TABLE yjs_updates, yjs_seeds, locks, webhook_inbox, audit_pending IN ACCESS EXCLUSIVE MODE"); err != nil {
		d.t.Fatal(err)
	}
	answers := []func() fields{
		leo.Attempt("Y_UPDATE", leo.about(fields{"update": leo.insert("id-cancelled", d.rich(text, "text in a statement that is cancelled"))})),
		leo.Attempt("SEED", leo.about(fields{"values": fields{"id-cancelled-seed": d.rich(text, "a seed in a statement that is cancelled")}})),
		leo.Attempt("LOCK_ACQUIRE", leo.about(fields{"field": "id-cancelled"})),
	}
	var sent sync.WaitGroup
	sent.Go(func() {
		d.post(d.at(1), d.senders[0], "application/json", d.jsonBody(d.rich(data, "a webhook in a statement that is cancelled")))
	})
	cancelled := 0
	testkit.Eventually(d.t, patience, "statement that waits and is cancelled", func() bool {
		n := 0
		err := other.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_cancel_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ '(yjs_updates|webhook_inbox)'`).Scan(&n)
		if err != nil {
			d.t.Fatal(err)
		}
		cancelled += n
		return cancelled >= 2
	})
	if _, err := holder.Exec(ctx, "ROLLBACK"); err != nil {
		d.t.Fatal(err)
	}
	sent.Wait()
	d.mended()
	for _, answer := range answers {
		d.note("answers/away", answer())
	}
	if !strings.Contains(d.cluster.Services.Postgres.Log(), "STATEMENT:") {
		d.t.Error("PostgreSQL has logged no statement: there is nothing to search")
	}
}

// withoutBus loses RabbitMQ (F3).
func (d *drive) withoutBus() {
	d.t.Helper()
	bus := func(i *testkit.Instance) *testkit.Proxy { return i.RabbitMQ }
	gil := join(d.t, d.connect(1, "usr_gil"), d.resource, "editor", "")
	d.each(bus, (*testkit.Proxy).Cut)
	gil.write("id-nobus", d.rich(text, "text while the bus is away"))
	gil.OK("AWARENESS", gil.about(fields{"state": fields{"at": d.rich(awareness, "awareness while the bus is away")}}))
	d.want(http.StatusAccepted, d.post(d.at(0), d.senders[0], "application/json", d.jsonBody(d.rich(data, "a webhook while the bus is away"))))
	d.each(bus, func(p *testkit.Proxy) { p.Restore(d.t) })
	d.mended()
}

// withoutState loses Redis for longer than REDIS_GRACE (F1, F2).
func (d *drive) withoutState() {
	d.t.Helper()
	state := func(i *testkit.Instance) *testkit.Proxy { return i.Redis }
	hans := join(d.t, d.connect(2, "usr_hans"), d.resource, "editor", "")
	d.each(state, (*testkit.Proxy).Cut)
	answers := []func() fields{
		hans.Attempt("Y_UPDATE", hans.about(fields{"update": hans.insert("id-nostate", d.rich(text, "text while Redis is away"))})),
		hans.Attempt("LOCK_ACQUIRE", hans.about(fields{"field": "id-nostate"})),
		hans.Attempt("JOIN_RESOURCE", fields{"resourceId": "page:/chart/nostate", "mode": "editor", "resourceType": d.rich(typed, "a type while Redis is away")}),
	}
	d.note("answers/socket", d.at(0).Refused(d.t, testkit.Options{Token: d.token("usr_ida"), Auth: fields{"patient": d.plain("a field of CONNECT while Redis is away")}}))
	for _, answer := range answers {
		d.note("answers/away", answer())
	}
	d.each(state, func(p *testkit.Proxy) { p.Restore(d.t) })
	d.mended()
}

// stop ends the gateways in an orderly way: everything is flushed.
func (d *drive) stop() {
	d.t.Helper()
	for _, i := range d.cluster.Instances {
		i.Signal(d.t, syscall.SIGTERM)
	}
	for _, i := range d.cluster.Instances {
		if status := i.Wait(d.t); status != 0 {
			d.t.Errorf("%s ended with status %d", i.ID, status)
		}
	}
}

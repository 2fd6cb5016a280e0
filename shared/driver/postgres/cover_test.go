//go:build integration

package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
)

// nothing covers no row.
func nothing([]collab.JournalLine, bool) ([]collab.AuditRow, int) { return nil, 0 }

// Events whose commit was not answered go to the log when it is known that they are recorded (T2: every row goes there).
func TestT2EventsOfAnUnknownOutcomeAreToldWhenTheyAreThere(t *testing.T) {
	var told []collab.AuditRow
	db := openTest(t, pgtest.Database(t), Options{OnAudit: func(rows []collab.AuditRow) { told = append(told, rows...) }})
	there := collab.AuditRow{EventID: "e_there", Tenant: "default", Body: []byte("{}"), RecordedAt: time.Now()}
	if err := db.Record(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	told = nil
	db.noted.doubt([]collab.AuditRow{there, {EventID: "e_lost"}})
	for range 2 {
		if _, err := db.CoverJournal(t.Context(), time.Now(), nothing); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 1 || told[0].EventID != "e_there" {
		t.Fatalf("told were %+v", told)
	}
}

// A store that refuses what is inserted, as a full disk does, is asked again and again: nothing is gathered meanwhile.
func TestT2WhatARefusingStoreHasUndoneIsNotInDoubt(t *testing.T) {
	address := pgtest.Database(t)
	told := 0
	db := openTest(t, address, Options{OnAudit: func(rows []collab.AuditRow) { told += len(rows) }})
	r := created(t, db.DB, "page:/1")
	if c := appendOne(db.DB, batch(r, 1)); c.Err != nil {
		t.Fatal(c.Err)
	}
	exec := func(sql string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE FUNCTION refuse_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
		CREATE TRIGGER refuse_all BEFORE INSERT ON audit_pending FOR EACH STATEMENT EXECUTE FUNCTION refuse_all()`)
	cover := func() error {
		_, err := db.CoverJournal(t.Context(), time.Now().Add(time.Hour), func(lines []collab.JournalLine, _ bool) ([]collab.AuditRow, int) {
			return []collab.AuditRow{{EventID: "e_" + time.Now().String(), Tenant: "default", Body: []byte("{}"), RecordedAt: time.Now()}}, len(lines)
		})
		return err
	}
	for range 3 {
		if cover() == nil {
			t.Fatal("it is covered")
		}
	}
	if rows := db.noted.doubted(); len(rows) > 0 {
		t.Fatalf("%d rows are in doubt", len(rows))
	}
	exec("DROP TRIGGER refuse_all ON audit_pending")
	told = 0
	if err := cover(); err != nil || told != 1 {
		t.Fatalf("afterwards: %v, %d told", err, told)
	}
}

// Of several instances one looks at all heads, unless it has just started.
func TestT2InstancesTakeTurnsToLookForWhatIsNotCovered(t *testing.T) {
	address := pgtest.Database(t)
	a, b := openTest(t, address, Options{}), openTest(t, address, Options{})
	r := created(t, a.DB, "page:/1")
	if c := appendOne(a.DB, batch(r, 1)); c.Err != nil {
		t.Fatal(c.Err)
	}
	look := func(db *DB, must bool, want int) {
		t.Helper()
		if _, err := db.FindUncovered(t.Context(), must); err != nil {
			t.Fatal(err)
		}
		if noted := maxNoted - db.noted.room(); noted != want {
			t.Errorf("%d resources are noted, want %d", noted, want)
		}
	}
	look(a.DB, false, 1)
	look(b.DB, false, 0) // a has just looked
	look(b.DB, true, 1)
}

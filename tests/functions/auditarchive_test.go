//go:build integration

package functions

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"corsia/gateway/app"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/drivertest/s3test"
	"corsia/shared/driver/postgres"
	s3driver "corsia/shared/driver/s3"
	"corsia/tests/testkit"
)

// past is a trail of some days, all of them over, in a database and a bucket of its own.
type past struct {
	owner, storeURL string // the latter's role is the archiver's
	archiveURL      string
	bucket          *s3test.Server
	public          string // half of the key that signs checkpoints
	rows            int64
}

const (
	rowsOfADay  = 40
	pastDays    = 6
	daysRemoved = 3 // after 72 hours
	midnight    = `{"version":"0","detail-type":"Scheduled Event","source":"aws.events","time":"2026-03-01T00:10:00Z","detail":{}}`
)

// newPast records, seals and signs what happened on the days before today, as gateways did.
func newPast(t *testing.T) *past {
	t.Helper()
	database := pgtest.Start(t)
	p := &past{owner: database.Database(t), bucket: s3test.Start(t)}
	p.archiveURL = p.bucket.URL(t)
	store, err := postgres.Open(t.Context(), p.owner, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, statement := range []string{"CREATE ROLE archiver LOGIN", "CREATE ROLE gateway LOGIN", "SELECT grant_archiver('archiver')", "SELECT grant_application('gateway')"} {
		p.exec(t, statement)
	}
	p.storeURL = p.as(t, "archiver")
	objects, err := s3driver.Open(t.Context(), p.archiveURL)
	if err != nil {
		t.Fatal(err)
	}
	private, public, err := audit.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	p.public = public
	log := slog.New(slog.DiscardHandler)
	recorder, sealer := audit.NewRecorder("i_1", log), audit.NewSealer(store, log, time.Now)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	// Of those that vouch for rows of a journal there are none: nothing was typed.
	types := slices.DeleteFunc(slices.Clone(audit.Types), func(kind audit.Type) bool { return kind == audit.DocumentUpdated })
	for day := range pastDays {
		at := today.AddDate(0, 0, day-pastDays).Add(9 * time.Hour)
		var rows []collab.AuditRow
		for n := range rowsOfADay {
			rows = append(rows, recorder.Row(audit.Event{Type: types[n%len(types)], Tenant: "default", Actor: "usr_001",
				Resource: collab.ResourceID(fmt.Sprint("page:/patient/", n)), RecordedAt: at.Add(time.Duration(n) * time.Minute)}))
		}
		if err := store.Record(t.Context(), rows...); err != nil {
			t.Fatal(err)
		}
		p.rows += rowsOfADay
		if err := sealer.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		evening := func() time.Time { return at.Add(14 * time.Hour) }
		if err := audit.NewNotary(store, objects, signer, log, evening).Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *past) as(t *testing.T, role string) string {
	t.Helper()
	u, err := url.Parse(p.owner)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	return u.String()
}

func (p *past) exec(t *testing.T, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// left returns how many rows the database has.
func (p *past) left(t *testing.T) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM audit_log").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *past) archiver(t *testing.T, more ...string) *testkit.Function {
	t.Helper()
	env := append([]string{"STORE_URL=" + p.storeURL, "ARCHIVE_URL=" + p.archiveURL, "AUDIT_RETENTION=72h"}, p.bucket.Environ()...)
	return testkit.StartFunction(t, "auditarchive", append(env, more...)...)
}

// wantIntact verifies database and bucket together, and the bucket alone, as `corsia audit verify` does.
func (p *past) wantIntact(t *testing.T) {
	t.Helper()
	for _, alone := range []bool{false, true} {
		report, err := app.VerifyAudit(t.Context(), app.AuditSource{Store: p.owner, Archive: p.archiveURL, ArchiveAlone: alone, PublicKeys: p.public})
		if err != nil {
			t.Fatal(err)
		}
		if report.Status() != audit.Intact && !(alone && strings.Contains(fmt.Sprint(report.Problems), "are missing")) || !alone && report.Rows != p.rows {
			t.Fatalf("archive alone: %v: %d rows of %d are %s: %v", alone, report.Rows, p.rows, report.Status(), report.Problems)
		}
	}
}

func archivedBy(t *testing.T, v *testkit.Invocation) (done audit.Archived) {
	t.Helper()
	if err := json.Unmarshal(v.Response, &done); err != nil || v.ErrorType != "" {
		t.Fatalf("the function answers %q, %s %s", v.Response, v.ErrorType, v.Error)
	}
	return done
}

func TestT5TheTrailMovesIntoALockedBucket(t *testing.T) {
	p := newPast(t)
	p.wantIntact(t)
	f := p.archiver(t)
	v := f.Invoke(t, []byte(midnight))
	done := archivedBy(t, v)
	if len(done.Days) != pastDays || !done.Complete || done.Removed != daysRemoved*rowsOfADay || p.left(t) != p.rows-done.Removed {
		t.Fatalf("%+v, and %d rows are left", done, p.left(t))
	}
	t.Logf("%d days, %d rows: cold start %v, work %v", len(done.Days), p.rows, f.ColdStart(), v.Took)
	p.wantIntact(t)
	bucket, _, _ := strings.Cut(strings.TrimPrefix(p.archiveURL, "s3://"), "?")
	for _, day := range done.Days {
		object, err := p.bucket.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &day.Object})
		if err != nil || object.ObjectLockMode != types.ObjectLockModeCompliance || time.Until(aws.ToTime(object.ObjectLockRetainUntilDate)) < 9*365*24*time.Hour {
			t.Fatalf("%s is not locked for ten years: %+v, %v", day.Object, object, err)
		}
		if _, err := p.bucket.Client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &day.Object, VersionId: object.VersionId}); err == nil {
			t.Fatalf("%s was deleted", day.Object)
		}
	}
	again := archivedBy(t, f.Invoke(t, []byte(midnight))) // EventBridge repeats itself
	if len(again.Days) != 0 || again.Removed != 0 || !again.Complete || again.Through != done.Through {
		t.Fatalf("again: %+v", again)
	}
	for _, line := range f.Log() {
		if text := fmt.Sprint(line); strings.Contains(text, "usr_001") || strings.Contains(text, "patient") {
			t.Fatalf("the log has what is in the trail: %s", text)
		}
	}
}

func TestT5TwoFunctionsAtOnceDoTheWorkOnce(t *testing.T) {
	p := newPast(t)
	functions := []*testkit.Function{p.archiver(t), p.archiver(t), p.archiver(t)}
	var outcomes []func() *testkit.Invocation
	for _, f := range functions {
		outcomes = append(outcomes, f.Send(t, []byte(midnight), 0))
	}
	days, removed := 0, int64(0)
	for _, outcome := range outcomes {
		done := archivedBy(t, outcome())
		days, removed = days+len(done.Days), removed+done.Removed
		if !done.Busy && !done.Complete {
			t.Errorf("%+v", done)
		}
	}
	if days != pastDays || removed != daysRemoved*rowsOfADay {
		t.Fatalf("%d days, and %d rows have left", days, removed)
	}
	p.wantIntact(t)
}

func TestT5AFunctionThatIsKilledAgainAndAgainComesToItsEnd(t *testing.T) {
	p := newPast(t)
	f := p.archiver(t)
	f.ExpectError("function: the work failed") // in so short a time
	kills := 0
	for timeout := 10 * time.Millisecond; ; timeout += timeout / 2 {
		v := f.Send(t, []byte(midnight), timeout)()
		p.wantIntact(t)
		if left := p.left(t); left < p.rows-daysRemoved*rowsOfADay {
			t.Fatalf("%d rows are left", left)
		}
		if v.ErrorType == "" && archivedBy(t, v).Complete {
			break
		}
		if kills++; timeout > time.Minute {
			t.Fatalf("it does not come to its end: %s", v.Error)
		}
	}
	if p.left(t) != p.rows-daysRemoved*rowsOfADay {
		t.Fatalf("%d rows are left", p.left(t))
	}
	t.Logf("after %d times that it had too little time", kills)
}

func TestT5NothingLeavesTheDatabaseWhenTheArchiveFailsOrTheRoleMayNot(t *testing.T) {
	p := newPast(t)
	f := p.archiver(t)
	f.ExpectError("function: the work failed")
	p.bucket.Kill()
	if v := f.Invoke(t, []byte(midnight)); v.ErrorType == "" || p.left(t) != p.rows {
		t.Fatalf("without an archive: %s, and %d rows are left", v.Response, p.left(t))
	}
	p.bucket.Restart(t)
	p.wantIntact(t)
	gateway := p.archiver(t, "STORE_URL="+p.as(t, "gateway"))
	gateway.ExpectError("function: the work failed")
	if v := gateway.Invoke(t, []byte(midnight)); v.ErrorType == "" || p.left(t) != p.rows {
		t.Fatalf("with the gateway's role: %s, and %d rows are left", v.Response, p.left(t))
	}
	p.wantIntact(t)
	if done := archivedBy(t, f.Invoke(t, []byte(midnight))); !done.Complete || done.Removed != daysRemoved*rowsOfADay { // its role may
		t.Fatalf("%+v", done)
	}
	p.wantIntact(t)
}

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

// LockArchive and RemoveArchived do what the drivers' suite asks of stores.
func (m *memory) LockArchive(context.Context) (func(), bool, error) {
	if m.locked {
		return nil, false, m.err
	}
	m.locked = true
	return func() { m.locked = false }, true, m.err
}

func (m *memory) RemoveArchived(_ context.Context, shard int, head collab.AuditHead) (int64, error) {
	if m.floors[shard] == head {
		return 0, m.err
	}
	rows := m.rows[shard]
	at := slices.IndexFunc(rows, func(r collab.SealedRow) bool { return r.Seq == head.Seq && r.Chain == head.Chain })
	if at < 0 {
		return 0, errors.New("there is no such row")
	}
	m.floors[shard], m.rows[shard] = head, rows[at+1:]
	return int64(at + 1), m.err
}

const retained = 72 * time.Hour

func (i *installation) archiver() *Archiver {
	return NewArchiver(ArchiverOptions{Store: i.store, Objects: i.archive, Retention: retained, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return i.time }})
}

// days lives some days: of each, rows are sealed and signed.
func (i *installation) days(t *testing.T, n int) {
	t.Helper()
	for range n {
		i.record(30)
		i.seal(t)
		i.time = i.time.Truncate(oneDay).Add(oneDay + 4*time.Hour)
	}
}

// run runs an archiver, which must succeed.
func (i *installation) run(t *testing.T, a *Archiver) Archived {
	t.Helper()
	r, err := a.Run(t.Context())
	if err != nil || !r.Complete || r.Busy || r.Waiting != 0 {
		t.Fatalf("run: %+v, %v", r, err)
	}
	return r
}

func (m *memory) count() (n int) {
	for _, rows := range m.rows {
		n += len(rows)
	}
	return n
}

func (i *installation) wantWhole(t *testing.T, rows int64) {
	t.Helper()
	report := i.verify(t)
	wantStatus(t, report, Intact)
	if report.Rows != rows {
		t.Fatalf("%d rows in store and archive, want %d", report.Rows, rows)
	}
	wantStatus(t, verdict(t, i, true), Intact)
}

func TestT5EveryDayIsArchivedWhenItIsOverAndOnce(t *testing.T) {
	i := newInstallation(t)
	if r := i.run(t, i.archiver()); len(r.Days) != 0 || r.Through != "" {
		t.Fatalf("of a store without rows: %+v", r)
	}
	i.record(30)
	i.seal(t)
	if r := i.run(t, i.archiver()); len(r.Days) != 0 {
		t.Fatalf("the day is not over, and is archived: %+v", r)
	}
	i.time = i.time.Truncate(oneDay).Add(oneDay) // midnight
	for _, want := range []string{"2031-02-03", "2031-02-04"} {
		r := i.run(t, i.archiver())
		if len(r.Days) != 1 || r.Days[0].Day != want || r.Days[0].Rows != 30 || r.Through != want || r.Removed != 0 {
			t.Fatalf("want %s: %+v", want, r)
		}
		before := len(i.archive)
		if r := i.run(t, i.archiver()); len(r.Days) != 0 || r.Through != want || len(i.archive) != before {
			t.Fatalf("run again: %+v", r)
		}
		i.days(t, 1)
	}
	i.wantWhole(t, 90)
}

func TestT5DaysThatWereMissedAreCaughtUpWithOneByOne(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 2)
	i.time = i.time.Add(2 * oneDay) // nothing happened
	i.days(t, 1)
	r := i.run(t, i.archiver())
	var got []string
	for _, day := range r.Days {
		got = append(got, fmt.Sprintf("%s %d", day.Day, day.Rows))
	}
	if want := []string{"2031-02-03 30", "2031-02-04 30", "2031-02-05 0", "2031-02-06 0", "2031-02-07 30"}; !slices.Equal(got, want) {
		t.Fatalf("days %q, want %q", got, want)
	}
	i.wantWhole(t, 90)
}

func TestT5RowsLeaveTheStoreWhenTheyAreOlderThanTheRetention(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 3)
	if r := i.run(t, i.archiver()); r.Removed != 0 {
		t.Fatalf("removed too early: %+v", r)
	}
	i.days(t, 2) // the first two days are older than three days now
	if r := i.run(t, i.archiver()); r.Removed != 60 || i.store.count() != 90 {
		t.Fatalf("%d rows stay: %+v", i.store.count(), r)
	}
	i.wantWhole(t, 150)
	if r := i.run(t, i.archiver()); r.Removed != 0 {
		t.Fatalf("removed again: %+v", r)
	}
	i.days(t, 6) // shards without rows, and new ones after them
	i.run(t, i.archiver())
	i.wantWhole(t, 330)
	i.time = i.time.Add(10 * oneDay)
	i.run(t, i.archiver())
	if i.store.count() != 0 {
		t.Fatalf("%d rows stay", i.store.count())
	}
	i.record(20)
	i.seal(t)
	i.wantWhole(t, 350)
	report, err := VerifyStore(t.Context(), i.store, nil, i.trust())
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Incomplete, "which was not given")
}

func TestT5ForeverKeepsAllRowsInTheStore(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 9)
	a := i.archiver()
	a.o.Retention = Forever
	if r := i.run(t, a); r.Removed != 0 || len(r.Days) != 9 {
		t.Fatalf("%+v", r)
	}
}

// faulty is an archive in which something goes wrong.
type faulty struct {
	objects
	put    func([]byte) []byte // changes what is put
	create func() error        // before a manifest is created
}

func (f *faulty) Put(ctx context.Context, key string, content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if f.put != nil {
		text = f.put(text)
	}
	return f.objects.Put(ctx, key, bytes.NewReader(text))
}

func (f *faulty) Create(ctx context.Context, key string, content io.Reader) error {
	if f.create != nil {
		if err := f.create(); err != nil {
			return err
		}
	}
	return f.objects.Create(ctx, key, content)
}

func TestT5AnObjectThatIsReadBackWrongHasNoManifest(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"a flipped bit": func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, "a part": func(b []byte) []byte { return b[:len(b)-9] },
		"nothing": func([]byte) []byte { return nil }, "more": func(b []byte) []byte { return append(b, 'x') },
	} {
		i := newInstallation(t)
		i.days(t, 9)
		a := i.archiver()
		a.o.Objects = &faulty{objects: i.archive, put: change}
		r, err := a.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "read back") || len(r.Days) != 0 || r.Removed != 0 || r.Complete || r.Waiting != 9 {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		if i.store.count() != 270 {
			t.Fatalf("%s: %d rows stay", name, i.store.count())
		}
		i.run(t, i.archiver())
		i.wantWhole(t, 270)
	}
}

func TestT5ACrashBetweenTheObjectAndItsManifestLosesNothing(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 9)
	a := i.archiver()
	crashed := errors.New("the process was killed")
	a.o.Objects = &faulty{objects: i.archive, create: func() error { return crashed }}
	if _, err := a.Run(t.Context()); !errors.Is(err, crashed) {
		t.Fatal(err)
	}
	if len(i.archive) != 9+1 { // nine checkpoints
		t.Fatalf("the archive has %d objects", len(i.archive))
	}
	if i.store.count() != 270 {
		t.Fatalf("%d rows stay", i.store.count())
	}
	wantStatus(t, verdict(t, i, false), Intact)
	i.store.pending = nil
	i.run(t, i.archiver())
	i.wantWhole(t, 270)
}

func TestT5NothingLeavesTheStoreThatTheArchiveHasNot(t *testing.T) {
	days := func(i *installation) (names []string) {
		all, _ := i.archive.List(t.Context(), daysPrefix)
		return slices.DeleteFunc(all, func(name string) bool { return !strings.HasSuffix(name, rowsSuffix) })
	}
	for name, change := range map[string]func(*installation){
		"an object is gone":         func(i *installation) { delete(i.archive, days(i)[0]) },
		"an object is another's":    func(i *installation) { i.archive[days(i)[0]] = i.archive[days(i)[1]] },
		"a bit of it flipped":       func(i *installation) { i.archive[days(i)[0]][40] ^= 1 },
		"a manifest was changed":    func(i *installation) { replace(i, manifestSuffix, `"rows":30`, `"rows":31`) },
		"a manifest is no JSON":     func(i *installation) { replace(i, manifestSuffix, `{`, `[`) },
		"a row of the store is not": func(i *installation) { someRow(i).Actor = "usr_666" },
		"a row has another body":    func(i *installation) { r := someRow(i); r.Body = append(bytes.Clone(r.Body), ' ') },
		"a row of the store is gone": func(i *installation) {
			for shard, rows := range i.store.rows {
				i.store.rows[shard] = rows[1:]
				return
			}
		},
	} {
		i := newInstallation(t)
		i.days(t, 2)
		i.run(t, i.archiver())
		i.time = i.time.Add(9 * oneDay)
		change(i)
		before := i.store.count()
		if r, err := i.archiver().Run(t.Context()); err == nil || r.Removed != 0 || i.store.count() != before {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func someRow(i *installation) *collab.SealedRow {
	for _, rows := range i.store.rows {
		return &rows[0]
	}
	return nil
}

// replace changes the first object whose name ends so.
func replace(i *installation, suffix, from, to string) {
	names, _ := i.archive.List(context.Background(), daysPrefix)
	for _, name := range names {
		if strings.HasSuffix(name, suffix) {
			i.archive[name] = bytes.Replace(i.archive[name], []byte(from), []byte(to), 1)
			return
		}
	}
}

func TestT5AnArchiveOfAnotherStoreIsRefused(t *testing.T) {
	i, other := newInstallation(t), newInstallation(t)
	other.recorder = NewRecorder("i_2", slog.New(slog.DiscardHandler))
	i.days(t, 2)
	other.days(t, 2)
	i.run(t, i.archiver())
	restored := i.store.copied()
	other.archive = i.archive
	if r, err := other.archiver().Run(t.Context()); !errors.Is(err, errOther) || len(r.Days) > 0 {
		t.Fatalf("another store: %+v, %v", r, err)
	}
	i.days(t, 9)
	i.run(t, i.archiver())
	i.store = restored // to before what the archive has
	if r, err := i.archiver().Run(t.Context()); !errors.Is(err, errOther) || r.Removed > 0 {
		t.Fatalf("a store that was restored: %+v, %v", r, err)
	}
	j := newInstallation(t)
	j.days(t, 9)
	j.run(t, j.archiver())
	j.archive = objects{} // the URL of an empty one
	if r, err := j.archiver().Run(t.Context()); !errors.Is(err, errOther) || len(j.archive) > 0 {
		t.Fatalf("rows have left, and the archive is empty: %+v, %v", r, err)
	}
}

func TestT5OfTwoArchiversOneWorks(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 3)
	a, inside := i.archiver(), Archived{}
	a.o.Objects = &faulty{objects: i.archive, create: func() (err error) {
		inside, err = i.archiver().Run(t.Context())
		return err
	}}
	i.run(t, a)
	if !inside.Busy || len(inside.Days) != 0 {
		t.Fatalf("the second one, meanwhile: %+v", inside)
	}
	i.wantWhole(t, 90)
}

func TestT5OfTwoArchiversWhoseLockIsLostNeitherSpoilsTheArchive(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 3)
	a, once := i.archiver(), false
	a.o.Objects = &faulty{objects: i.archive, put: func(text []byte) []byte {
		if once {
			return text
		}
		once = true
		i.store.locked = false // the connection that had it broke
		now := i.time
		i.time = time.Date(2031, 2, 3, 23, 0, 0, 0, time.UTC)
		i.record(1) // is chained late: the day has other rows now
		i.time = now
		i.seal(t)
		i.run(t, i.archiver())
		return text // what the first one had read
	}}
	if r, err := a.Run(t.Context()); !errors.Is(err, ErrArchived) || len(r.Days) != 0 {
		t.Fatalf("the first one: %+v, %v", r, err)
	}
	i.wantWhole(t, 91)
	i.run(t, i.archiver())
}

func TestT5AnArchiverThatIsStoppedGoesOnLater(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 9)
	ctx, stop := context.WithCancel(t.Context())
	a, n := i.archiver(), 0
	a.o.Objects = &faulty{objects: i.archive, create: func() error {
		if n++; n == 4 {
			stop()
			return ctx.Err()
		}
		return nil
	}}
	r, err := a.Run(ctx)
	if !errors.Is(err, context.Canceled) || len(r.Days) != 3 || r.Complete || r.Waiting != 6 || r.Removed != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	wantStatus(t, i.verify(t), Intact)
	if r := i.run(t, i.archiver()); len(r.Days) != 6 {
		t.Fatalf("%+v", r)
	}
	i.wantWhole(t, 270)
}

// torn is a store that fails after some removals.
type torn struct {
	*memory
	left int
}

func (s *torn) RemoveArchived(ctx context.Context, shard int, head collab.AuditHead) (int64, error) {
	if s.left--; s.left < 0 {
		return 0, errors.New("the connection is gone")
	}
	return s.memory.RemoveArchived(ctx, shard, head)
}

func TestT5ARemovalThatIsInterruptedLeavesAWholeTrail(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 9)
	for done := 0; ; done++ {
		a := i.archiver()
		a.o.Store = &torn{memory: i.store, left: 17}
		r, err := a.Run(t.Context())
		i.wantWhole(t, 270)
		if err == nil {
			break
		}
		if r.Complete || done > 50 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	if left := i.store.count(); left != 3*30 {
		t.Fatalf("%d rows stay, want those of three days", left)
	}
}

// leaving is a store whose rows leave while it is read.
type leaving struct {
	*memory
	reads int
	leave func()
}

func (s *leaving) AuditRows(ctx context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error) {
	if s.reads++; s.reads == 20 {
		s.leave()
	}
	return s.memory.AuditRows(ctx, shard, after, limit)
}

func TestT4RowsThatLeaveWhileTheTrailIsVerifiedAreNotMissing(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 9)
	report, err := VerifyStore(t.Context(), &leaving{memory: i.store, leave: func() { i.run(t, i.archiver()) }}, i.archive, i.trust())
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Intact)
	if i.store.count() == 270 || report.Rows != 270 {
		t.Fatalf("%d rows stay, %d were verified", i.store.count(), report.Rows)
	}
}

func TestT4TheNotaryTakesRowsThatLeaveForNoContradiction(t *testing.T) {
	i := newInstallation(t)
	i.days(t, 9)
	i.time = i.time.Add(9 * oneDay)
	i.notary.store = &leaving{memory: i.store, reads: 19, leave: func() { i.run(t, i.archiver()) }}
	i.record(1)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.notary.Finish(t.Context()); err == nil || errors.Is(err, ErrContradiction) {
		t.Fatalf("while rows leave: %v", err)
	}
	i.seal(t)
	i.wantWhole(t, 271)
}

func TestRetentionIsADurationOrForever(t *testing.T) { // SPEC 1
	for text, want := range map[string]time.Duration{"": 9600 * time.Hour, "forever": 0, "48h": 48 * time.Hour, "9600h": 9600 * time.Hour} {
		if got, err := ParseRetention(text); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "0s", "47h", "-100h", "400 days", "400d", "never"} {
		if got, err := ParseRetention(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

package sqlite

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestOpenNamesWhatIsWrongWithTheFile(t *testing.T) {
	dir := t.TempDir()
	noFolder := filepath.Join(dir, "none", "corsia.db")
	notADatabase := filepath.Join(dir, "text.db")
	if err := os.WriteFile(notADatabase, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := filepath.Join(dir, "used.db")
	openTest(t, inUse, Options{})
	folder := filepath.Join(dir, "folder.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"a folder that is not there", noFolder, "its folder cannot be written"},
		{"a folder that cannot be written", "/proc/corsia.db", "its folder cannot be written"},
		{"a path below a file", filepath.Join(notADatabase, "corsia.db"), "its folder cannot be written"},
		{"another file", notADatabase, "not a SQLite database"},
		{"a folder in its place", folder, "it cannot be written"},
		{"a store in use", inUse, "another corsia is using it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, err := Open(t.Context(), tt.path, Options{})
			if err == nil {
				db.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path) {
				t.Fatalf("error %q, want one that says %q and names the file", err, tt.want)
			}
		})
	}
}

func TestAStoreThatAnotherProgramHasLockedIsNotOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	other, err := openPool(path, []string{"journal_mode(WAL)"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	writerPragmasBefore := writerPragmas
	writerPragmas = append([]string{"busy_timeout(10)"}, writerPragmas[1:]...)
	defer func() { writerPragmas = writerPragmasBefore }()
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "another program is using it") {
		t.Fatalf("open: %v, want an error that says so", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	openTest(t, path, Options{})
}

func TestAFileNameMayHaveAnyCharacter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ward 3%20?mode=ro#à.db")
	db := openTest(t, path, Options{})
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}

func TestTheFilesOfAStoreAreTheirOwnersAloneAndCloseLeavesNoLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "corsia.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	created(t, db, "a")
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, mode)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
		t.Fatalf("the write-ahead log is still there: %v", err)
	}
}

func TestCloseCommitsWhatIsQueued(t *testing.T) {
	const batches = 200
	path := filepath.Join(t.TempDir(), "corsia.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	res := created(t, db, "a")
	done := make(chan collab.Committed, batches)
	for n := range int64(batches) {
		db.Append(batch(res, 1+n), done)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range batches {
		if c := <-done; c.Err != nil {
			t.Fatal(c.Err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatalf("closing again: %v", err)
	}
	db.Append(batch(res, 1+batches), done)
	if c := <-done; !errors.Is(c.Err, ErrClosed) {
		t.Fatalf("appending after Close: %v, want ErrClosed", c.Err)
	}
	if err := db.Record(t.Context(), collab.AuditRow{EventID: "e"}); !errors.Is(err, ErrClosed) {
		t.Fatalf("recording after Close: %v, want ErrClosed", err)
	}
	wantRevision(t, openTest(t, path, Options{}).DB, res, 1+batches)
}

// created returns a document that exists at revision 1.
func created(t *testing.T, db *DB, id collab.ResourceID) collab.Resource {
	t.Helper()
	res := collab.Resource{Tenant: "default", ID: id}
	_, err := db.Join(t.Context(), collab.Join{Resource: res, User: "usr_001", Session: "s_1", Mode: collab.Editor, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// batch returns a batch of one entry on top of a revision.
func batch(res collab.Resource, revision int64) collab.Batch {
	return collab.Batch{Resource: res, Expect: collab.Head{Revision: revision}, Entries: []collab.Entry{{
		Revision: revision + 1, Update: []byte{1, 2, 3}, User: "usr_001", Session: "s_1", Clients: []collab.ClientID{1},
		Fields: []collab.Field{"content"}, At: time.Now(),
	}}}
}

func appendOne(db *DB, b collab.Batch) collab.Committed {
	done := make(chan collab.Committed, 1)
	db.Append(b, done)
	return <-done
}

// wantRevision checks the head and that the journal has no gap up to it.
func wantRevision(t *testing.T, db *DB, res collab.Resource, want int64) {
	t.Helper()
	s, err := db.Load(t.Context(), res)
	if err != nil {
		t.Fatal(err)
	}
	if s.Head.Revision != want || int64(len(s.Tail)) != want-1 {
		t.Fatalf("head at %d with %d entries, want %d", s.Head.Revision, len(s.Tail), want)
	}
	for i, e := range s.Tail {
		if e.Revision != int64(i)+2 {
			t.Fatalf("entry %d has revision %d", i, e.Revision)
		}
	}
}

// TestKilledAtAnyMomentNothingAcknowledgedIsLost runs this test binary as a second process that appends, and kills it.
func TestKilledAtAnyMomentNothingAcknowledgedIsLost(t *testing.T) {
	if path := os.Getenv("CORSIA_TEST_APPEND_TO"); path != "" {
		appendForEver(t, path)
	}
	path := filepath.Join(t.TempDir(), "corsia.db")
	acknowledged := map[collab.ResourceID]int64{}
	for round := range 8 {
		for id, revision := range killedWriter(t, path, time.Duration(20+17*round)*time.Millisecond) {
			acknowledged[id] = revision
		}
		db, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for id, revision := range acknowledged {
			res := collab.Resource{Tenant: "default", ID: id}
			head, err := db.Head(t.Context(), res)
			if err != nil || head.Revision < revision {
				t.Fatalf("round %d: head of %s is %+v, %v, after revision %d was acknowledged", round, id, head, err, revision)
			}
			wantRevision(t, db, res, head.Revision)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged before the kills")
	}
}

// killedWriter kills a process that appends after it has been acknowledging for a while, and returns what it said was
// committed.
func killedWriter(t *testing.T, path string, after time.Duration) map[collab.ResourceID]int64 {
	t.Helper()
	ctx := t.Context()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledAtAnyMomentNothingAcknowledgedIsLost$")
	cmd.Env = append(os.Environ(), "CORSIA_TEST_APPEND_TO="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Hour, func() { cmd.Process.Kill() })
	acknowledged := readAcknowledged(out, func() { timer.Reset(after) })
	timer.Stop()
	cmd.Wait() // killed
	return acknowledged
}

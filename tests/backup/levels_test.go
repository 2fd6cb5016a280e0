//go:build integration

package backup

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"corsia/shared/backup"
	"corsia/shared/collab"
)

// altered makes a backup whose dump is of a copy of the database that was changed after it was counted: what its manifest says
// is of before.
func (w *ward) altered(t *testing.T, tables []string, change ...string) *backup.Manifest {
	t.Helper()
	m := w.back(t, w.store)
	other := beside(t, w.store)
	exec1(t, w.store, "CREATE DATABASE "+strings.TrimPrefix(path(t, other), "/")+" TEMPLATE "+strings.TrimPrefix(path(t, w.store), "/"))
	exec1(t, other, change...)
	args := []string{"--format=custom", "--compress=0", "--dbname=" + other}
	for _, table := range tables {
		args = append(args, "--exclude-table-data="+table)
	}
	dump, err := exec.CommandContext(t.Context(), "/usr/lib/postgresql/15/bin/pg_dump", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	w.apart(t)
	forged, err := backup.Make(t.Context(), w.archive(t), "postgres", &forgery{dump, m.Inventory}, backup.Options{Program: "test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return forged
}

// forgery is a dump with the inventory of another.
type forgery struct {
	dump []byte
	of   collab.Inventory
}

func (f *forgery) Dump(_ context.Context, to io.Writer) (collab.Inventory, error) {
	_, err := to.Write(f.dump)
	return f.of, err
}

func path(t *testing.T, store string) string {
	t.Helper()
	config, err := pgx.ParseConfig(store)
	if err != nil {
		t.Fatal(err)
	}
	return "/" + config.Database
}

// wantFailure makes sure that a drill fails at a level, after all those before.
func (w *ward) wantFailure(t *testing.T, m *backup.Manifest, level backup.Level, about string) {
	t.Helper()
	r, err := w.drill(t, m.ID)
	f, ok := errors.AsType[*backup.Failure](err)
	if !ok || f.Level != level || r.Level != level-1 || r.Verified || !strings.Contains(err.Error(), about) {
		t.Fatalf("passed level %d; %v: want a failure of level %d about %q", r.Level, err, level, about)
	}
	if n := number(t, w.store, "SELECT count(*) FROM pg_database WHERE datname LIKE 'corsia\\_restored\\_%' AND datname NOT LIKE '%kept'"); n > 1 {
		t.Errorf("%d scratch databases were left", n)
	}
}

func TestEachFaultOfABackupIsFoundAtItsLevel_O4(t *testing.T) {
	w := open(t, postgresServer(t).Database(t))
	day(t, w)
	object := func(m *backup.Manifest) string { return filepath.Join(w.Dir, "archive", m.Object) }
	t.Run("nothing is wrong: level 5", func(t *testing.T) {
		r, err := w.drill(t, w.back(t, w.store).ID)
		if err != nil || !r.Verified || r.Level != backup.Verified || r.Documents != 3 || r.AuditRows < 5 || r.RTO <= 0 || r.RPOFrom != "dump" {
			t.Fatalf("%+v, %v", r, err)
		}
	})
	t.Run("0 an empty file", func(t *testing.T) {
		m := w.back(t, w.store)
		write(t, object(m), nil)
		w.wantFailure(t, m, backup.Exists, "empty")
	})
	t.Run("1 a truncated gzip", func(t *testing.T) {
		m := w.back(t, w.store)
		b := read(t, object(m))
		write(t, object(m), b[:len(b)-20])
		w.wantFailure(t, m, backup.Checksum, "bytes")
	})
	t.Run("1 a flipped bit", func(t *testing.T) {
		m := w.back(t, w.store)
		b := read(t, object(m))
		b[len(b)/2] ^= 16
		write(t, object(m), b)
		w.wantFailure(t, m, backup.Checksum, "SHA-256")
	})
	t.Run("2 a missing table", func(t *testing.T) {
		w.wantFailure(t, w.altered(t, []string{"yjs_seeds"}), backup.Readable, "yjs_seeds")
	})
	t.Run("3 a dump that ends early", func(t *testing.T) {
		m := w.back(t, w.store)
		zip, err := gzip.NewReader(bytes.NewReader(read(t, object(m))))
		if err != nil {
			t.Fatal(err)
		}
		dump, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		w.apart(t)
		short, err := backup.Make(t.Context(), w.archive(t), "postgres", &forgery{dump[:len(dump)-2000], m.Inventory}, backup.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		w.wantFailure(t, short, backup.Restored, "pg_restore")
	})
	t.Run("4 a row is missing", func(t *testing.T) {
		w.wantFailure(t, w.altered(t, nil, "DELETE FROM yjs_updates WHERE resource_id = 'page:/patient/1' AND revision = 4"), backup.Equal, "yjs_updates")
	})
	t.Run("4 a value is another", func(t *testing.T) {
		w.wantFailure(t, w.altered(t, nil, `UPDATE yjs_seeds SET value = '"6 mg"' WHERE resource_id = 'page:/patient/1'`), backup.Equal, "yjs_seeds")
	})
	t.Run("4 rows are exchanged", func(t *testing.T) {
		w.wantFailure(t, w.altered(t, nil, "UPDATE yjs_states SET revision = 9 - revision WHERE resource_id IN ('page:/patient/1', 'page:/patient/2')"), backup.Equal, "yjs_states")
	})
	t.Run("5 a tampered audit row", func(t *testing.T) {
		w.ill(t, "the audit trail is tampered", "ALTER TABLE audit_log DISABLE TRIGGER ALL",
			"UPDATE audit_log SET actor = 'usr_bruno' WHERE event_id = (SELECT min(event_id) FROM audit_log WHERE type = 'RESOURCE_JOINED')")
	})
	t.Run("5 the end of the audit trail was cut off", func(t *testing.T) {
		w.ill(t, "the audit trail is tampered", "DELETE FROM audit_log l WHERE seq = (SELECT max(seq) FROM audit_log m WHERE m.shard = l.shard)")
	})
	t.Run("5 a document that does not open", func(t *testing.T) {
		w.ill(t, "document default|page:/patient/2", "DELETE FROM yjs_states WHERE resource_id = 'page:/patient/2'",
			"DELETE FROM yjs_updates WHERE resource_id = 'page:/patient/2' AND revision = 3")
	})
}

// ill backs up a copy of the database that is not well: the backup is exactly what the database is.
func (w *ward) ill(t *testing.T, about string, change ...string) {
	t.Helper()
	other := beside(t, w.store)
	exec1(t, w.store, "CREATE DATABASE "+strings.TrimPrefix(path(t, other), "/")+" TEMPLATE "+strings.TrimPrefix(path(t, w.store), "/"))
	exec1(t, other, change...)
	w.wantFailure(t, w.back(t, other), backup.Verified, about)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A backup is of one moment, whatever is written meanwhile.
func TestABackupWhileTwentyWriteIsOfOneMoment_O4(t *testing.T) {
	w := open(t, postgresServer(t).Database(t))
	day(t, w)
	w.Restart(t)
	stop, wrote := make(chan struct{}), make(chan int, 20)
	for n := range 20 {
		p := w.join(t, fmt.Sprintf("usr_%d", n), fmt.Sprintf("page:/patient/%d", n%5))
		go func() {
			count := 0
			defer func() { wrote <- count }()
			for {
				select {
				case <-stop:
					return
				default:
				}
				p.write(t, "notes", "x")
				count++
			}
		}()
	}
	moving := func() int64 { return number(t, w.store, "SELECT count(*) FROM yjs_updates") }
	var ids []string
	for range 3 {
		before := moving()
		out := w.must(t, "backup")
		ids = append(ids, strings.TrimSuffix(strings.Fields(out)[1], ":"))
		if after := moving(); after == before {
			t.Errorf("nobody wrote during the backup")
		}
		w.apart(t)
	}
	close(stop)
	for range 20 {
		if <-wrote == 0 {
			t.Errorf("somebody wrote nothing")
		}
	}
	rows := int64(0)
	for _, id := range ids {
		r, err := w.drill(t, id)
		if err != nil || !r.Verified {
			t.Fatalf("backup %s: level %d, %v", id, r.Level, err)
		}
		if r.Rows <= rows {
			t.Errorf("backup %s has %d rows, and the one before it %d", id, r.Rows, rows)
		}
		rows = r.Rows
	}
}

package backup

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

// memory is an archive in memory.
type memory map[string][]byte

func (m memory) Put(_ context.Context, key string, content io.Reader) error {
	b, err := io.ReadAll(content)
	if err == nil {
		m[key] = b
	}
	return err
}

func (m memory) Get(_ context.Context, key string) (io.ReadCloser, error) {
	b, there := m[key]
	if !there {
		return nil, collab.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m memory) List(_ context.Context, prefix string) ([]string, error) {
	var keys []string
	for key := range m {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// file is a store of one table, whose dump looks like a SQLite file.
type file struct{ fail error }

func (f file) Dump(_ context.Context, to io.Writer) (collab.Inventory, error) {
	noise := make([]byte, 64<<10) // does not compress
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	_, err := to.Write(append([]byte("SQLite format 3\x00"), noise...))
	return collab.Inventory{Engine: engineSQLite, At: begun, Tables: []collab.TableSum{{Name: "a", Rows: 1, Sum: "1"}}}, errors.Join(err, f.fail)
}

var begun = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func clock() time.Time { return begun.Add(time.Hour) }

func made(t *testing.T) (memory, *Manifest) {
	t.Helper()
	archive := memory{}
	m, err := Make(t.Context(), archive, engineSQLite, file{}, Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return archive, m
}

func TestO4ADamagedBackupFailsAtItsLevel(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(memory, *Manifest)
		level  Level // that fails; Restored: none of these
	}{
		{"nothing", func(memory, *Manifest) {}, Restored},
		{"no manifest", func(a memory, m *Manifest) { delete(a, manifestKey(m.ID)) }, Exists},
		{"no dump", func(a memory, m *Manifest) { delete(a, m.Object) }, Exists},
		{"empty file", func(a memory, m *Manifest) { a[m.Object] = nil }, Exists},
		{"too old", func(a memory, m *Manifest) { m.At = clock().Add(-27 * time.Hour); _ = m.write(context.Background(), a) }, Exists},
		{"truncated gzip", func(a memory, m *Manifest) { a[m.Object] = a[m.Object][:len(a[m.Object])-100] }, Checksum},
		{"flipped bit", func(a memory, m *Manifest) { a[m.Object][len(a[m.Object])/2] ^= 4 }, Checksum},
		{"flipped bit in the head of gzip", func(a memory, m *Manifest) { a[m.Object][5] ^= 1 }, Checksum},
		{"longer", func(a memory, m *Manifest) { a[m.Object] = append(a[m.Object], 0) }, Checksum},
		{"something else, of the right hash", func(a memory, m *Manifest) { replace(t, a, m, []byte(strings.Repeat("no database. ", 1000))) }, Readable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			archive, m := made(t)
			tt.damage(archive, m)
			r, err := Check(t.Context(), archive, m.ID, CheckOptions{MaxAge: 26 * time.Hour, Now: clock})
			if tt.level == Restored {
				if err != nil || r.Level != Readable || r.Verified {
					t.Fatalf("level %v, %v", r.Level, err)
				}
				return
			}
			f, ok := errors.AsType[*Failure](err)
			if !ok || f.Level != tt.level || r.Level != tt.level-1 || r.Problem == "" {
				t.Fatalf("level %v, %v: want a failure of level %v", r.Level, err, tt.level)
			}
		})
	}
}

// replace puts another dump into a backup, and says so in its manifest.
func replace(t *testing.T, archive memory, m *Manifest, dump []byte) {
	t.Helper()
	other, err := Make(t.Context(), archive, engineSQLite, raw(dump), Options{Now: func() time.Time { return clock().Add(time.Second) }})
	if err != nil {
		t.Fatal(err)
	}
	archive[m.Object] = archive[other.Object]
	m.SHA256, m.Bytes, m.DumpBytes = other.SHA256, other.Bytes, other.DumpBytes
	if err := m.write(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
}

type raw []byte

func (r raw) Dump(_ context.Context, to io.Writer) (collab.Inventory, error) {
	_, err := to.Write(r)
	return collab.Inventory{Engine: engineSQLite, At: begun, Tables: []collab.TableSum{{Name: "a"}}}, err
}

func TestO4ABackupThatFailsLeavesNothing(t *testing.T) {
	archive, broken := memory{}, errors.New("the server has gone")
	if _, err := Make(t.Context(), archive, engineSQLite, file{broken}, Options{Now: clock}); !errors.Is(err, broken) {
		t.Fatalf("got %v, want the dump's error", err)
	}
	if len(archive) > 0 {
		t.Fatalf("left: %v", archive)
	}
	if _, err := Newest(t.Context(), archive); !errors.Is(err, ErrNone) {
		t.Fatalf("got %v, want ErrNone", err)
	}
}

func TestO4NoRestoreToWhatMayBeProduction(t *testing.T) {
	m := &Manifest{Inventory: collab.Inventory{System: "7", Database: "corsia"}}
	for _, tt := range []struct {
		name  string
		s     collab.Standing
		there bool
		ok    bool
	}{
		{"an empty one of another server", collab.Standing{Empty: true, System: "8", Database: "corsia"}, true, true},
		{"an empty one of another name", collab.Standing{Empty: true, System: "7", Database: "other"}, true, true},
		{"the source, emptied", collab.Standing{Empty: true, System: "7", Database: "corsia"}, true, false},
		{"one with a table", collab.Standing{System: "8", Database: "other"}, true, false},
		{"a marked one", collab.Standing{Empty: true, System: "8", Database: "other", Marked: "x"}, true, false},
		{"one with a gateway", collab.Standing{Empty: true, System: "8", Database: "other", InUse: true}, true, false},
		{"an empty one of that name on a server that does not say who it is", collab.Standing{Empty: true, Database: "corsia"}, true, false},
		{"any for a drill", collab.Standing{Empty: true, System: "8", Database: "other"}, false, false},
	} {
		if err := allowed(tt.s, m, tt.there); (err == nil) != tt.ok || !tt.ok && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestD8EachRestoreOpensAnEpochThatNobodyHasKnown(t *testing.T) {
	archive := memory{}
	want := func(of, epoch int64) {
		t.Helper()
		if got, err := nextEpoch(t.Context(), archive, of); err != nil || got != epoch {
			t.Fatalf("epoch %d, %v, want %d", got, err, epoch)
		}
	}
	want(1, 2)
	archive["audit/checkpoints/2026/03/01/020000.000000Z-1-9.note"] = nil
	want(1, 2)
	archive["audit/checkpoints/2026/03/01/030000.000000Z-2-10.note"] = nil
	want(1, 3)
	archive["backups/epochs/4"] = nil // opened, and nothing signed yet
	want(1, 5)
	want(7, 8)
}

func TestT4ABackupIsMeasuredByTheCheckpointsOfItsTime(t *testing.T) {
	archive := memory{"audit/checkpoints/2026/03/01/020000.000000Z-1-9.note": nil, "audit/checkpoints/2026/03/01/030000.000000Z-1-10.note": nil,
		"audit/checkpoints/2026/03/02/030000.000000Z-2-3.note": nil, "audit/days/2026/03/01.manifest.json": nil}
	got, err := (&then{archive, moment{epoch: 1, checkpoint: 9}}).List(t.Context(), "audit/")
	if want := []string{"audit/checkpoints/2026/03/01/020000.000000Z-1-9.note", "audit/days/2026/03/01.manifest.json"}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
}

func TestO4ADrillIsDueMonthlyAndAfterAChangeOfTheSchema(t *testing.T) {
	archive := memory{}
	m := &Manifest{Inventory: collab.Inventory{Schema: 11}}
	want := func(why string) {
		t.Helper()
		if got, err := DrillDue(t.Context(), archive, m, clock()); err != nil || got != why {
			t.Fatalf("got %q, %v, want %q", got, err, why)
		}
	}
	drilled := func(at time.Time, level Level, schema int64, problem error) {
		t.Helper()
		r := newReport("drill", "x", func() time.Time { return at })
		r.Level, r.Schema = level, schema
		_ = r.end(problem)
		if _, err := r.Write(t.Context(), archive); err != nil {
			t.Fatal(err)
		}
	}
	want("there was no drill yet")
	drilled(clock().AddDate(0, -2, 0), Verified, 11, nil)
	want("the last drill was a month ago")
	drilled(clock().AddDate(0, 0, -3), Verified, 10, nil)
	want("the schema has changed since the last drill")
	drilled(clock().AddDate(0, 0, -2), Verified, 11, nil)
	want("")
	drilled(clock().AddDate(0, 0, -1), Restored, 11, errors.New("a row is missing"))
	want("the last drill has failed")
}

func FuzzListOfADumpCostsNoMoreThanItsBytes(f *testing.F) {
	f.Add([]byte("PGDMP\x01\x0e\x00\x04\x08\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tables, err := dumped(bytes.NewReader(b)); err == nil && len(tables) > len(b) {
			t.Fatalf("%d tables of %d bytes", len(tables), len(b))
		}
	})
}

// A dump that pg_dump 15 has made of a store.
func TestO4TheListOfADumpIsReadWithoutPostgreSQL(t *testing.T) {
	dump := readGzip(t, "testdata/corsia.dump.gz")
	tables, err := dumped(bytes.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"yjs_heads", "yjs_updates", "audit_log", "audit_epochs", "goose_db_version"} {
		if !slices.Contains(tables, name) {
			t.Errorf("there is no %s in %v", name, tables)
		}
	}
	for _, n := range []int{0, 4, 11, 60, len(dump) / 8} {
		if _, err := dumped(bytes.NewReader(dump[:n])); err == nil {
			t.Errorf("the first %d bytes are a dump", n)
		}
	}
}

func readGzip(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	b, err = io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

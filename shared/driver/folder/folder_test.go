package folder

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
)

func open(t *testing.T, name string) *Folder {
	t.Helper()
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestArchive(t *testing.T) {
	drivertest.Archive(t, func(t *testing.T) drivertest.Archiver { return open(t, filepath.Join(t.TempDir(), "new", "archive")) })
}

func TestNoKeyLeadsOutOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "archive"))
	if err := os.Symlink(dir, filepath.Join(dir, "archive", "out")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../x", "/x", "a/../../x", "", ".", "a//b", "out/x", ".writing-x", "a/.writing-x"} {
		if err := f.Put(t.Context(), key, strings.NewReader("x")); err == nil {
			t.Errorf("key %q was stored", key)
		}
		if r, err := f.Get(t.Context(), key); err == nil {
			r.Close()
			t.Errorf("key %q was read", key)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Fatalf("outside the archive there is %v, %v", names, err)
	}
}

func TestAnArchiveThatCannotBeWrittenSaysSo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	f := open(t, dir)
	if err := os.RemoveAll(dir); err != nil { // works for root too, unlike taking away the permission
		t.Fatal(err)
	}
	err := f.Ping(t.Context())
	if err == nil || !strings.Contains(err.Error(), "cannot be written") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("ping: %v, want an error that names the folder", err)
	}
	if _, err := Open(filepath.Join(os.DevNull, "archive")); err == nil {
		t.Fatal("an archive was opened below a file")
	}
}

func TestADeletedObjectIsGoneAndNothingElse(t *testing.T) { // O4
	f := open(t, filepath.Join(t.TempDir(), "archive"))
	for _, key := range []string{"backups/1/a", "backups/1/b"} {
		if err := f.Put(t.Context(), key, strings.NewReader(key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Delete(t.Context(), "backups/1/a"); err != nil {
		t.Fatal(err)
	}
	if keys, err := f.List(t.Context(), ""); err != nil || len(keys) != 1 || keys[0] != "backups/1/b" {
		t.Fatalf("left: %v, %v", keys, err)
	}
	if err := f.Delete(t.Context(), "backups/1/a"); !errors.Is(err, collab.ErrNotFound) {
		t.Fatalf("deleting what is gone: %v, want ErrNotFound", err)
	}
	if err := f.Delete(t.Context(), "../x"); err == nil {
		t.Fatal("a key that leads out of the folder was deleted")
	}
}

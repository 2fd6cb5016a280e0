package drivertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"corsia/shared/collab"
)

// Archiver is the port of archived objects.
type Archiver interface {
	Put(ctx context.Context, key string, content io.Reader) error
	Create(ctx context.Context, key string, content io.Reader) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	List(ctx context.Context, prefix string) ([]string, error)
	Ping(ctx context.Context) error
}

// Archive checks what rules T5 and O4 need of the archive: objects that are whole or not there. Each call of open returns
// an empty archive.
func Archive(t *testing.T, open func(*testing.T) Archiver) {
	archived(t, open)
	refused(t, open)
	created(t, open)
}

func archived(t *testing.T, open func(*testing.T) Archiver) {
	t.Run("T5 an object is read as it was put", func(t *testing.T) {
		a := open(t)
		for key, content := range map[string]string{
			"audit/2026/03/01.ndjson.gz": strings.Repeat("a\x00b", 100_000), "empty": "", "with space/è.json": "{}",
		} {
			must(t, a.Put(timeLimit(t), key, strings.NewReader(content)))
			wantObject(t, a, key, content)
		}
		must(t, a.Put(timeLimit(t), "empty", strings.NewReader("no more")))
		wantObject(t, a, "empty", "no more")
	})
	t.Run("O4 a large object is read as it was put", func(t *testing.T) {
		a := open(t)
		for _, n := range []int{largeBytes - 1, largeBytes, largeBytes + 1} {
			content := strings.Repeat("0123456789abcdef", n/16+1)[:n]
			must(t, a.Put(timeLimit(t), "backup/large", onlyReader{strings.NewReader(content)}))
			wantObject(t, a, "backup/large", content)
		}
	})
	t.Run("T5 keys are listed by prefix, in order", func(t *testing.T) {
		a := open(t)
		for _, key := range []string{"b/2", "a/2", "a.1", "a/1", "ab", "b/1/x"} {
			must(t, a.Put(timeLimit(t), key, strings.NewReader(key)))
		}
		wantKeys(t, a, "", "a.1", "a/1", "a/2", "ab", "b/1/x", "b/2")
		wantKeys(t, a, "a", "a.1", "a/1", "a/2", "ab")
		wantKeys(t, a, "a/", "a/1", "a/2")
		wantKeys(t, a, "b/1", "b/1/x")
		wantKeys(t, a, "c")
	})
	t.Run("H1 an archive that can be written answers", func(t *testing.T) {
		a := open(t)
		must(t, a.Ping(timeLimit(t)))
		wantKeys(t, a, "")
	})
}

func refused(t *testing.T, open func(*testing.T) Archiver) {
	t.Run("T5 an object that is not there is not found", func(t *testing.T) {
		if _, err := open(t).Get(timeLimit(t), "audit/none"); !errors.Is(err, collab.ErrNotFound) {
			t.Fatalf("getting what is not there: %v, want ErrNotFound", err)
		}
	})
	t.Run("T5 an object whose content fails is not stored", func(t *testing.T) {
		a := open(t)
		for _, half := range []string{"", "half", strings.Repeat("x", largeBytes+1)} {
			broken := io.MultiReader(strings.NewReader(half), brokenReader{})
			if err := a.Put(timeLimit(t), "audit/half", broken); !errors.Is(err, errBroken) {
				t.Fatalf("putting half an object of %d bytes: %v, want the reader's error", len(half), err)
			}
			wantKeys(t, a, "")
		}
		must(t, a.Put(timeLimit(t), "audit/half", strings.NewReader("whole")))
		if err := a.Put(timeLimit(t), "audit/half", brokenReader{}); !errors.Is(err, errBroken) {
			t.Fatalf("putting an object that cannot be read: %v, want the reader's error", err)
		}
		wantObject(t, a, "audit/half", "whole") // it is not lost
	})
	t.Run("T5 what is no key is refused", func(t *testing.T) {
		a := open(t)
		for _, key := range []string{"", ".", "/x", "x/", "a//b", "../x", "a/../../x", "./x"} {
			if err := a.Put(timeLimit(t), key, strings.NewReader("x")); err == nil {
				t.Errorf("key %q was stored", key)
			}
			if r, err := a.Get(timeLimit(t), key); err == nil || errors.Is(err, collab.ErrNotFound) {
				t.Errorf("getting key %q: %v, %v, want a refusal", key, r, err)
			}
		}
		wantKeys(t, a, "")
	})
}

func created(t *testing.T, open func(*testing.T) Archiver) {
	t.Run("T5 of those who create an object at once one does", func(t *testing.T) {
		a := open(t)
		const hands = 5
		results := make(chan error, hands)
		for i := range hands {
			go func() {
				results <- a.Create(timeLimit(t), "audit/manifest", strings.NewReader(strings.Repeat("m", i+1)))
			}()
		}
		done := 0
		for range hands {
			switch err := <-results; {
			case err == nil:
				done++
			case !errors.Is(err, collab.ErrExists):
				t.Errorf("creating an object: %v, want ErrExists", err)
			}
		}
		if done != 1 {
			t.Fatalf("%d have created the object, want 1", done)
		}
		wantKeys(t, a, "", "audit/manifest")
	})
	t.Run("T5 an object that is there is not created again", func(t *testing.T) {
		a := open(t)
		must(t, a.Create(timeLimit(t), "audit/manifest", strings.NewReader("first")))
		if err := a.Create(timeLimit(t), "audit/manifest", strings.NewReader("second")); !errors.Is(err, collab.ErrExists) {
			t.Fatalf("creating what is there: %v, want ErrExists", err)
		}
		wantObject(t, a, "audit/manifest", "first")
		if err := a.Create(timeLimit(t), "audit/half", brokenReader{}); !errors.Is(err, errBroken) {
			t.Fatalf("creating half an object: %v, want the reader's error", err)
		}
		wantKeys(t, a, "", "audit/manifest")
	})
}

func wantObject(t *testing.T, a Archiver, key, want string) {
	t.Helper()
	r, err := a.Get(timeLimit(t), key)
	must(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	must(t, err)
	if !bytes.Equal(got, []byte(want)) {
		t.Fatalf("object %q has %d bytes, want %d", key, len(got), len(want))
	}
}

func wantKeys(t *testing.T, a Archiver, prefix string, want ...string) {
	t.Helper()
	got, err := a.List(timeLimit(t), prefix)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("keys with prefix %q are %q, want %q", prefix, got, want)
	}
}

// largeBytes is more than a driver sends at once.
const largeBytes = 24 << 20

// onlyReader hides what else a reader can do: a dump that is still being made cannot be read twice.
type onlyReader struct{ io.Reader }

var errBroken = errors.New("the source broke off")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

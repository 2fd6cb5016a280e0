// Package folder keeps archive objects as files of one folder. It is the embedded driver of the archive.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"corsia/shared/collab"
)

// temporary begins the names of files that are being written. They are no objects.
const temporary = ".writing-"

// Folder is an open archive. Keys are slash-separated paths without ".." and without names that begin with ".writing-"; no
// key leads out of the folder, not even by a symbolic link. All methods may be called from any goroutine.
type Folder struct{ root *os.Root }

// Open opens the folder, which it creates when missing.
func Open(name string) (*Folder, error) {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	return &Folder{root: root}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Ping reports whether a file can be written to the folder now.
func (f *Folder) Ping(context.Context) error {
	name, err := f.write(".", strings.NewReader("ping"))
	if err != nil {
		return fmt.Errorf("archive %s cannot be written: %w", f.root.Name(), err)
	}
	if err := f.root.Remove(name); err != nil {
		return fmt.Errorf("archive %s cannot be written: %w", f.root.Name(), err)
	}
	return nil
}

// Put stores the object, whole and on disk, or not at all. An object of the same key is replaced.
func (f *Folder) Put(_ context.Context, key string, content io.Reader) error {
	if err := f.put(key, content, f.root.Rename); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	return nil
}

// Create is Put of an object that is not there yet. Of those who create it at once one succeeds, the others get ErrExists.
func (f *Folder) Create(_ context.Context, key string, content io.Reader) error {
	err := f.put(key, content, func(name, key string) error {
		if err := f.root.Link(name, key); err != nil {
			return err
		}
		return f.root.Remove(name)
	})
	if errors.Is(err, fs.ErrExist) {
		err = collab.ErrExists
	}
	if err != nil {
		return fmt.Errorf("create %q: %w", key, err)
	}
	return nil
}

// put writes a temporary file and lets publish give it the object's name.
func (f *Folder) put(key string, content io.Reader, publish func(name, key string) error) error {
	if err := checkKey(key); err != nil {
		return err
	}
	dir := path.Dir(key)
	if err := f.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name, err := f.write(dir, content)
	if err != nil {
		return err
	}
	if err := publish(name, key); err != nil {
		return errors.Join(err, f.root.Remove(name))
	}
	return f.syncDir(dir)
}

// Get opens the object for reading. It returns ErrNotFound when there is none; the caller closes it.
func (f *Folder) Get(_ context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, fmt.Errorf("get %q: %w", key, err)
	}
	file, err := f.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("get %q: %w", key, collab.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get %q: %w", key, err)
	}
	return file, nil
}

// Delete removes the object. It returns ErrNotFound when there is none.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	err := f.root.Remove(key)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %q: %w", key, collab.ErrNotFound)
	}
	if err == nil {
		err = f.syncDir(path.Dir(key))
	}
	if err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	return nil
}

// List returns the keys that begin with a prefix, in order.
func (f *Folder) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	err := fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && !strings.HasPrefix(name+"/", prefix) && !strings.HasPrefix(prefix, name+"/") {
				return fs.SkipDir
			}
			return ctx.Err()
		}
		if strings.HasPrefix(name, prefix) && !strings.HasPrefix(entry.Name(), temporary) {
			keys = append(keys, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", prefix, err)
	}
	slices.Sort(keys) // the walk is in order of each name, not of the whole key
	return keys, nil
}

// write writes a temporary file, flushed to disk, and returns its name.
func (f *Folder) write(dir string, content io.Reader) (name string, err error) {
	name = path.Join(dir, temporary+collab.NewSecret())
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, f.root.Remove(name))
	}
	return name, nil
}

// syncDir makes the new name last.
func (f *Folder) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func checkKey(key string) error {
	if !fs.ValidPath(key) || key == "." || strings.HasPrefix(path.Base(key), temporary) {
		return errors.New("not a key")
	}
	return nil
}

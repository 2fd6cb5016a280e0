package privacy

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"corsia/shared/collab"
)

// Names of the files of an export. No id of the store is part of a name: ids may hold anything.
const (
	fileAudit         = "audit.ndjson"
	fileFHIR          = "audit-fhir.ndjson"
	fileUpdates       = "updates.ndjson"
	fileContributions = "contributions.ndjson"
	filePresence      = "presence.ndjson"
	fileDocument      = "documents/1.json"
	fileState         = "documents/1.yjs"
	fileBase          = "base.ndjson"
	fileBaseDocument  = "documents/base.json"
	fileBaseState     = "documents/base.yjs"
)

// files are those of an export, in a folder that is the owner's alone.
type files struct {
	folder string
	open   map[string]*file
}

// file is one with a value on each line.
type file struct {
	*bufio.Writer
	to    *os.File
	lines int
}

// touch makes a file that may stay empty.
func (f *files) touch(name string) error {
	_, err := f.file(name)
	return err
}

func (f *files) file(name string) (*file, error) {
	if opened := f.open[name]; opened != nil {
		return opened, nil
	}
	path := filepath.Join(f.folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	opened := &file{Writer: bufio.NewWriter(to), to: to}
	f.open[name] = opened
	return opened, nil
}

// line writes a line that has its end.
func (f *files) line(name string, text []byte) error {
	to, err := f.file(name)
	if err != nil {
		return err
	}
	to.lines++
	_, err = to.Write(text)
	return err
}

// value writes a value as one line of JSON, with < and > as they were typed.
func (f *files) value(name string, value any) error {
	text, err := encode(value, "")
	if err != nil {
		return err
	}
	return f.line(name, text)
}

// encode returns a value as JSON with the end of a line.
func encode(value any, indent string) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// whole writes a file of one piece.
func (f *files) whole(name string, content []byte) error {
	to, err := f.file(name)
	if err != nil {
		return err
	}
	_, err = to.Write(content)
	return err
}

func (f *files) counts() Counts {
	counts := Counts{}
	for name, one := range f.open {
		counts[name] = max(one.lines, 0)
	}
	return counts
}

// close writes what is buffered. What is handed over was on the disk before.
func (f *files) close() error {
	var err error
	for _, one := range f.open {
		err = errors.Join(err, one.Flush(), one.to.Sync(), one.to.Close())
	}
	return err
}

// plain returns a row as its JSON has it: what is JSON in the store is JSON in the export.
func plain(row collab.SubjectRow) map[string]any {
	for name, value := range row {
		if content, ok := value.([]byte); ok {
			if json.Valid(content) {
				row[name] = json.RawMessage(content)
			} else {
				row[name] = string(content)
			}
		}
		if at, ok := value.(time.Time); ok {
			row[name] = at.Format(timeLayout)
		}
	}
	return row
}

const timeLayout = "2006-01-02T15:04:05.000000Z07:00" // as the trail's

// Zip writes a folder's files as one archive that everybody can open, readable by its owner alone.
func Zip(folder, path string) (err error) {
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it is read alone
	archive := zip.NewWriter(to)
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now().UTC()}
		header.SetMode(0o600)
		entryTo, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		from, err := root.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = from.Close() }() // it was read
		_, err = io.Copy(entryTo, from)
		return err
	})
	return errors.Join(err, archive.Close(), to.Sync())
}

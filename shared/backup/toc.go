package backup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// The table of contents at the head of a dump in pg_dump's custom format, as pg_backup_archiver.c writes it. We read it
// ourselves because a function of AWS has no pg_restore.
const (
	tocMagic      = "PGDMP"
	tocCustom     = 1 // the format with everything in one file
	tocDates      = 7 // numbers of the time of the dump
	maxTocEntries = 100_000
	maxTocText    = 16 << 20 // bytes of one text, such as a function's source
)

// errNotDump is the error of what is no dump in the custom format.
var errNotDump = errors.New("it is no dump of pg_dump's custom format")

// toc reads numbers and texts. The first error stays.
type toc struct {
	r       *bufio.Reader
	intSize int
	err     error
}

// dumped returns the tables whose rows are in the dump.
func dumped(r io.Reader) ([]string, error) {
	t := &toc{r: bufio.NewReader(r)}
	head := t.bytes(len(tocMagic) + 6) // magic; version: major, minor, revision; sizes of numbers and offsets; format
	if t.err != nil || string(head[:len(tocMagic)]) != tocMagic {
		return nil, errNotDump
	}
	minor, offSize, format := int(head[6]), int(head[9]), int(head[10])
	t.intSize = int(head[8])
	if head[5] != 1 || minor < 12 || minor > 16 || t.intSize < 1 || t.intSize > 8 || offSize < 1 || offSize > 16 || format != tocCustom {
		return nil, fmt.Errorf("%w, or of an unknown version: 1.%d", errNotDump, minor)
	}
	if minor >= 15 {
		t.bytes(1) // how it is compressed
	} else {
		t.number()
	}
	for range tocDates {
		t.number()
	}
	for range 3 { // names of the database, the server's version, pg_dump's
		t.text()
	}
	entries := t.number()
	if t.err != nil || entries < 0 || entries > maxTocEntries {
		return nil, fmt.Errorf("%w: its list is damaged", errNotDump)
	}
	var tables []string
	for range entries {
		if table := t.entry(minor, offSize); table != "" {
			tables = append(tables, table)
		}
		if t.err != nil {
			return nil, fmt.Errorf("read list of dump: %w", t.err)
		}
	}
	return tables, nil
}

// entry returns the table of an entry that has rows, "" for any other.
func (t *toc) entry(minor, offSize int) (table string) {
	t.number() // id
	hasData := t.number() != 0
	t.text() // oids: of the catalogue
	t.text() // and in it
	tag, kind := t.text(), t.text()
	t.number()    // section
	for range 5 { // definition, how to drop it, how to copy it, schema, table space
		t.text()
	}
	if minor >= 14 {
		t.text() // access method
	}
	if minor >= 16 {
		t.number() // kind of relation
	}
	t.text() // owner
	t.text() // with oids: false
	for t.err == nil {
		if _, more := t.optional(); !more { // ids of what it depends on
			break
		}
	}
	t.bytes(1 + offSize) // where the data is
	if kind == "TABLE DATA" && hasData {
		return tag
	}
	return ""
}

func (t *toc) bytes(n int) []byte {
	b := make([]byte, n)
	if t.err == nil {
		_, t.err = io.ReadFull(t.r, b)
	}
	return b
}

// number reads a sign and the absolute value, its lowest byte first.
func (t *toc) number() int {
	b := t.bytes(1 + t.intSize)
	n := 0
	for i := t.intSize; i >= 1; i-- {
		n = n<<8 | int(b[i])
	}
	if b[0] != 0 {
		return -n
	}
	return n
}

func (t *toc) text() string {
	text, _ := t.optional()
	return text
}

// optional reads a text, and reports false when there is none.
func (t *toc) optional() (string, bool) {
	n := t.number()
	if t.err != nil || n < 0 {
		return "", false
	}
	if n > maxTocText {
		t.err = errNotDump
		return "", false
	}
	b, err := io.ReadAll(io.LimitReader(t.r, int64(n))) // grows as far as there is something
	if err == nil && len(b) < n {
		err = io.ErrUnexpectedEOF
	}
	t.err = err
	return string(b), err == nil
}

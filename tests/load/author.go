package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/load/corsia"
)

// prose is what authors type, a letter a message, over and over.
const prose = "Patient seen at the bedside, comfortable, afebrile since the morning; continue the current therapy. "

// record is one room of a rate test. It does not change once everybody has joined.
type record struct {
	id      string
	json    []byte // id as a JSON string
	authors []*author
	index   map[uint64]int // of authors, by Yjs client id
}

// author is a socket that types into a record and reads what the others type: its connection's listener. What it types is one character a message,
// so that the clock of its Yjs client id numbers its messages.
type author struct {
	// Set before anything is sent, never changed.
	load     *load
	record   *record
	conn     *corsia.Client
	instance int // that it is connected to
	field    string
	client   uint64 // Yjs client id
	whole    bool   // it keeps what it has written and heard, for its replica

	doc *ydoc.Doc // of its own text alone; owned by the pacer

	// Guarded by mu.
	mu   sync.Mutex
	kept [][]byte // updates in the order of writing and hearing

	sent     atomic.Int64   // messages
	dueAt    []atomic.Int64 // of each message, on the bench's clock
	answered atomic.Int64   // messages that were acknowledged
	got      atomic.Int64   // deliveries

	// Owned by the reading goroutine.
	next     []int64 // of each author's messages, by its index
	revision int64   // of the last delivery
	tally    tally
}

// tally counts what must not happen. It is read when the connection has ended.
type tally struct {
	lost, twice, disordered, refused, strange int64
	first                                     error
}

func (t *tally) problem(format string, args ...any) {
	if t.first == nil {
		t.first = fmt.Errorf(format, args...)
	}
}

// send types the next character, which was due at a moment.
func (a *author) send(due time.Duration) error {
	n := a.sent.Load()
	if int(n) >= len(a.dueAt) {
		return fmt.Errorf("more than %d messages were asked of one author", len(a.dueAt))
	}
	at := int(n) % len(prose)
	update, err := a.doc.Transact(ydoc.ClientID(a.client), func(e *ydoc.Edit) {
		e.InsertText(a.field, a.doc.TextLength(a.field), prose[at:at+1])
	})
	if err != nil {
		return err
	}
	if a.whole {
		a.keep(update)
	}
	a.dueAt[n].Store(int64(due))
	a.sent.Store(n + 1)
	return a.conn.Update(uint64(n), a.record.json, update)
}

// Updated counts a delivery, tells what is missing before it, and measures its way. It implements corsia.Listener.
func (a *author) Updated(_ []byte, revision int64, update []byte) {
	now := a.load.bench.now()
	client, clock, ok := firstStruct(update)
	from, known := a.record.index[client]
	if !ok || !known || a.record.authors[from] == a {
		a.tally.strange++
		a.tally.problem("an update of revision %d is nobody's message", revision)
		return
	}
	switch next := a.next[from]; {
	case clock < next:
		a.tally.twice++
		a.tally.problem("message %d of client %d came again, at revision %d", clock, client, revision)
		return
	case clock > next:
		a.tally.lost += clock - next
		a.tally.problem("message %d of client %d came when %d was awaited, at revision %d", clock, client, next, revision)
	}
	a.next[from] = clock + 1
	if revision <= a.revision {
		a.tally.disordered++
		a.tally.problem("revision %d came after %d", revision, a.revision)
	}
	a.revision = revision
	a.got.Add(1)
	author := a.record.authors[from]
	a.load.delivered(author, a, time.Duration(author.dueAt[clock].Load()), now)
	if a.whole {
		a.keep(bytes.Clone(update))
	}
}

func (a *author) keep(update []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = append(a.kept, update)
}

// replica returns the document as the author would see it: the measured time does not pay for it.
func (a *author) replica() (*ydoc.Doc, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	doc := ydoc.New()
	for _, update := range a.kept {
		if err := doc.ApplyUpdate(update); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// Acknowledged counts an acknowledgement and measures how long it took.
func (a *author) Acknowledged(seq uint64, answer []byte) {
	if seq >= uint64(len(a.dueAt)) {
		a.tally.strange++
		a.tally.problem("acknowledgement %d answers nothing", seq)
		return
	}
	if !corsia.Accepted(answer) {
		a.tally.refused++
		a.tally.problem("message %d was refused: %s", seq, answer)
		return
	}
	a.answered.Add(1)
	a.load.acknowledged(time.Duration(a.dueAt[seq].Load()), a.load.bench.now())
}

// Event ignores who joins and who leaves.
func (a *author) Event(string, []byte) {}

// Lost counts.
func (a *author) Lost(err error) { a.load.lost.add(fmt.Errorf("connection lost: %w", err)) }

// awaited returns the messages of the others that have not come, when nothing comes any more.
func (a *author) awaited() int64 {
	n := int64(0)
	for i, other := range a.record.authors {
		if other != a {
			n += other.sent.Load() - a.next[i]
		}
	}
	return n
}

// firstStruct returns the client id and the clock of the first struct of a Yjs V1 update.
func firstStruct(update []byte) (client uint64, clock int64, ok bool) {
	var numbers [4]uint64 // clients, structs, client, clock
	for i := range numbers {
		n, size := binary.Uvarint(update)
		if size <= 0 {
			return 0, 0, false
		}
		numbers[i], update = n, update[size:]
	}
	return numbers[2], int64(numbers[3]), numbers[0] == 1 && numbers[1] == 1
}

package main

import (
	"sync/atomic"
	"testing"
	"time"

	"corsia/shared/ydoc"
)

// pair is a record with two authors, of whom the second one reads.
func pair() (writer, reader *author) {
	l := &load{bench: &bench{epoch: time.Now()}, end: time.Hour}
	r := &record{id: "r", json: []byte(`"r"`), index: map[uint64]int{1: 0, 2: 1}}
	for i := range 2 {
		a := &author{load: l, record: r, client: uint64(i + 1), field: fields[0], doc: ydoc.New(), next: make([]int64, 2)}
		a.dueAt = make([]atomic.Int64, 16)
		r.authors = append(r.authors, a)
	}
	return r.authors[0], r.authors[1]
}

// typed returns the updates of n characters.
func typed(t *testing.T, a *author, n int) [][]byte {
	t.Helper()
	var updates [][]byte
	for range n {
		update, err := a.doc.Transact(ydoc.ClientID(a.client), func(e *ydoc.Edit) {
			e.InsertText(a.field, a.doc.TextLength(a.field), "x")
		})
		if err != nil {
			t.Fatal(err)
		}
		a.sent.Add(1)
		updates = append(updates, update)
	}
	return updates
}

func TestEveryLossAndRepetitionIsCounted(t *testing.T) {
	tests := []struct {
		name  string
		order []int // of the writer's five messages, as they come
		want  tally
		lacks int64
	}{
		{"all in order", []int{0, 1, 2, 3, 4}, tally{}, 0},
		{"the last is missing", []int{0, 1, 2, 3}, tally{}, 1},
		{"two in between are missing", []int{0, 3, 4}, tally{lost: 2}, 0},
		{"one comes twice", []int{0, 1, 1, 2, 3, 4}, tally{twice: 1}, 0},
		{"nothing comes", nil, tally{}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			writer, reader := pair()
			updates := typed(t, writer, 5)
			for at, i := range tt.order {
				reader.Updated(nil, int64(at+2), updates[i])
			}
			got := reader.tally
			got.first = nil
			if got != tt.want {
				t.Errorf("tally %+v: want %+v", got, tt.want)
			}
			if lacks := reader.awaited(); lacks != tt.lacks {
				t.Errorf("%d are awaited: want %d", lacks, tt.lacks)
			}
		})
	}
}

func TestRevisionsThatDoNotGrowAreCounted(t *testing.T) {
	writer, reader := pair()
	for _, update := range typed(t, writer, 3) {
		reader.Updated(nil, 7, update)
	}
	if got := reader.tally.disordered; got != 2 {
		t.Errorf("%d are out of order: want 2", got)
	}
}

func TestUpdatesOfNobodyAreStrange(t *testing.T) {
	writer, reader := pair()
	writer.client = 9
	for _, update := range [][]byte{typed(t, writer, 1)[0], typed(t, reader, 1)[0], {}, {0, 0}} {
		reader.Updated(nil, 2, update)
	}
	if got := reader.tally.strange; got != 4 {
		t.Errorf("%d are strange: want 4", got)
	}
}

func TestAReplicaFollowsWhatOthersType(t *testing.T) {
	writer, reader := pair()
	reader.whole = true
	for at, update := range typed(t, writer, 4) {
		reader.Updated(nil, int64(at+2), update)
	}
	if !reader.equal(writer.doc) {
		t.Error("the replica differs from what was typed")
	}
	typed(t, writer, 1)
	if reader.equal(writer.doc) {
		t.Error("a replica that lacks a letter is taken for equal")
	}
}

func TestAcknowledgementsAreCountedAndRefusalsKept(t *testing.T) {
	a, _ := pair()
	a.Acknowledged(0, []byte(`{"ok":true,"revision":2}`))
	a.Acknowledged(1, []byte(`{"error":{"code":"BACKPRESSURE"},"ok":false}`))
	a.Acknowledged(99, []byte(`{"ok":true}`))
	if a.answered.Load() != 1 || a.tally.refused != 1 || a.tally.strange != 1 || a.tally.first == nil {
		t.Errorf("answered %d, tally %+v", a.answered.Load(), a.tally)
	}
	if got := a.load.acknowledgement.Count(); got != 1 {
		t.Errorf("%d acknowledgements are measured: want 1", got)
	}
}

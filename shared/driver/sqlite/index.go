package sqlite

import (
	"fmt"
	"time"
)

// The journal lies in the order of commits, and the index that finds the rows of one document is filled later, many rows at
// a time: a commit of a hundred documents writes a few pages in the place of a hundred, which halves what it costs. Readers
// look at the index, then at the rows behind it.
const (
	maxUnindexedRows = 2048        // indexed between two commits when there are as many: bounds what readers scan
	idleBeforeIndex  = time.Second // without a commit: the rest is indexed
)

// indexJournal indexes what an erasure, which has a connection of its own, has not indexed before.
const (
	indexJournal = `INSERT INTO yjs_revisions (tenant, resource_id, revision, position)
		SELECT tenant, resource_id, revision, position FROM yjs_updates`
	indexOrder = "ORDER BY tenant, resource_id, revision ON CONFLICT DO NOTHING"
)

// readPositions finds out where the journal ends. Positions are never given twice, also when rows have been deleted.
func (w *writer) readPositions() error {
	_, err := w.row("SELECT position, max(position, (SELECT ifnull(max(position), 0) FROM yjs_updates)) FROM yjs_indexed",
		nil, &w.indexed, &w.journal.last)
	return err
}

// unindexed returns how many rows are not indexed yet, at most.
func (w *writer) unindexed() int64 { return w.journal.last - w.indexed }

// index indexes the rows that are not indexed yet, in a transaction of its own.
func (w *writer) index() error {
	last := w.journal.last
	if last == w.indexed {
		return nil
	}
	if err := w.exec(stmtBegin); err != nil {
		return fmt.Errorf("index journal: begin: %w", err)
	}
	err := w.exec(indexJournal+" WHERE position > ? "+indexOrder, w.indexed)
	if err == nil {
		err = w.exec("UPDATE yjs_indexed SET position = ?", last)
	}
	if err == nil {
		err = w.exec(stmtCommit)
	}
	if err != nil {
		return w.rollback(fmt.Errorf("index journal: %w", err))
	}
	w.indexed = last
	return nil
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"corsia/shared/collab"
)

// Transaction control. Autocommit transactions of database/sql would prepare these anew each time.
const (
	stmtBegin    = "BEGIN IMMEDIATE"
	stmtCommit   = "COMMIT"
	stmtRollback = "ROLLBACK"
)

// writer is the one connection that writes, with its prepared statements. It belongs to the committer; its methods never
// end early, for a change is applied whole or not at all.
type writer struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	journal    journalRows       // entries of this transaction that are not inserted yet
	indexed    int64             // journal rows up to this position are in yjs_revisions
	audited    []collab.AuditRow // rows of this transaction
}

func openWriter(pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, statements: map[string]*sql.Stmt{}}
	if err := w.readPositions(); err != nil {
		w.close()
		return nil, fmt.Errorf("read positions of journal: %w", err)
	}
	return w, nil
}

// close gives the connection back to its pool, which keeps none: it is closed, and an open transaction ends.
func (w *writer) close() {
	if errors.Is(w.conn.Raw(func(any) error { return nil }), sql.ErrConnDone) {
		return // database/sql has closed it, and its statements must not be touched any more
	}
	for _, s := range w.statements {
		_ = s.Close() // the connection ends with it
	}
	_ = w.conn.Close() // what was committed has been answered
}

// rollback undoes the transaction and returns err.
func (w *writer) rollback(err error) error {
	w.journal.reset()
	// SQLite ends the transaction by itself after some errors; ROLLBACK fails then, which is no harm.
	if undo := w.exec(stmtRollback); undo != nil && code(undo) == 0 {
		return errors.Join(fmt.Errorf("%w: roll back: %w", errConnection, undo), err)
	}
	return err
}

func (w *writer) flush() error {
	if err := w.journal.insert(w); err != nil {
		return fmt.Errorf("insert into journal: %w", err)
	}
	return nil
}

func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if s, ok := w.statements[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = s
	return s, nil
}

func (w *writer) exec(query string, args ...any) error {
	_, err := w.changed(query, args...)
	return err
}

// changed executes a statement and reports how many rows it changed.
func (w *writer) changed(query string, args ...any) (int64, error) {
	s, err := w.prepared(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// row queries at most one row into dest and reports whether there was one.
func (w *writer) row(query string, args []any, dest ...any) (bool, error) {
	s, err := w.prepared(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (w *writer) rows(query string, args ...any) (*sql.Rows, error) {
	s, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}

// head returns the head of a resource and whether it has one.
func (w *writer) head(r collab.Resource) (h collab.Head, found bool, err error) {
	found, err = w.row("SELECT revision, guard, epoch FROM yjs_heads WHERE tenant = ? AND resource_id = ?",
		[]any{r.Tenant, r.ID}, &h.Revision, &h.Guard, &h.Epoch)
	return h, found, err
}

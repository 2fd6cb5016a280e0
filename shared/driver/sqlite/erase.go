package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"corsia/shared/collab"
)

// lastErased reads the last erasure of a resource.
func lastErased(ctx context.Context, tx *sql.Tx, r collab.Resource) (e collab.LastErasure, err error) {
	var at int64
	err = tx.QueryRowContext(ctx, "SELECT epoch, erased_at FROM erasures WHERE tenant = ? AND resource_id = ? ORDER BY epoch DESC LIMIT 1",
		r.Tenant, r.ID).Scan(&e.Epoch, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return collab.LastErasure{}, nil
	}
	e.At = fromMicros(at)
	return e, err
}

// Content counts what there is of a resource to erase.
func (b *Backup) Content(ctx context.Context, r collab.Resource) (c collab.Content, err error) {
	if b.Trail == nil {
		return c, fmt.Errorf("count content of %v: %w", r, errNoStore)
	}
	err = b.change(ctx, func(w *writer) error {
		c, err = w.content(r)
		return err
	})
	if err != nil {
		return collab.Content{}, fmt.Errorf("count content of %v: %w", r, err)
	}
	return c, nil
}

const (
	countContent = `SELECT count(*), ifnull(min(revision), 0), ifnull(max(revision), 0),
		EXISTS (SELECT 1 FROM yjs_states WHERE tenant = ?1 AND resource_id = ?2 AND state <> ?3),
		(SELECT count(*) FROM yjs_seeds WHERE tenant = ?1 AND resource_id = ?2),
		(SELECT count(*) FROM webhook_inbox WHERE tenant = ?1 AND resource_id = ?2 AND length(data) > 0),
		(SELECT count(*) FROM yjs_bases WHERE tenant = ?1 AND resource_id = ?2 AND state <> ?3)
		FROM yjs_updates WHERE tenant = ?1 AND resource_id = ?2`
)

func (w *writer) content(r collab.Resource) (c collab.Content, err error) {
	if c.Head, _, err = w.head(r); err != nil {
		return c, fmt.Errorf("read head: %w", err)
	}
	_, err = w.row(countContent, []any{r.Tenant, r.ID, emptyState}, &c.Updates, &c.From, &c.To, &c.Text, &c.Seeds, &c.Pushes, &c.Bases)
	return c, err
}

// Erase takes the content of a resource out of the store, in one transaction for which a gateway waits: its next append meets
// another epoch. What was there is overwritten in the file (secure_delete).
func (b *Backup) Erase(ctx context.Context, e collab.Erasure) (done collab.Erased, err error) {
	if b.Trail == nil {
		return done, fmt.Errorf("erase %v: %w", e.Resource, errNoStore)
	}
	err = b.change(ctx, func(w *writer) error {
		done, err = w.erase(e)
		return err
	})
	if err != nil {
		return collab.Erased{}, fmt.Errorf("erase %v: %w", e.Resource, err)
	}
	return done, nil
}

func (w *writer) erase(e collab.Erasure) (done collab.Erased, err error) {
	if done.Content, err = w.content(e.Resource); err != nil {
		return done, err
	}
	c := done.Content
	done.Head = c.Head
	if c.Empty() && len(e.Repeats) == 0 {
		return done, nil
	}
	if done.Covered, err = w.coverRest(e); err != nil {
		return done, fmt.Errorf("cover journal: %w", err)
	}
	rows, err := w.rows("UPDATE locks SET closed_at = ?, closed_reason = ? WHERE tenant = ? AND resource_id = ? AND closed_at IS NULL RETURNING "+lockColumns,
		micros(e.At), collab.LockReleased, e.Resource.Tenant, e.Resource.ID)
	if err != nil {
		return done, err
	}
	closed, err := drain(rows, scanLock)
	if err != nil {
		return done, fmt.Errorf("close locks: %w", err)
	}
	done.Locks = int64(len(closed))
	if c.Head.Revision > 0 {
		done.Head.Epoch, done.Head.Guard = c.Head.Epoch+e.Lives(), c.Head.Guard+1
	}
	if err := w.eraseContent(e); err != nil {
		return done, err
	}
	if err := w.beginLife(e, done.Head); err != nil {
		return done, err
	}
	audit, err := e.Audit(c, closed)
	if err != nil {
		return done, err
	}
	return done, w.audit(audit)
}

// eraseContent takes the content away. All rows of the journal are indexed first: a row's position is given once, and where
// the last one was is known by yjs_indexed alone when it is gone.
func (w *writer) eraseContent(e collab.Erasure) error {
	if err := w.exec("PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	if err := w.exec(indexJournal + " WHERE position > (SELECT position FROM yjs_indexed) " + indexOrder); err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	if err := w.exec("UPDATE yjs_indexed SET position = max(position, (SELECT ifnull(max(position), 0) FROM yjs_updates))"); err != nil {
		return fmt.Errorf("index journal: %w", err)
	}
	statements := []string{
		"DELETE FROM yjs_updates WHERE tenant = ? AND resource_id = ?",
		"DELETE FROM yjs_revisions WHERE tenant = ? AND resource_id = ?",
		"DELETE FROM yjs_seeds WHERE tenant = ? AND resource_id = ?",
		"UPDATE webhook_inbox SET data = x'' WHERE tenant = ? AND resource_id = ? AND length(data) > 0",
		"UPDATE locks SET name = '' WHERE tenant = ? AND resource_id = ? AND name <> ''",
	}
	for _, statement := range statements {
		if err := w.exec(statement, e.Resource.Tenant, e.Resource.ID); err != nil {
			return err
		}
	}
	return nil
}

// beginLife begins the new life of the document, at its revision.
func (w *writer) beginLife(e collab.Erasure, head collab.Head) error {
	tenant, id, at := e.Resource.Tenant, e.Resource.ID, micros(e.At)
	if len(e.Repeats) > 0 || head.Revision > 0 {
		err := w.exec(`INSERT INTO erasures (tenant, resource_id, epoch, erased_at, erased_by, reason, repeats) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, resource_id, epoch) DO UPDATE SET repeats = ltrim(repeats || ',' || excluded.repeats, ',')`,
			tenant, id, head.Epoch, at, e.By, e.Reason, strings.Join(e.Repeats, ","))
		if err != nil {
			return err
		}
	}
	if head.Revision == 0 {
		return nil
	}
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO yjs_states (tenant, resource_id, state, revision, updated_at, epoch) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, resource_id) DO UPDATE SET state = excluded.state, revision = excluded.revision,
			updated_at = excluded.updated_at, epoch = excluded.epoch`, []any{tenant, id, emptyState, head.Revision, at, head.Epoch}},
		{"UPDATE yjs_clients SET retired = 1 WHERE tenant = ? AND resource_id = ? AND retired = 0", []any{tenant, id}},
		{"UPDATE yjs_heads SET epoch = ?, guard = ?, updated_at = ? WHERE tenant = ? AND resource_id = ?", []any{head.Epoch, head.Guard, at, tenant, id}},
	} {
		if err := w.exec(step.sql, step.args...); err != nil {
			return err
		}
	}
	// The journal begins with nothing now, at the revision of the last row that was in it.
	return w.exec(`INSERT INTO yjs_bases (tenant, resource_id, revision, state, last_at, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
		ON CONFLICT (tenant, resource_id) DO UPDATE SET revision = excluded.revision, state = excluded.state, last_at = excluded.last_at,
		made_at = excluded.made_at`, tenant, id, head.Revision, emptyState, at)
}

// Repeated returns the events of a newer trail whose erasures were carried out again.
func (b *Backup) Repeated(ctx context.Context) (events []string, err error) {
	if b.Trail == nil {
		return nil, fmt.Errorf("read erasures: %w", errNoStore)
	}
	lists, err := collect(ctx, b.readers, func(s scanner) (list string, err error) {
		err = s.Scan(&list)
		return list, err
	}, "SELECT repeats FROM erasures WHERE repeats <> ''")
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	for _, list := range lists {
		events = append(events, strings.Split(list, ",")...)
	}
	return events, nil
}

// coverRest covers what no event covers yet of all journals: they have one order here.
func (w *writer) coverRest(e collab.Erasure) (n int64, err error) {
	for {
		rows, err := w.rows("SELECT u.position, "+lineColumns+` FROM yjs_updates u WHERE u.position > (SELECT position FROM audit_covered)
			ORDER BY u.position LIMIT ?`, coverRows)
		if err != nil {
			return n, err
		}
		last := int64(0)
		var s lineScanner
		lines, err := drain(rows, func(row scanner) (collab.JournalLine, error) { return s.scan(row, &last) })
		if err != nil || len(lines) == 0 {
			return n, err
		}
		if err := w.audit(e.Cover(lines)); err != nil {
			return n, err
		}
		if err := w.exec("UPDATE audit_covered SET position = ?", last); err != nil {
			return n, err
		}
		n += int64(len(lines))
	}
}

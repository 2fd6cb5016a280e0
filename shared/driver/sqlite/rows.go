package sqlite

import (
	"strings"

	"corsia/shared/collab"
)

// insertRows is the number of journal rows that one statement inserts, as far as there are as many.
const insertRows = 32

const (
	journalColumns = 10
	insertJournal  = `INSERT INTO yjs_updates
		(position, tenant, resource_id, revision, "update", user_id, session_id, client_ids, fields, created_at) VALUES `
	journalRow = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

var insertMany = insertJournal + strings.Repeat(journalRow+", ", insertRows-1) + journalRow

// journalRows gathers entries of a transaction, so that one statement inserts many.
type journalRows struct {
	args []any
	last int64 // position of the last row that was added
}

func (j *journalRows) count() int { return len(j.args) / journalColumns }

func (j *journalRows) reset() {
	clear(j.args)
	j.args = j.args[:0]
}

func (j *journalRows) add(r collab.Resource, e *collab.Entry) {
	update := e.Update
	if update == nil {
		update = []byte{}
	}
	j.last++
	j.args = append(j.args, j.last, string(r.Tenant), string(r.ID), e.Revision, update, string(e.User), string(e.Session),
		clientsJSON(e.Clients), fieldsJSON(e.Fields), micros(e.At))
}

func (j *journalRows) insert(w *writer) error {
	defer j.reset()
	rest := j.args
	for ; len(rest) >= insertRows*journalColumns; rest = rest[insertRows*journalColumns:] {
		if err := w.exec(insertMany, rest[:insertRows*journalColumns]...); err != nil {
			return err
		}
	}
	for ; len(rest) > 0; rest = rest[journalColumns:] {
		if err := w.exec(insertJournal+journalRow, rest[:journalColumns]...); err != nil {
			return err
		}
	}
	return nil
}

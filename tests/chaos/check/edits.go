package check

import (
	"slices"
	"strings"

	"corsia/shared/ydoc"
)

// firstRevision is the creation of a document, which has no row.
const firstRevision = 1

// edits judges the journal by what the clients wrote.
func (j *judge) edits() {
	j.gaps()
	known := map[string]*fate{}
	for i := range j.ops {
		j.follow(known, &j.ops[i])
	}
	for token, f := range known {
		j.judgeToken(token, f)
	}
	for token, places := range j.tokenRows {
		if known[token] == nil {
			j.wrong(Invented, "%s in %s at revision %d was never sent", token, places[0].room, places[0].revision)
		}
	}
	for room, rows := range j.final.Journal {
		j.judgeContent(room, rows, known)
	}
}

// fate is what became of a text, by its author's knowledge.
type fate struct {
	room     string
	field    string
	value    bool
	sessions []string // that sent it
	sent     int
	acked    *Op
	refused  *Op // of its one sending
	deleting bool
	deleted  bool
}

func (j *judge) follow(known map[string]*fate, op *Op) {
	if op.Kind != Edit && op.Kind != Resend {
		return
	}
	for _, token := range op.Tokens {
		f := known[token]
		if f == nil {
			f = &fate{room: op.Room, field: op.Field, value: op.Value}
			known[token] = f
		}
		f.sent++
		f.sessions = append(f.sessions, op.Session)
		switch {
		case op.Result == OK:
			f.acked = op
		case op.Result == Refused && final(op.Code):
			f.refused = op
		}
	}
	for _, token := range op.Deletes {
		if f := known[token]; f != nil {
			f.deleting = true
			f.deleted = f.deleted || op.Result == OK
		}
	}
	if row, ok := j.row(place{op.Room, op.Revision}); ok && op.Result == OK && row.Session == op.Session {
		j.saw(place{op.Room, op.Revision}, op.Return)
	}
}

// final reports whether a refusal says that nothing of the edit will ever be stored.
func final(code string) bool {
	return code == "UPDATE_REJECTED" || code == "FOREIGN_CLIENT" || code == "RESYNC_REQUIRED"
}

func (j *judge) gaps() {
	for room, rows := range j.final.Journal {
		want := int64(firstRevision + 1)
		for _, row := range rows {
			if row.Revision != want {
				j.wrong(Gap, "%s: revision %d where %d should be", room, row.Revision, want)
			}
			want = row.Revision + 1
		}
	}
}

// judgeToken compares what became of a text with the rows that bring it.
func (j *judge) judgeToken(token string, f *fate) {
	rows := j.tokenRows[token]
	if len(rows) > 1 {
		j.wrong(Invented, "%s is in the journal of %s %d times", token, f.room, len(rows))
	}
	if f.acked != nil && len(rows) == 0 && !f.deleting {
		j.wrong(Lost, "%s was acknowledged to %s at revision %d of %s, no row brings it", token, f.acked.Session, f.acked.Revision, f.room)
	}
	if f.refused != nil && f.sent == 1 && len(rows) > 0 {
		j.wrong(Forbidden, "%s was refused with %s, and is at revision %d of %s", token, f.refused.Code, rows[0].revision, f.room)
	}
	if len(rows) == 0 {
		return
	}
	row, _ := j.row(rows[0])
	if rows[0].room != f.room || !slices.Contains(f.sessions, row.Session) {
		j.wrong(Invented, "%s of %s is in the journal of %s as written by %s", token, f.room, rows[0].room, row.Session)
	}
	if f.acked != nil && row.Revision > f.acked.Revision {
		j.wrong(Uncommitted, "%s was acknowledged at revision %d of %s and is in row %d", token, f.acked.Revision, f.room, row.Revision)
	}
}

// judgeContent looks at the document that the journal makes.
func (j *judge) judgeContent(room string, rows []Row, known map[string]*fate) {
	doc := ydoc.New()
	for _, row := range rows {
		if err := doc.ApplyUpdate(row.Update); err != nil {
			j.wrong(Gap, "%s: row %d cannot be applied: %v", room, row.Revision, err)
			return
		}
		if doc.HasPending() {
			j.wrong(Gap, "%s: row %d builds on what no earlier row has", room, row.Revision)
			return
		}
	}
	count := map[string]int{}
	for _, root := range doc.Roots() {
		text := doc.Text(root)
		tokens := Token.FindAllString(text, -1)
		if strings.Join(tokens, "") != text {
			j.wrong(Invented, "%s: %s has torn text", room, root)
		}
		for _, token := range tokens {
			count[token]++
		}
	}
	for token, f := range known {
		if f.room != room || f.value {
			continue
		}
		switch n := count[token]; {
		case n > 1:
			j.wrong(Invented, "%s is in %s %d times", token, room, n)
		case n == 1 && f.deleted:
			j.wrong(Undone, "%s is in %s, and its deletion was acknowledged", token, room)
		case n == 0 && f.acked != nil && !f.deleting && len(j.tokenRows[token]) > 0:
			j.wrong(Lost, "%s was acknowledged at revision %d of %s and is not in the document", token, f.acked.Revision, room)
		}
	}
}

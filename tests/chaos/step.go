package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/chaos/check"
	"corsia/tests/load/corsia"
)

var (
	textFields  = []string{"content", "notes", "dose"}
	valueFields = []string{"bed", "diet"}                                        // entries of the map of values
	lockFields  = []string{"notes", "notes", "dose", "values/bed", "values", ""} // the last is the whole resource
)

const (
	mostLocks = 2   // that an actor holds
	mostSaved = 200 // texts that an actor remembers
)

var errLost = errors.New("the connection was lost")

// step does one thing.
func (a *actor) step() {
	a.locks = kept(a.locks, func(l lock) bool { return !a.ear.over(l.id) })
	switch n := a.random.IntN(100); {
	case n < 2:
		a.goodbye()
	case n < 4:
		a.drop()
	case n < 7:
		if a.leave() && a.random.IntN(2) == 0 {
			a.room = a.rooms[a.random.IntN(len(a.rooms))]
			a.startOver()
			a.saved = nil
		}
	case a.role.Viewer:
		a.heartbeat()
	case n < 14 && len(a.locks) < mostLocks:
		a.acquire()
	case n < 45 && len(a.locks) > 0:
		a.release()
	case n < 52 && len(a.locks) > 0:
		a.extend()
	default:
		a.save(a.edit())
	}
}

func kept[T any](all []T, keep func(T) bool) []T {
	var out []T
	for _, v := range all {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

// goodbye leaves in an orderly way.
func (a *actor) goodbye() {
	a.conn.Close() // the gateway may be gone already
	a.disconnected()
	a.lost = nil
}

func (a *actor) heartbeat() {
	if err := a.conn.Heartbeat(); err != nil {
		a.drop()
	}
}

// edit changes the document: a new text, a new value, or the deletion of an own text.
func (a *actor) edit() edit {
	n := a.random.IntN(10)
	if i := len(a.saved); n < 2 && i > 0 {
		i = a.random.IntN(i)
		gone := a.saved[i]
		a.saved = append(a.saved[:i:i], a.saved[i+1:]...)
		if at := strings.Index(a.doc.Text(gone.field), gone.tokens[0]); at >= 0 {
			return a.transact(edit{field: gone.field, deletes: gone.tokens}, func(e *ydoc.Edit) { e.DeleteText(gone.field, at, len(gone.tokens[0])) })
		}
	}
	a.tokens++
	token := fmt.Sprintf("<%d.%d>", a.number, a.tokens)
	if n < 4 {
		key := valueFields[a.random.IntN(len(valueFields))]
		return a.transact(edit{field: "values/" + key, tokens: []string{token}, value: true}, func(e *ydoc.Edit) { e.SetMap("values", key, token) })
	}
	field := textFields[a.random.IntN(len(textFields))]
	if len(a.locks) > 0 && a.random.IntN(2) == 0 && !strings.HasPrefix(a.locks[0].field, "values") && a.locks[0].field != "" {
		field = a.locks[0].field
	}
	at := 0 // before a token: none is ever torn
	if tokens := check.Token.FindAllStringIndex(a.doc.Text(field), -1); len(tokens) > 0 {
		at = tokens[a.random.IntN(len(tokens))][a.random.IntN(2)]
	}
	return a.transact(edit{field: field, tokens: []string{token}}, func(e *ydoc.Edit) { e.InsertText(field, at, token) })
}

func (a *actor) transact(ed edit, change func(*ydoc.Edit)) edit {
	update, err := a.doc.Transact(a.client, change)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", a.name, err)) // places and lengths are the document's own
	}
	ed.update = update
	return ed
}

// save sends an edit and waits for its answer.
func (a *actor) save(ed edit) {
	op := a.op(check.Edit)
	op.Field, op.Tokens, op.Deletes, op.Value = ed.field, ed.tokens, ed.deletes, ed.value
	a.unsaved = append(a.unsaved, ed)
	if a.send(&op, ed.update) && len(ed.tokens) > 0 && !ed.value && len(a.saved) < mostSaved {
		a.saved = append(a.saved, ed)
	}
}

// resend sends again all that is unsaved.
func (a *actor) resend() bool {
	op := a.op(check.Resend)
	updates := make([][]byte, len(a.unsaved))
	for i, ed := range a.unsaved {
		updates[i] = ed.update
		op.Tokens, op.Deletes = append(op.Tokens, ed.tokens...), append(op.Deletes, ed.deletes...)
	}
	merged, err := ydoc.Merge(updates)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", a.name, err)) // its own updates
	}
	return a.send(&op, merged)
}

// send sends an update, with which everything unsaved is saved or refused.
func (a *actor) send(op *check.Op, update []byte) bool {
	answer, err := a.ask(update)
	var fields struct{ Revision int64 }
	if err == nil {
		err = json.Unmarshal(answer, &fields)
	}
	op.Revision = fields.Revision
	if a.done(op, err) {
		a.unsaved = nil
		a.ear.reached(op.Revision)
		return true
	}
	switch op.Code {
	case "":
	case "BACKPRESSURE", "UNAVAILABLE", "INTERNAL", "RATE_LIMITED", "DRAINING": // kept, and sent again
	case "NOT_JOINED":
		a.joined = false
	default:
		a.startOver()
	}
	return false
}

// ask sends an update and returns what the server answers.
func (a *actor) ask(update []byte) ([]byte, error) {
	a.seq++
	resource, err := json.Marshal(a.room)
	if err != nil {
		return nil, err
	}
	if err := a.conn.Update(a.seq, resource, update); err != nil {
		return nil, err
	}
	late := time.NewTimer(answerTimeout)
	defer late.Stop()
	for {
		select {
		case got := <-a.ear.acks:
			if got.seq == a.seq {
				return got.answer, refusalIn(got.answer)
			}
		case <-a.ear.lost:
			return nil, errLost
		case <-late.C:
			return nil, context.DeadlineExceeded
		}
	}
}

// refusalIn returns the refusal in the answer to an update, or nil.
func refusalIn(answer []byte) error {
	if corsia.Accepted(answer) {
		return nil
	}
	var fields struct {
		Error struct{ Code string } `json:"error"`
	}
	if err := json.Unmarshal(answer, &fields); err != nil {
		return err
	}
	return &corsia.Refusal{Event: "Y_UPDATE", Code: fields.Error.Code, JSON: string(answer)}
}

func (a *actor) request(event string, fields map[string]any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	reply, err := a.conn.Request(ctx, event, fields)
	return reply.JSON, err
}

func (a *actor) acquire() {
	op := a.op(check.Acquire)
	op.Field = lockFields[a.random.IntN(len(lockFields))]
	op.TakeOver = a.random.IntN(4) == 0
	fields := map[string]any{"resourceId": a.room, "takeOver": op.TakeOver}
	if op.Field != "" {
		fields["field"] = op.Field
	}
	if a.random.IntN(2) == 0 {
		fields["ttl"] = 1 + a.random.IntN(2) // seconds
	}
	if a.random.IntN(3) == 0 {
		fields["waitMs"] = a.random.IntN(500)
	}
	answer, err := a.request("LOCK_ACQUIRE", fields)
	var got struct {
		LockID          string
		Fence, Revision int64
	}
	if err == nil {
		err = json.Unmarshal(answer, &got)
	}
	op.Lock, op.Fence, op.Revision = got.LockID, got.Fence, got.Revision
	if a.done(&op, err) {
		a.locks = append(kept(a.locks, func(l lock) bool { return l.id != got.LockID }), lock{got.LockID, op.Field, op.Fence})
	}
}

func (a *actor) release() {
	l := a.locks[a.random.IntN(len(a.locks))]
	a.locks = kept(a.locks, func(other lock) bool { return other.id != l.id })
	a.about(check.Release, "LOCK_RELEASE", l)
}

func (a *actor) extend() {
	l := a.locks[a.random.IntN(len(a.locks))]
	if !a.about(check.Extend, "LOCK_EXTEND", l) {
		a.locks = kept(a.locks, func(other lock) bool { return other.id != l.id })
	}
}

func (a *actor) about(kind check.Kind, event string, l lock) bool {
	op := a.op(kind)
	op.Lock, op.Field, op.Fence = l.id, l.field, l.fence
	_, err := a.request(event, map[string]any{"lockId": l.id})
	return a.done(&op, err)
}

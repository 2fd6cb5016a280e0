package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/chaos/check"
	"corsia/tests/load/corsia"
)

const (
	connectTimeout = 4 * time.Second
	answerTimeout  = 5 * time.Second
	shortestPause  = 10 * time.Millisecond // between two steps
	longestPause   = 90 * time.Millisecond
	retryPause     = 150 * time.Millisecond
)

// actor is one client: it does one thing at a time, notes how each ended, and behaves like the widget when something
// fails: what was not acknowledged is sent again, what was refused is thrown away with the document.
type actor struct {
	// Set by newActor, never changed.
	name    string
	role    Role
	number  int
	random  *rand.Rand
	history *check.History
	rooms   []string
	urls    []string
	token   func(user string) string

	// Owned by run.
	conn     *corsia.Client // nil: not connected
	ear      *ear
	instance int
	room     string
	joined   bool
	doc      *ydoc.Doc
	client   ydoc.ClientID
	unsaved  []edit // made, not acknowledged, part of doc
	saved    []edit // texts that it may delete
	locks    []lock
	lost     *comeback // a session that it may resume; nil: none
	tokens   int
	seq      uint64
}

// comeback is what a session needs to go on after its connection was lost.
type comeback struct {
	as     corsia.Connected
	ear    *ear
	joined bool
	locks  []lock
}

// edit is a change of the document.
type edit struct {
	field   string
	tokens  []string
	deletes []string
	value   bool
	update  []byte
}

// lock is one that the actor holds, as far as it knows.
type lock struct {
	id, field string
	fence     int64
}

func newActor(number int, p Plan, h *check.History, urls []string, token func(string) string) *actor {
	role := p.Actors[number]
	a := &actor{name: fmt.Sprintf("actor %d", number), number: number, role: role, random: rand.New(rand.NewPCG(role.Seed, 1)), history: h,
		rooms: p.Rooms, urls: urls, token: token, doc: ydoc.New()}
	a.room = a.rooms[number%len(a.rooms)]
	return a
}

// run acts until ctx ends.
func (a *actor) run(ctx context.Context) {
	for ctx.Err() == nil {
		if a.ready() {
			a.step()
		}
		pause(ctx, between(a.random, shortestPause, longestPause))
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// ready brings the actor into its room with nothing unsaved, one try, and reports whether it is there.
func (a *actor) ready() bool {
	if a.conn != nil {
		select {
		case <-a.ear.lost:
			a.disconnected()
		default:
		}
	}
	switch {
	case a.conn == nil && !a.connect(), !a.joined && !a.join(), len(a.unsaved) > 0 && !a.resend():
		time.Sleep(retryPause)
		return false
	}
	a.listen()
	return true
}

// settle ends with everything saved, or reports that it could not be.
func (a *actor) settle(ctx context.Context) bool {
	for ctx.Err() == nil {
		if a.ready() {
			return true
		}
	}
	return false
}

// listen applies what came.
func (a *actor) listen() {
	for _, update := range a.ear.take() {
		// What cannot be applied shows when the replicas are compared.
		_ = a.doc.ApplyUpdate(update)
	}
}

func (a *actor) op(kind check.Kind) check.Op {
	op := check.Op{Kind: kind, User: a.role.User, Instance: a.instance, Room: a.room, Call: a.history.Now()}
	if a.conn != nil {
		op.Session = a.conn.Connected.SessionID
	}
	return op
}

// done notes how an operation ended, and reports whether it was done.
func (a *actor) done(op *check.Op, err error) bool {
	op.Return, op.Result = a.history.Now(), check.OK
	if refusal, refused := errors.AsType[*corsia.Refusal](err); refused {
		op.Result, op.Code = check.Refused, refusal.Code
		var fields struct{ Reason string }
		if json.Unmarshal([]byte(refusal.JSON), &fields) == nil {
			op.Reason = fields.Reason
		}
	} else if err != nil {
		op.Return, op.Result = check.Never, check.Unknown
	}
	a.history.Add(*op)
	if op.Result == check.Unknown && op.Kind != check.Connect {
		a.drop()
	}
	return op.Result == check.OK
}

// connect begins a session, or goes on with the one whose connection was lost.
func (a *actor) connect() bool {
	a.instance = a.random.IntN(len(a.urls))
	op := a.op(check.Connect)
	a.ear = newEar(a.history)
	old := a.lost
	a.lost = nil
	o := corsia.Options{URL: a.urls[a.instance], Token: a.token(a.role.User), Listener: a.ear}
	if old != nil && a.random.IntN(2) == 0 {
		o.Resume, op.Session = &old.as, old.as.SessionID // it may be resumed though nobody hears of it
		a.ear.resume(old.ear)
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	conn, err := corsia.Connect(ctx, o)
	if err != nil {
		return a.done(&op, err)
	}
	a.conn = conn
	op.Session = conn.Connected.SessionID
	a.ear.named(op.Session)
	a.done(&op, nil)
	if conn.Connected.Resumed {
		a.locks = old.locks
		if !a.leaveOthers() {
			return false
		}
		if old.joined && a.random.IntN(2) == 0 { // else it joins again
			return a.sync()
		}
	}
	return true
}

// leaveOthers leaves the rooms in which a resumed session is though the actor has left them: the state driver may have lost
// that.
func (a *actor) leaveOthers() bool {
	for _, room := range a.conn.Connected.Rooms {
		if room == a.room {
			continue
		}
		op := a.op(check.Leave)
		op.Room = room
		ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
		err := a.conn.Leave(ctx, room)
		cancel()
		if !a.done(&op, err) {
			return false
		}
	}
	return true
}

// sync gets what a resumed session has missed in its room.
func (a *actor) sync() bool {
	op := a.op(check.Sync)
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	reply, err := a.conn.Request(ctx, "Y_SYNC", map[string]string{"resourceId": a.room})
	var fields struct{ Revision int64 }
	if err == nil {
		err = json.Unmarshal(reply.JSON, &fields)
	}
	op.Revision = fields.Revision
	if !a.done(&op, err) || len(reply.Attachments) == 0 {
		return false // it joins again
	}
	a.joined = true
	a.ear.reached(op.Revision)
	_ = a.doc.ApplyUpdate(reply.Attachments[0]) // as in listen
	return true
}

// drop ends the connection without a word.
func (a *actor) drop() {
	if a.conn != nil {
		_ = a.conn.Drop() // it has ended, or ends
		a.disconnected()
	}
}

// disconnected forgets what belonged to the connection.
func (a *actor) disconnected() {
	a.listen()
	a.lost = &comeback{as: a.conn.Connected, ear: a.ear, joined: a.joined, locks: a.locks}
	a.conn, a.joined, a.locks = nil, false, nil
}

func (a *actor) mode() string {
	if a.role.Viewer {
		return "viewer"
	}
	return "editor"
}

// join enters the room; the document keeps what is unsaved.
func (a *actor) join() bool {
	op := a.op(check.Join)
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	state, err := a.conn.Join(ctx, a.room, a.mode())
	op.Revision = state.Revision
	if !a.done(&op, err) {
		return false
	}
	a.joined, a.client = true, ydoc.ClientID(state.ClientID)
	_ = a.doc.ApplyUpdate(state.Update) // as in listen
	return true
}

// leave leaves the room and reports whether it did.
func (a *actor) leave() bool {
	op := a.op(check.Leave)
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	err := a.conn.Leave(ctx, a.room)
	if !a.done(&op, err) {
		return false
	}
	a.listen()
	a.joined, a.locks = false, nil
	return true
}

// startOver throws the document away, with what is unsaved: the next join brings the server's.
func (a *actor) startOver() {
	if a.conn != nil {
		a.ear.take()
	}
	a.doc, a.unsaved, a.joined = ydoc.New(), nil, false
}

package session

import (
	"context"
	"errors"
	"time"

	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// handlers are the events that clients may send. A handler's error is the answer; nil means that it has answered, or
// that the room will.
var handlers = map[string]func(s *Session, ctx context.Context, ev socketio.Event, t room.Ticket) error{
	evHeartbeat:    (*Session).heartbeat,
	evJoin:         (*Session).join,
	evLeave:        (*Session).leaveRoom,
	evSeed:         (*Session).seed,
	evSync:         (*Session).sync,
	evAwareness:    (*Session).awareness,
	evLockAcquire:  (*Session).lockAcquire,
	evLockExtend:   (*Session).lockExtend,
	evLockRelease:  (*Session).lockRelease,
	evLockRequest:  (*Session).lockRequested,
	evLockDecline:  (*Session).lockDeclined,
	evLockBreak:    (*Session).lockBreak,
	evTokenRefresh: (*Session).tokenRefresh,
}

// dispatch hands an event to its handler and answers what it refuses.
func (s *Session) dispatch(ev socketio.Event, now time.Time) {
	t := ticket(ev)
	if ev.Name == evUpdate || ev.Name == evResourceUpdate {
		res, err := s.update(ev, t, now)
		if isNotJoined(err) && s.turnsWait() {
			s.handleInTurn(ev, t, func(_ context.Context, ev socketio.Event) {
				if res, err := s.update(ev, t, now); err != nil {
					s.refuse(t, res, err)
				}
			})
		} else if err != nil {
			s.refuse(t, res, err)
		}
		return
	}
	handler, known := handlers[ev.Name]
	if !known {
		s.refuse(t, "", collab.NewError(collab.CodeUnknownEvent, "there is no such event"))
		return
	}
	handle := func(ctx context.Context, ev socketio.Event) {
		if err := handler(s, ctx, ev, t); err != nil {
			s.refuse(t, "", err)
		}
	}
	switch ev.Name {
	case evJoin, evLeave, evTokenRefresh:
		s.handleInTurn(ev, t, handle)
		return
	case evLockExtend, evLockRelease, evLockRequest:
		s.handleAside(ev, t, handle)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	err := handler(s, ctx, ev, t)
	if isNotJoined(err) && s.turnsWait() {
		s.handleInTurn(ev, t, handle)
	} else if err != nil {
		s.refuse(t, "", err)
	}
}

// isNotJoined says that the session is not in a room, as far as it has come.
func isNotJoined(err error) bool {
	return err != nil && collab.AsError(err).Code == collab.CodeNotJoined
}

// ticket notes which answer an event waits for.
func ticket(ev socketio.Event) room.Ticket {
	t := room.Ticket{Event: ev.Name, Ack: -1}
	if ev.WantsAck() {
		t.Ack = int64(ev.AckID())
	}
	return t
}

func (s *Session) heartbeat(_ context.Context, _ socketio.Event, t room.Ticket) error {
	now := collab.Millis(s.gate.Now())
	s.emit("HEARTBEAT_ACK", struct {
		ServerTime int64 `json:"serverTime"`
	}{now})
	s.ok(t, map[string]any{"serverTime": now})
	return nil
}

// update hands a document change to its room (SPEC D2). As a rule nothing here waits, and no time is measured for it.
func (s *Session) update(ev socketio.Event, t room.Ticket, now time.Time) (collab.ResourceID, error) {
	name, update, heals, err := decodeUpdate(ev)
	id := collab.ResourceID(name)
	if err != nil {
		return id, err
	}
	change := room.Update{From: s.id, Payload: update, Healing: heals, At: now, Ticket: t}
	if m := s.in(id); m != nil && s.mayWrite(m, id) && m.room.Offer(change) {
		return id, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	m, err := s.writer(ctx, id, t.Event)
	if err != nil {
		return id, err
	}
	return id, m.room.Send(ctx, change)
}

// mayWrite reports whether the session is an editor of the room and its token still says so.
func (s *Session) mayWrite(m *membership, id collab.ResourceID) bool {
	return m.member.Mode == collab.Editor && s.gate.Grants.Allows(s.who(), id, collab.Editor)
}

// writer returns the session's place in a room where it may write, or NOT_JOINED or PERMISSION_DENIED (SPEC R2).
func (s *Session) writer(ctx context.Context, id collab.ResourceID, event string) (*membership, error) {
	m := s.in(id)
	if m == nil {
		return nil, collab.NewError(collab.CodeNotJoined, "the session has not joined this resource")
	}
	if !s.mayWrite(m, id) {
		return nil, s.deny(ctx, id, event, "viewer")
	}
	return m, nil
}

// deny audits what a session tried without the right to, and returns PERMISSION_DENIED.
func (s *Session) deny(ctx context.Context, id collab.ResourceID, event, reason string) error {
	e := s.event(audit.PermissionDenied)
	e.Resource, e.Outcome, e.Reason, e.Details = id, audit.Denied, reason, map[string]string{"event": event}
	if err := s.gate.Audit.Record(ctx, e); err != nil {
		s.gate.Log.Error("session: audit a refusal", obs.Session(s.id), obs.Err(err))
	}
	return &collab.Error{Code: collab.CodePermissionDenied, Msg: "this session may not do that here", Detail: denial{Reason: reason}}
}

func (s *Session) seed(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q seedRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	id := collab.ResourceID(q.ResourceID)
	m, err := s.writer(ctx, id, t.Event)
	if err != nil {
		return about(id, err)
	}
	values, err := seeds("values", q.Values)
	if err != nil {
		return about(id, err)
	}
	known, err := seeds("known", q.Known)
	if err != nil {
		return about(id, err)
	}
	seed := room.Seed{From: s.id, Values: values, Known: known, At: s.gate.Now(), Ticket: t}
	if len(values) > 0 {
		if seed.Client, err = s.gate.Store.Reserve(ctx, s.resource(id), s.about.User, s.id); err != nil {
			return about(id, fromStore(err))
		}
	}
	return about(id, m.room.Send(ctx, seed))
}

func (s *Session) sync(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q syncRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	id := collab.ResourceID(q.ResourceID)
	m := s.in(id)
	if m == nil {
		return about(id, collab.NewError(collab.CodeNotJoined, "the session has not joined this resource"))
	}
	vector, err := q.StateVector.bytes(ev.Attachments)
	if err != nil {
		return about(id, err)
	}
	return about(id, m.room.Send(ctx, room.Sync{From: s.id, StateVector: vector, Ticket: t}))
}

func (s *Session) awareness(ctx context.Context, ev socketio.Event, t room.Ticket) error {
	var q awarenessRequest
	if err := decode(ev, &q); err != nil {
		return err
	}
	id := collab.ResourceID(q.ResourceID)
	m := s.in(id)
	switch {
	case m == nil:
		return about(id, collab.NewError(collab.CodeNotJoined, "the session has not joined this resource"))
	case len(q.State) > maxAwarenessBytes:
		return about(id, badRequest("state is larger than 2 KiB"))
	}
	if err := m.room.Send(ctx, room.SetAwareness{From: s.id, State: q.State}); err != nil {
		return about(id, err)
	}
	s.ok(t, nil)
	return nil
}

// located is an error about a resource.
type located struct {
	resource collab.ResourceID
	err      error
}

func (e *located) Error() string { return e.err.Error() }
func (e *located) Unwrap() error { return e.err }

func about(id collab.ResourceID, err error) error {
	if err == nil {
		return nil
	}
	return &located{resource: id, err: err}
}

// refuse answers a request with its error: to the callback when there is one, else by the event that a rule names, else
// by ERROR (SPEC 3).
func (s *Session) refuse(t room.Ticket, res collab.ResourceID, err error) {
	if at, ok := errors.AsType[*located](err); ok {
		res = at.resource
	}
	e := retryable(collab.AsError(err))
	s.gate.Metrics.CountError(e.Code)
	if e.Code == collab.CodeInternal || e.Code == collab.CodeUnavailable {
		s.gate.Log.Error("session: request", obs.Event(clip(t.Event)), obs.Session(s.id), obs.Resource(res), obs.Code(e.Code), obs.Err(err))
	}
	r := viewError(t.Event, res, e)
	switch {
	case t.Ack >= 0:
		s.acknowledge(t, mustJSON(map[string]any{"ok": false, "error": r.fields}), r.attachments...)
	case r.named:
		s.send(socketio.EncodeEvent(string(e.Code), mustJSON(r.fields), r.attachments...))
	default:
		s.send(socketio.EncodeEvent("ERROR", mustJSON(r.fields), r.attachments...))
	}
	if e.Code == collab.CodeMalformedUpdate && s.malformed.Add(1) >= maxMalformed {
		s.disconnect("malformed updates")
	}
}

// retryable says of a request that took too long that it may be sent again: nothing of it was stored.
func retryable(e *collab.Error) *collab.Error {
	if e.Code != collab.CodeInternal || !errors.Is(e.Err, context.DeadlineExceeded) {
		return e
	}
	return &collab.Error{Code: collab.CodeUnavailable, Msg: "the server was too slow with this request; send it again", RetryAfter: time.Second, Err: e.Err}
}

// fromStore marks an error of the store or of the state driver as one that passes.
func fromStore(err error) error {
	if e := collab.AsError(err); err != nil && e.Code == collab.CodeInternal {
		return &collab.Error{Code: collab.CodeUnavailable, Msg: "the server cannot do this at the moment", RetryAfter: time.Second, Err: err}
	}
	return err
}

// ok answers a callback. Without one there is nobody to tell.
func (s *Session) ok(t room.Ticket, fields map[string]any) {
	if t.Ack < 0 {
		return
	}
	if fields == nil {
		fields = map[string]any{}
	}
	fields["ok"] = true
	s.acknowledge(t, mustJSON(fields))
}

func (s *Session) acknowledge(t room.Ticket, body []byte, attachments ...[]byte) {
	s.sent(s.conn.Ack(uint64(t.Ack), body, attachments...))
}

// clip bounds a client's text for the log.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most]
	}
	return s
}

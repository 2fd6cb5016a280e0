package session

import (
	"context"
	"crypto/subtle"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"corsia/gateway/auth"
	"corsia/gateway/presence"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// ending says why a session ended, as USER_LEFT's reason.
type ending string

const (
	endLeft         ending = "left"
	endDisconnected ending = "disconnected"
	endTimeout      ending = "session_timeout"
)

const (
	maxMalformed  = 3 // malformed updates after which a session is disconnected (SPEC D6)
	maxBackground = 8 // requests of one session that wait for a lock
)

// Session is one authenticated client. Its events are handled by the goroutine that reads its socket.
type Session struct {
	// Set by newSession, never changed.
	gate      *Gate
	conn      *socketio.Conn
	id        collab.SessionID
	about     collab.Session
	resumeKey string
	address   string
	presence  *presence.Entry // set by open or resume
	breakOff  func()          // closes gone

	limiter   *rate.Limiter
	malformed atomic.Int32
	leaving   atomic.Bool // it was told to go, or has no transport any more: what it does not get is not missed
	dismissed atomic.Bool // it was told to go for good: it is not resumed
	suspended atomic.Bool // it has no transport any more and may be resumed; no event is handled
	ended     atomic.Bool
	expiring  atomic.Bool
	asking    atomic.Bool  // whether it is another instance's by now
	busy      atomic.Int32 // requests that wait for a lock

	handling sync.Mutex     // held by Event: an end that comes from elsewhere waits for the event under way
	over     bool           // guarded by handling: it has had its end, or goes on elsewhere
	waiting  sync.WaitGroup // requests that wait for a lock; the end of the transport breaks them off
	gone     chan struct{}  // closed with the transport

	// Guarded by mu.
	mu       sync.Mutex
	identity auth.Identity
	warned   bool // TOKEN_EXPIRING was sent for this token
	joined   map[collab.ResourceID]*membership
	turns    []func(context.Context) // the first one is under way; bounded by maxTurns
	deadline *time.Timer             // of who may resume it; nil: it has a transport
}

// membership is a session's place in a room.
type membership struct {
	room    *room.Room
	release func()
	member  collab.Member
}

func newSession(g *Gate, c *socketio.Conn, id auth.Identity) *Session {
	now := g.Now()
	s := &Session{gate: g, conn: c, id: collab.NewSessionID(), resumeKey: collab.NewSecret(), address: c.RemoteAddr(), identity: id,
		limiter: rate.NewLimiter(rate.Limit(g.MessagesPerSecond), 2*g.MessagesPerSecond), joined: map[collab.ResourceID]*membership{}, gone: make(chan struct{})}
	s.breakOff = sync.OnceFunc(func() { close(s.gone) })
	s.about = collab.Session{ID: s.id, Tenant: id.Tenant, User: id.User, Name: id.Name, Role: id.Role, Instance: g.Instance, ConnectedAt: now,
		ResumeHash: collab.HashSecret(s.resumeKey)}
	return s
}

// Event handles one event of the client. It implements socketio.Listener.
func (s *Session) Event(ev socketio.Event) {
	s.handling.Lock()
	defer s.handling.Unlock()
	if s.ended.Load() || s.suspended.Load() {
		return
	}
	now := s.gate.Now()
	s.gate.Metrics.Received.Inc()
	heartbeat := ev.Name == evHeartbeat
	s.presence.Seen(now, heartbeat)
	if !heartbeat && !s.limiter.AllowN(now, 1) {
		s.gate.Metrics.MessagesRateLimited.Inc()
		s.overLimit(ticket(ev), "", "too many messages a second")
		return
	}
	s.dispatch(ev, now)
}

// Closed ends the session with its socket, or keeps it for a client that may come back. It implements socketio.Listener.
func (s *Session) Closed(reason string) {
	if resumable[reason] && !s.dismissed.Load() && !s.ended.Load() {
		s.suspend()
		return
	}
	s.finish(endDisconnected)
}

// overLimit tells the client which limit it broke, by ERROR and by the callback if there is one, and disconnects it
// (SPEC C8).
func (s *Session) overLimit(t room.Ticket, res collab.ResourceID, msg string) {
	s.gate.Metrics.CountError(collab.CodeRateLimited)
	view := errorView{Event: t.Event, ResourceID: res, Code: collab.CodeRateLimited, Message: msg, RetryAfterMs: time.Second.Milliseconds()}
	s.emit("ERROR", view)
	if t.Ack >= 0 {
		s.acknowledge(t, mustJSON(map[string]any{"ok": false, "error": view}))
	}
	s.disconnect("rate limited")
}

// disconnect tells the client that the server ended the session, after what waits for it.
func (s *Session) disconnect(reason string) {
	s.leaving.Store(true)
	s.dismissed.Store(true)
	s.conn.Disconnect(reason)
}

// finish ends the session once: its locks first, then its rooms, then itself, so that everybody is told in that order
// (SPEC R3). An event under way is finished before: what it joins is left. A session that another instance has resumed
// meanwhile does not end.
func (s *Session) finish(why ending) {
	s.ended.Store(true)
	s.handling.Lock()
	defer s.handling.Unlock()
	if s.over {
		return
	}
	s.over = true
	s.breakOff()
	s.waiting.Wait()
	defer s.gate.forget(s)
	err := s.seal()
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	switch {
	case errors.Is(err, collab.ErrNotFound):
		s.detach(ctx)
		return
	case errors.Is(err, collab.ErrLost):
		s.vacate(ctx)
		return
	case err != nil: // nobody can resume it as long as the state driver is away
		s.gate.Log.Warn("session: seal", obs.Session(s.id), obs.Err(err))
	}
	s.end(ctx, why)
}

// seal sees to it that nobody claims the session any more. One that the state driver does not know is looked for again: if
// the driver had lost what it knew, an instance notices that within a third of its announcement's TTL, and writes its
// sessions again. One that somebody took, and that ended there, stays unknown. While the driver does not answer, a client that
// claims the session waits for it as well (SPEC F1): which of the two it hears first is waited for, so that the session does
// not end here and go on there.
func (s *Session) seal() error {
	g := s.gate
	patience := g.Now()
	if s.suspended.Load() { // who said goodbye does not come back
		patience = patience.Add(g.Patience)
	}
	for again := false; ; {
		ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
		err := g.Presence.Seal(ctx, s.presence)
		cancel()
		switch {
		case err == nil, errors.Is(err, collab.ErrLost), again && errors.Is(err, collab.ErrNotFound):
			return err
		case errors.Is(err, collab.ErrNotFound):
			again = true
			g.pause(forgottenPatience)
		case !g.Now().Before(patience), g.isDraining():
			return err
		default:
			g.pause(sealEvery)
		}
	}
}

// end takes the session out of everything.
func (s *Session) end(ctx context.Context, why ending) {
	reason := collab.LockUserDisconnected
	if why == endTimeout {
		reason = collab.LockSessionTimeout
		s.gate.Metrics.ExpiredSessions.Inc()
		s.record(ctx, s.event(audit.SessionExpired))
	}
	s.gate.Locks.EndSession(ctx, s.id, reason)
	s.mu.Lock()
	joined := maps.Clone(s.joined)
	s.mu.Unlock()
	for id := range joined {
		s.leave(ctx, id, why)
	}
	if err := s.gate.Presence.Close(ctx, s.presence); err != nil {
		s.gate.Log.Warn("session: end presence", obs.Session(s.id), obs.Err(err)) // it expires by itself
	}
	e := s.event(audit.UserDisconnected)
	e.Reason = string(why)
	s.record(ctx, e)
}

// record audits an end, which happens whether that can be recorded or not.
func (s *Session) record(ctx context.Context, e audit.Event) {
	if err := s.gate.Audit.Record(ctx, e); err != nil {
		s.gate.Log.Error("session: audit its end", obs.Session(s.id), obs.Event(string(e.Type)), obs.Err(err))
	}
}

// expire ends a session that had no event for the activity TTL (SPEC C5).
func (s *Session) expire() {
	if s.ended.Load() || s.expiring.Swap(true) {
		return
	}
	s.finish(endTimeout)
	s.disconnect("session timeout")
}

// checkToken warns a minute before the token expires, and ends the session when it has expired or was revoked (SPEC A5).
func (s *Session) checkToken(now time.Time) {
	if s.leaving.Load() {
		return
	}
	s.mu.Lock()
	id, warned := s.identity, s.warned
	soon := id.Expires.Sub(now) <= expiryNotice
	s.warned = warned || soon
	s.mu.Unlock()
	switch {
	case s.gate.Revocations.Revoked(id, s.id):
		s.unauthorized(auth.Revoked)
	case !now.Before(id.Expires):
		s.unauthorized(auth.Expired)
	case soon && !warned:
		s.emit("TOKEN_EXPIRING", struct {
			ExpiresAt int64 `json:"expiresAt"`
		}{collab.Millis(id.Expires)})
	}
}

func (s *Session) unauthorized(reason auth.Reason) {
	s.gate.Metrics.CountAuthFailure(string(reason))
	s.emit("UNAUTHORIZED", map[string]string{"code": string(collab.CodeUnauthorized), "reason": string(reason)})
	s.disconnect(string(reason))
}

// who returns the identity of the token in force.
func (s *Session) who() auth.Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// in returns the session's place in a room, nil when it has not joined.
func (s *Session) in(id collab.ResourceID) *membership {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joined[id]
}

func (s *Session) resource(id collab.ResourceID) collab.Resource {
	return collab.Resource{Tenant: s.about.Tenant, ID: id}
}

// event starts an audit event about this session.
func (s *Session) event(kind audit.Type) audit.Event {
	return audit.Event{Type: kind, Tenant: s.about.Tenant, Actor: s.about.User, Role: s.about.Role, Session: s.id, Address: s.address}
}

func (s *Session) emit(name string, body any) { s.send(event(name, body)) }

// send puts a packet into the outbox. A client that does not read what it is told is disconnected (SPEC C7).
func (s *Session) send(p *socketio.Packet) { s.sent(s.conn.Send(p)) }

// sent counts a packet, or ends a session whose outbox was full.
func (s *Session) sent(taken bool) {
	if taken {
		s.gate.Metrics.Sent.Inc()
		return
	}
	if !s.leaving.Load() && !s.ended.Load() {
		s.gate.Metrics.SlowConsumers.Inc()
		s.Kick(errSlow)
	}
}

// Deliver puts a room's message into the outbox. It implements room.Peer.
func (s *Session) Deliver(m *room.Message) bool {
	if s.conn.Send(encode(m)) {
		s.gate.Metrics.Sent.Inc()
		return true
	}
	return s.leaving.Load() || s.ended.Load() // then there is nobody to kick
}

// Away reports whether the session has lost its transport, and waits for its client. It implements room.Peer.
func (s *Session) Away() bool { return s.suspended.Load() }

// Backlog returns the bytes that wait in the outbox. It implements room.Peer.
func (s *Session) Backlog() int { return s.conn.Pending() }

// Kick ends the socket of a consumer that is too slow; the client may come back. It implements room.Peer.
func (s *Session) Kick(reason error) {
	if s.leaving.Swap(true) {
		return
	}
	s.gate.Log.Warn("session: disconnected", obs.Session(s.id), obs.Err(reason))
	s.conn.Kick(slowConsumer)
}

// background runs a request that may wait for long, so that the session goes on reading. Its context ends with the
// session. False: too many wait already.
func (s *Session) background(limit time.Duration, run func(context.Context)) bool {
	if s.busy.Add(1) > maxBackground {
		s.busy.Add(-1)
		return false
	}
	ctx, cancel := s.lasting(limit)
	s.waiting.Go(func() {
		defer s.busy.Add(-1)
		defer cancel()
		run(ctx)
	})
	return true
}

func sameSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

const (
	expiryNotice      = 60 * time.Second
	forgottenPatience = 6 * time.Second
	sealEvery         = 250 * time.Millisecond // while the state driver does not answer
)

var errSlow = collab.NewError(collab.CodeBackpressure, "this connection does not read fast enough")

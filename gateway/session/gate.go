// Package session owns the authenticated clients of this instance: who may connect, what each may send and how often,
// and their end. It is where packets become room events, and the only place that knows the names of events.
package session

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"corsia/gateway/auth"
	"corsia/gateway/breaker"
	"corsia/gateway/lock"
	"corsia/gateway/presence"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Protocol is the version of the events that CONNECTED names (SPEC C4).
const Protocol = 1

const (
	connectTimeout = 10 * time.Second
	requestTimeout = 10 * time.Second
	finishTimeout  = 10 * time.Second
	idleAction     = 60 * time.Second // a session without an event for longer is not active (SPEC L4)
)

// Rooms opens rooms and knows who is in them.
type Rooms interface {
	Hold(ctx context.Context, res collab.Resource) (*room.Room, func(), error)
	Entered(id collab.SessionID, res collab.Resource)
	Left(id collab.SessionID, res collab.Resource)
}

// Store keeps what joining and leaving change.
type Store interface {
	Join(ctx context.Context, j collab.Join) (collab.Joined, error)
	Leave(ctx context.Context, res collab.Resource, session collab.SessionID, audit []collab.AuditRow) error
	Reserve(ctx context.Context, res collab.Resource, user collab.UserID, session collab.SessionID) (collab.ClientID, error)
}

// Options configures a Gate.
type Options struct {
	Instance          collab.InstanceID
	Verifier          *auth.Verifier
	Grants            *auth.Grants
	Revocations       *auth.RevocationList
	Presence          *presence.Tracker
	Rooms             Rooms
	Locks             *lock.Manager
	Store             Store
	Audit             lock.Recorder
	Metrics           *obs.Metrics
	Log               *slog.Logger
	Now               func() time.Time
	HeartbeatInterval time.Duration
	MessagesPerSecond int
	SessionsPerUser   int
	RoomsPerSession   int
	Doubt             func(collab.Claim) // takes a claim that may have been carried out, though it failed (SPEC C11)
	ResumeGrace       time.Duration      // how long a session waits for the client that lost its transport (SPEC C11)
	Patience          time.Duration      // how long a request may wait for the state driver, beside its own time (SPEC F1)
}

// Gate lets clients in and keeps the sessions of this instance.
type Gate struct {
	// Set by NewGate, never changed.
	Options
	ending  sync.WaitGroup // sessions whose end is not finished
	leaving chan struct{}  // closed when the gate begins to drain
	leave   func()         // closes it

	// Guarded by mu.
	mu         sync.Mutex
	sessions   map[collab.SessionID]*Session
	draining   bool
	refusing   bool          // new clients, until Readmit
	drainGrace time.Duration // in place of ResumeGrace while draining
}

// NewGate returns a gate without sessions.
func NewGate(o Options) *Gate {
	if o.Doubt == nil {
		o.Doubt = func(collab.Claim) {} // a state driver in this process leaves none
	}
	g := &Gate{Options: o, leaving: make(chan struct{}), sessions: map[collab.SessionID]*Session{}}
	g.leave = sync.OnceFunc(func() { close(g.leaving) })
	return g
}

type credentials struct {
	Token     string           `json:"token"`
	SessionID collab.SessionID `json:"sessionId"`
	ResumeKey string           `json:"resumeKey"`
}

// Connect verifies the token of a client and starts its session (SPEC A1 to A4). It implements socketio.Handler.
func (g *Gate) Connect(c *socketio.Conn, payload json.RawMessage) (socketio.Listener, error) {
	start := g.Now()
	ctx, cancel := context.WithTimeout(breaker.WithGrace(context.Background()), connectTimeout+g.Patience)
	defer cancel()
	if refused := g.closed(); refused != nil {
		return nil, g.unavailable(refused)
	}
	var cred credentials
	if err := json.Unmarshal(payload, &cred); err != nil {
		return nil, g.reject(ctx, c, auth.Refuse(auth.MalformedToken))
	}
	if cred.Token == "" {
		cred.Token = auth.Bearer(c.Handshake().Authorization)
	}
	identity, err := g.Verifier.Verify(ctx, cred.Token)
	if err != nil {
		return nil, g.reject(ctx, c, err)
	}
	s, err := g.resume(ctx, c, identity, cred)
	if s == nil && err == nil {
		s, err = g.open(ctx, newSession(g, c, identity))
	}
	if err != nil {
		return nil, g.unavailable(err)
	}
	g.Metrics.ConnectLatency.Observe(g.Now().Sub(start).Seconds())
	return s, nil
}

// greet tells the client who it is, and of a resumed session in which rooms.
func (s *Session) greet(resumed bool, places []collab.Member) {
	var rooms []collab.ResourceID
	for _, m := range places {
		rooms = append(rooms, m.Resource.ID)
	}
	s.emit("CONNECTED", connectedView{SessionID: s.id, ResumeKey: s.resumeKey, UserID: s.about.User, Name: s.about.Name, Role: s.about.Role,
		ServerTime: collab.Millis(s.gate.Now()), HeartbeatInterval: s.gate.HeartbeatInterval.Milliseconds(), Resumed: resumed, Rooms: rooms, Protocol: Protocol,
		Permissions: s.permissions()})
}

type connectedView struct {
	SessionID         collab.SessionID    `json:"sessionId"`
	ResumeKey         string              `json:"resumeKey"`
	UserID            collab.UserID       `json:"userId"`
	Name              string              `json:"name"`
	Role              string              `json:"role"`
	ServerTime        int64               `json:"serverTime"`
	HeartbeatInterval int64               `json:"heartbeatInterval"`
	Resumed           bool                `json:"resumed"`
	Rooms             []collab.ResourceID `json:"rooms,omitempty"`
	Protocol          int                 `json:"protocol"`
	Permissions       permissionsView     `json:"permissions"`
}

// permissionsView are the permissions of a token that are about no resource, as far as a client shows something for them.
type permissionsView struct {
	BreakGlass bool `json:"breakGlass"`
}

func (s *Session) permissions() permissionsView {
	return permissionsView{BreakGlass: s.gate.Grants.Has(s.who(), auth.BreakGlass)}
}

// open starts a new session.
func (g *Gate) open(ctx context.Context, s *Session) (*Session, error) {
	if err := g.enter(); err != nil {
		return nil, err
	}
	if err := g.register(ctx, s); err != nil || s.ended.Load() {
		g.ending.Done()
		return s, err
	}
	g.serve(s)
	s.greet(false, nil)
	return s, nil
}

// register makes the session known to presence and to the trail, so that none is served that the trail lacks. One over the
// user's limit is told so and disconnected.
func (g *Gate) register(ctx context.Context, s *Session) error {
	entry, count, err := g.Presence.Open(ctx, s.about)
	if err != nil {
		return err
	}
	s.presence = entry
	if count > g.SessionsPerUser {
		s.ended.Store(true)
		s.over = true
		s.overLimit(room.Ticket{Ack: -1}, "", "a user may have no more sessions than this one has")
		return g.Presence.Close(ctx, entry)
	}
	if err := g.Audit.Record(ctx, s.event(audit.UserConnected)); err != nil {
		return errors.Join(err, g.Presence.Close(ctx, entry))
	}
	return nil
}

// enter counts a session in that will be served, or refuses it when the gate drains. Its end counts it out: Drain waits.
func (g *Gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return errDraining
	}
	g.ending.Add(1)
	return nil
}

func (g *Gate) isDraining() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.draining
}

// pause waits, unless the gate drains: this instance repairs nothing any more.
func (g *Gate) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.leaving:
	}
}

// serve puts a session into the map. A gate that has begun to drain since enter tells it to go at once.
func (g *Gate) serve(s *Session) {
	g.mu.Lock()
	g.sessions[s.id] = s
	draining := g.draining
	g.mu.Unlock()
	g.Metrics.Sessions.Inc()
	if draining {
		s.sendAway()
	}
}

var errDraining = &collab.Error{Code: collab.CodeDraining, Msg: "this server is shutting down", RetryAfter: time.Second}

// reject audits a refused client and says why (SPEC A4).
func (g *Gate) reject(ctx context.Context, c *socketio.Conn, err error) error {
	refusal, ok := errors.AsType[*auth.Refusal](err)
	if !ok {
		return g.unavailable(err)
	}
	reason := string(refusal.Reason)
	g.Metrics.CountAuthFailure(reason)
	e := audit.Event{Type: audit.ConnectionRejected, Tenant: collab.DefaultTenant, Outcome: audit.Denied, Address: c.RemoteAddr(), Reason: reason}
	if err := g.Audit.Record(ctx, e); err != nil {
		g.Log.Error("session: audit a refused connection", obs.Err(err))
	}
	return &socketio.ConnectError{Message: string(collab.CodeUnauthorized), Data: map[string]string{"code": string(collab.CodeUnauthorized), "reason": reason}}
}

func (g *Gate) unavailable(err error) error {
	e := collab.AsError(err)
	if e.Code == collab.CodeInternal {
		e = &collab.Error{Code: collab.CodeUnavailable, Msg: "the server cannot take this connection at the moment", RetryAfter: 2 * time.Second, Err: err}
	}
	if e.Code == collab.CodeDraining { // nothing is wrong: there are other instances
		g.Log.Info("session: connect while draining", obs.Err(err))
	} else {
		g.Log.Error("session: connect", obs.Code(e.Code), obs.Err(err))
	}
	g.Metrics.CountError(e.Code)
	return &socketio.ConnectError{Message: string(e.Code), Data: map[string]any{"code": e.Code, "retryAfterMs": max(e.RetryAfter, time.Second).Milliseconds()}}
}

// Run looks after all sessions once a second until ctx ends: tokens that expire or were revoked, sessions that fell
// silent (SPEC A5, C5).
func (g *Gate) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.look()
		}
	}
}

func (g *Gate) look() {
	now := g.Now()
	for _, id := range g.Presence.Idle() {
		if s := g.find(id); s != nil {
			go s.expire() // ending waits for the store; Close waits for it
		}
	}
	for _, id := range g.Presence.Lost() {
		if s := g.find(id); s != nil {
			s.Moved()
		}
	}
	for _, s := range g.all() {
		s.checkToken(now)
	}
}

// Degraded tells every session, once, that a dependency is away (SPEC F1).
func (g *Gate) Degraded(what string, since time.Time) {
	g.tell(event("DEGRADED", struct {
		What  string `json:"what"`
		Since int64  `json:"since"`
	}{what, collab.Millis(since)}))
}

// Recovered tells every session that a dependency is back.
func (g *Gate) Recovered(what string) {
	g.tell(event("RECOVERED", struct {
		What string `json:"what"`
	}{what}))
}

func (g *Gate) tell(p *socketio.Packet) {
	for _, s := range g.all() {
		s.send(p)
	}
}

// Active reports whether a session had an event other than a heartbeat within the last minute (SPEC L4), or may be resumed:
// then its locks are kept for it (SPEC C11).
func (g *Gate) Active(id collab.SessionID) bool {
	s := g.find(id)
	return g.Presence.Acted(id, idleAction) || s != nil && s.suspended.Load()
}

// Count returns the number of sessions.
func (g *Gate) Count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sessions)
}

// Backlog returns the bytes that wait in all outboxes.
func (g *Gate) Backlog() int {
	sum := 0
	for _, s := range g.all() {
		sum += s.conn.Pending()
	}
	return sum
}

func (g *Gate) find(id collab.SessionID) *Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sessions[id]
}

func (g *Gate) all() []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]*Session, 0, len(g.sessions))
	for _, s := range g.sessions {
		out = append(out, s)
	}
	return out
}

func (g *Gate) forget(s *Session) {
	g.mu.Lock()
	if g.sessions[s.id] == s { // else it was resumed here
		delete(g.sessions, s.id)
	}
	g.mu.Unlock()
	g.Metrics.Sessions.Dec()
	g.ending.Done()
}

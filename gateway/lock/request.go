package lock

import (
	"context"
	"slices"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	askEvery    = 5 * time.Second // a session may ask for a lock (SPEC L7)
	askStands   = 60 * time.Second
	repeatEvery = 5 * time.Second // word of a wish, as the bus may lose it
	maxAsking   = 16              // sessions of whose wish for one lock its holder is told
)

// Asking is a session's wish for a lock that another one holds (SPEC L7).
type Asking struct {
	ID      string         // of the wish; word of it that is repeated has the same
	Key     collab.LockKey // what it wants to write
	Lock    collab.LockID  // that stands in the way
	Session collab.SessionID
	User    collab.UserID
	Name    string
	Message string // to the holder; in no log and no record
}

// Requested tells a holder that somebody asks for its lock.
type Requested struct{ Asking }

// Declined tells who asked that the holder does not give the lock away.
type Declined struct {
	Asking Asking
	Holder collab.UserID
	Name   string // the holder's
}

// Handed tells who asked that it has the lock.
type Handed struct{ Grant collab.LockGranted }

// wish is what a session wants to write.
type wish struct {
	session collab.SessionID
	key     collab.LockKey
}

// standing is a wish of a session of this instance.
type standing struct {
	Asking
	request Request
	told    time.Time // when word of it went out last
	until   time.Time
}

// asking is a wish for a lock of this instance.
type asking struct {
	Asking
	until   time.Time
	offered time.Time // when the lock was offered to it because its holder is idle
}

// Ask tells the holder of a lock that a session wants it, and returns whose lock stands in the way; false: nobody's. The
// wish stands for a minute, or until the holder declines.
func (m *Manager) Ask(ctx context.Context, q Request, message string) (collab.Lock, bool, error) {
	w := wish{q.Session.ID, q.Key}
	if wait := m.tooSoon(w); wait > 0 {
		return collab.Lock{}, false, &collab.Error{Code: collab.CodeRateLimited, Msg: "this lock was asked for a moment ago", RetryAfter: wait}
	}
	open, err := m.Store.OpenLocks(ctx, q.Key.Resource)
	if err != nil {
		return collab.Lock{}, false, err
	}
	_, denied := collab.Displace{}.Judge(m.lock(q), open)
	if denied == nil {
		return collab.Lock{}, false, nil
	}
	now := m.Now()
	s := &standing{request: q, told: now, until: now.Add(askStands), Asking: Asking{ID: string(collab.NewLockID()), Key: q.Key, Lock: denied.Lock.ID,
		Session: q.Session.ID, User: q.Session.User, Name: q.Session.Name, Message: message}}
	m.mu.Lock()
	m.wishes[w] = s
	m.mu.Unlock()
	m.Metrics.LockRequests.Asked.Inc()
	m.bring(ctx, s.Asking)
	return denied.Lock, true, nil
}

// tooSoon returns how long a session must wait until it may ask for a lock again; 0: it asks now.
func (m *Manager) tooSoon(w wish) time.Duration {
	now := m.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for other, at := range m.lastAsked {
		if now.Sub(at) >= askEvery {
			delete(m.lastAsked, other)
		}
	}
	if at, known := m.lastAsked[w]; known {
		return askEvery - now.Sub(at)
	}
	m.lastAsked[w] = now
	return 0
}

// bring takes a wish to the instance that has the lock.
func (m *Manager) bring(ctx context.Context, a Asking) {
	if !m.asked(ctx, a) {
		m.publish(ctx, collab.BusLockAsked, a)
	}
}

// repeat brings the wishes again that stand, and forgets those whose time is over.
func (m *Manager) repeat(ctx context.Context) {
	now := m.Now()
	var again []Asking
	m.mu.Lock()
	for w, s := range m.wishes {
		switch {
		case !now.Before(s.until):
			delete(m.wishes, w)
		case now.Sub(s.told) >= repeatEvery:
			s.told = now
			again = append(again, s.Asking)
		}
	}
	m.mu.Unlock()
	for _, a := range again {
		m.bring(ctx, a)
	}
}

// offer is a lock that may be opened in the place of another one.
type offer struct {
	Asking  Asking
	Role    string // of the holder, for the trail
	Address string // likewise
	Idle    bool   // its holder does not act; false: it gives the lock away
}

// end is why the lock of an offer ends.
func (o offer) end() collab.LockEnd {
	if o.Idle {
		return collab.LockExpired
	}
	return collab.LockReleased
}

// take opens a lock for the session of this instance that asked for it, in the place of the one that is offered. Here is
// false when no such wish is known.
func (m *Manager) take(ctx context.Context, o offer) (here, taken bool) {
	a := o.Asking
	w := wish{a.Session, a.Key}
	m.mu.Lock()
	s := m.wishes[w]
	if s == nil || s.ID != a.ID {
		m.mu.Unlock()
		return false, false
	}
	delete(m.wishes, w)
	q := s.request
	m.mu.Unlock()
	people := m.people()
	if !people.MayLock(a.Session, a.Key.Resource) {
		return true, false
	}
	q.given = &o
	grant, err := m.try(ctx, q)
	if err != nil {
		m.Log.Warn("lock: take one that was given away", obs.Lock(a.Lock), obs.Session(a.Session), obs.Err(err))
		return true, false
	}
	m.countHanded(o)
	m.Rooms.Granted(grant, func() { people.Tell(a.Session, Handed{grant}) })
	if !people.MayLock(a.Session, a.Key.Resource) { // it ended, or lost the right, while the lock was opened
		if _, err := m.end(ctx, grant.Lock, collab.LockUserDisconnected); err != nil {
			m.Log.Warn("lock: end one of a session that is gone", obs.Lock(grant.Lock.ID), obs.Err(err)) // its lease ends
		}
	}
	return true, true
}

func (m *Manager) countHanded(o offer) {
	if o.Idle {
		m.Metrics.LockRequests.Idle.Inc()
	} else {
		m.Metrics.LockRequests.Handed.Inc()
	}
}

// declined tells a session of this instance that it does not get a lock, and reports whether it asked here.
func (m *Manager) declined(d Declined) bool {
	w := wish{d.Asking.Session, d.Asking.Key}
	m.mu.Lock()
	s := m.wishes[w]
	mine := s != nil && s.ID == d.Asking.ID
	if mine {
		delete(m.wishes, w)
	}
	m.mu.Unlock()
	if mine {
		m.people().Tell(d.Asking.Session, d)
	}
	return mine
}

// withdraw forgets what a session asked for.
func (m *Manager) withdraw(session collab.SessionID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for w := range m.wishes {
		if w.session == session {
			delete(m.wishes, w)
		}
	}
}

// asked notes a wish for a lock of this instance, and tells the holder once. It reports whether the lock is here.
func (m *Manager) asked(ctx context.Context, a Asking) bool {
	m.mu.Lock()
	h := m.held[a.Lock]
	if h == nil {
		m.mu.Unlock()
		return false
	}
	holder := h.Lock
	declined := slices.Contains(h.declined, a.ID)
	told := declined || h.note(a, m.Now().Add(askStands))
	m.mu.Unlock()
	switch {
	case declined: // word of that was lost
		m.decline(ctx, a, holder)
	case !told:
		m.people().Tell(holder.Session, Requested{a})
	}
	return true
}

// note keeps a wish, and reports whether the holder need not be told: it knows of it, or of too many.
func (h *held) note(a Asking, until time.Time) bool {
	at := slices.IndexFunc(h.asking, func(o asking) bool { return o.Session == a.Session && o.Key == a.Key })
	switch {
	case at >= 0 && h.asking[at].ID == a.ID:
		return true
	case at >= 0:
		h.asking[at] = asking{Asking: a, until: until}
	case len(h.asking) >= maxAsking:
		return true
	default:
		h.asking = append(h.asking, asking{Asking: a, until: until})
	}
	return false
}

package lock

import (
	"context"
	"slices"
	"time"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

const (
	handPatience = time.Second     // for another instance to take a lock that is given away
	offerEvery   = 2 * time.Second // to another instance, of an idle holder's lock
)

// HandOver ends a lock of the session for another one that asked for it: where that is, its own lock is opened in the same
// transaction. When it does not ask any more, or does not take it in time, the lock is released.
func (m *Manager) HandOver(ctx context.Context, session collab.SessionID, id collab.LockID, to collab.SessionID) error {
	l := m.of(session, id)
	if l == nil {
		return collab.NewError(collab.CodeLockLost, "the lock is not this session's any more")
	}
	o, asks := m.offerTo(id, func(a asking) bool { return a.Session == to })
	if asks && m.hand(ctx, o) {
		return nil
	}
	_, err := m.end(ctx, *l, collab.LockReleased) // if it was taken after all, that closes nothing
	return err
}

// hand offers a lock and waits until it is taken.
func (m *Manager) hand(ctx context.Context, o offer) bool {
	if here, taken := m.take(ctx, o); here {
		return taken
	}
	done := make(chan struct{})
	m.mu.Lock()
	m.handing[o.Asking.Lock] = done
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.handing, o.Asking.Lock)
	}()
	m.publish(ctx, collab.BusLockOffered, o)
	timer := time.NewTimer(handPatience)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// offerTo returns an offer of a lock to the first who asks for it and is meant.
func (m *Manager) offerTo(id collab.LockID, meant func(asking) bool) (offer, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.held[id]
	if h == nil {
		return offer{}, false
	}
	at := slices.IndexFunc(h.asking, meant)
	if at < 0 {
		return offer{}, false
	}
	return offer{Asking: h.asking[at].Asking, Role: h.role, Address: h.address}, true
}

// Decline tells a session that asked that the holder keeps the lock. Who does not ask any more need not be told.
func (m *Manager) Decline(ctx context.Context, session collab.SessionID, key collab.LockKey, to collab.SessionID) {
	var found []Declined
	m.mu.Lock()
	for _, h := range m.held {
		if h.Session != session {
			continue
		}
		at := slices.IndexFunc(h.asking, func(a asking) bool { return a.Session == to && a.Key == key })
		if at < 0 {
			continue
		}
		found = append(found, Declined{Asking: h.asking[at].Asking, Holder: h.User, Name: h.Name})
		if len(h.declined) >= maxAsking {
			h.declined = h.declined[1:]
		}
		h.declined = append(h.declined, h.asking[at].ID)
		h.asking = slices.Delete(h.asking, at, at+1)
	}
	m.mu.Unlock()
	for _, d := range found {
		m.Metrics.LockRequests.Declined.Inc()
		m.decline(ctx, d.Asking, collab.Lock{User: d.Holder, Name: d.Name})
	}
}

func (m *Manager) decline(ctx context.Context, a Asking, holder collab.Lock) {
	d := Declined{Asking: a, Holder: holder.User, Name: holder.Name}
	if !m.declined(d) {
		m.publish(ctx, collab.BusLockDeclined, d)
	}
}

// relieve gives the locks of idle sessions to those who ask for them, the first of each (SPEC L7).
func (m *Manager) relieve(ctx context.Context, active func(collab.SessionID) bool) {
	for _, o := range m.unused(active) {
		opCtx, cancel := context.WithTimeout(ctx, operationMax)
		here, taken := m.take(opCtx, o)
		switch {
		case !here:
			m.publish(opCtx, collab.BusLockOffered, o)
		case !taken: // it does not want it any more, or may not
			m.unask(o.Asking)
		}
		cancel()
	}
}

// unused returns offers of the locks whose sessions are idle and that somebody asks for. It forgets wishes whose time is over.
func (m *Manager) unused(active func(collab.SessionID) bool) (offers []offer) {
	now := m.Now()
	wanted := m.choose(func(h *held) bool {
		h.asking = slices.DeleteFunc(h.asking, func(a asking) bool { return !now.Before(a.until) })
		return len(h.asking) > 0 && now.Sub(h.asking[0].offered) >= offerEvery
	})
	for _, l := range wanted {
		if active(l.Session) {
			continue
		}
		m.mu.Lock()
		if h := m.held[l.ID]; h != nil && len(h.asking) > 0 {
			h.asking[0].offered = now
			offers = append(offers, offer{Asking: h.asking[0].Asking, Role: h.role, Address: h.address, Idle: true})
		}
		m.mu.Unlock()
	}
	return offers
}

// unask forgets a wish for a lock of this instance.
func (m *Manager) unask(a Asking) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.held[a.Lock]; h != nil {
		h.asking = slices.DeleteFunc(h.asking, func(o asking) bool { return o.ID == a.ID })
	}
}

// taken forgets a lock that another instance has opened another one in the place of.
func (m *Manager) taken(id collab.LockID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(id)
	if done := m.handing[id]; done != nil {
		delete(m.handing, id)
		close(done)
	}
}

// displaces returns which records of others a grant may end.
func (q Request) displaces() collab.Displace {
	switch {
	case q.Break != nil:
		return collab.Displace{Any: true, End: collab.LockBroken}
	case q.given != nil:
		return collab.Displace{Lock: q.given.Asking.Lock, End: q.given.end()}
	}
	return collab.Displace{SameUser: q.TakeOver}
}

// replaces reports whether a lease in the way may be replaced. The store says afterwards whether the lock may be.
func (q Request) replaces(l collab.Lease) bool {
	d := q.displaces()
	return d.Any || d.SameUser && l.User == q.Session.User || d.Lock != "" && d.Lock == l.Lock
}

// supersede is the audit event of a lock that a grant has ended.
func (m *Manager) supersede(q Request, old collab.Lock) audit.Event {
	switch {
	case old.Session == q.Session.ID: // its lease was gone
		return m.event(audit.LockExpired, old, q.Address, string(collab.LockExpired))
	case q.Break != nil:
		e := m.event(audit.LockBroken, old, q.Address, q.Break.Reason)
		e.Actor, e.Session, e.Role = q.Session.User, q.Session.ID, q.Session.Role
		e.Details = map[string]string{"code": q.Break.Code, "holder": string(old.User), "holder_session": string(old.Session)}
		return e
	case q.given != nil:
		kind := audit.LockReleased
		if q.given.Idle {
			kind = audit.LockExpired
		}
		e := m.event(kind, old, q.given.Address, string(q.given.end()))
		e.Role, e.Details = q.given.Role, map[string]string{"to": string(q.Session.User), "to_session": string(q.Session.ID)}
		return e
	}
	e := m.event(audit.LockReleased, old, q.Address, string(collab.LockTakenOver))
	e.Role = q.Session.Role
	return e
}

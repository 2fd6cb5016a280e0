package presence

import (
	"context"
	"errors"

	"corsia/shared/collab"
)

// Claim takes a session over from wherever it was, with its places in rooms (SPEC C11). ErrNotFound: the user has no such
// session; ErrLost: another key is in force.
func (t *Tracker) Claim(ctx context.Context, c collab.Claim) (*Entry, collab.Session, []collab.Member, error) {
	s, places, err := t.Sessions.ClaimSession(ctx, c)
	if err != nil {
		return nil, collab.Session{}, nil, err
	}
	e := t.enlist(s, places)
	e.Seen(t.Now(), false) // to come back is to act: its locks are renewed for who goes on (SPEC L4)
	return e, s, places, nil
}

// Seal sees to it that nobody claims the session any more: it will end here. ErrLost: somebody has. ErrNotFound: it has ended
// already where somebody took it, or the state driver has lost what it knew, and then Rebuild repairs that. After any other
// error it is not known, and may be asked again.
func (t *Tracker) Seal(ctx context.Context, e *Entry) error {
	c := t.sealOf(e)
	_, _, err := t.Sessions.ClaimSession(ctx, c)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		e.session.ResumeHash, e.sealing = c.Next, nil
	case !errors.Is(err, collab.ErrLost) && !errors.Is(err, collab.ErrNotFound):
		e.sealing = &c // it may be carried out all the same, when the driver is back
	}
	return err
}

// sealOf returns the claim that seals the session: the one that got no answer before, which may have been carried out and has
// the same effect once, or else a new one.
func (t *Tracker) sealOf(e *Entry) collab.Claim {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.sealing != nil {
		return *e.sealing
	}
	s := e.session
	return collab.Claim{Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: s.Instance, Hash: s.ResumeHash,
		Next: collab.HashSecret(collab.NewSecret())}
}

// Confirm asks whether the session is still this instance's: it claims what it has, and changes nothing. ErrLost: another one
// has claimed it. One that has ended there already, or that the state driver has forgotten, must not come back by being
// asked for: its next renewal or its end finds out which it is.
func (t *Tracker) Confirm(ctx context.Context, e *Entry) error {
	s := t.session(e)
	_, _, err := t.Sessions.ClaimSession(ctx, collab.Claim{Tenant: s.Tenant, User: s.User, Session: s.ID, Instance: s.Instance,
		Hash: s.ResumeHash, Next: s.ResumeHash})
	if errors.Is(err, collab.ErrNotFound) {
		return nil
	}
	return err
}

// Suspend stops the renewals of a session whose transport is lost: it may be resumed and ended elsewhere meanwhile, and must
// not come back by a renewal. The driver keeps it for longer than its grace.
func (t *Tracker) Suspend(e *Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.quiet = true
}

// Forget leaves a session to whom it belongs now.
func (t *Tracker) Forget(e *Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.live[e.session.ID] == e {
		delete(t.live, e.session.ID)
	}
}

// Lost returns the sessions of which the state driver said that they are another instance's.
func (t *Tracker) Lost() []collab.SessionID {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lost []collab.SessionID
	for id, e := range t.live {
		if e.lost {
			lost = append(lost, id)
		}
	}
	return lost
}

// lose notes a session that is another instance's, and reports whether the error says so. It was said of the entry known: one
// that has taken its place meanwhile, on this instance, is not meant. Nil: of whichever is there.
func (t *Tracker) lose(id collab.SessionID, known *Entry, err error) bool {
	if !errors.Is(err, collab.ErrLost) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.live[id]; e != nil && (known == nil || e == known) {
		e.lost = true
	}
	return true
}

func (t *Tracker) session(e *Entry) collab.Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return e.session
}

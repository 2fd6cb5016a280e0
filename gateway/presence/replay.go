package presence

import (
	"context"
	"errors"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"corsia/shared/collab"
)

const (
	maxKept = 1 << 16     // ends that the state driver was not told of; further ones are left to their TTL
	keptFor = time.Hour   // after which they are: everything has ended by then
	toldFor = time.Minute // how old the writes are at most that a state driver loses in a fail-over

	// atOnce bounds the operations that Run has under way: ten thousand sessions must not keep others from the driver.
	atOnce = 16
)

// place is a session's in a room.
type place struct {
	resource collab.Resource
	session  collab.SessionID
}

// ends is what ended, and when: of the one kind while the state driver was away, and waits; of the other the driver was told
// not long ago, and may have lost it in a fail-over. Without them those who left would haunt their rooms until a TTL
// (SPEC R5, F1).
type ends struct {
	left   map[place]ended[collab.Member]
	closed map[collab.SessionID]ended[leaver]
}

func newEnds() ends {
	return ends{left: map[place]ended[collab.Member]{}, closed: map[collab.SessionID]ended[leaver]{}}
}

// leaver is a session that ends.
type leaver struct {
	collab.Session
	sealing *collab.Claim // of which nobody knows whether it was carried out; nil: none
}

type ended[T any] struct {
	what T
	at   time.Time
}

// keepLeave keeps a leave: one that the state driver could not be told of, or else for a while in case that it loses it. It
// returns the error of one that is not kept. ErrLost is left alone: who has the session now decides.
func (t *Tracker) keepLeave(m collab.Member, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	into := t.room(err)
	if into == nil {
		return err
	}
	into.left[place{m.Resource, m.Session}] = ended[collab.Member]{m, t.Now()}
	return nil
}

// keepClose keeps the end of a session likewise.
func (t *Tracker) keepClose(s leaver, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	into := t.room(err)
	if into == nil {
		return err
	}
	into.closed[s.ID] = ended[leaver]{s, t.Now()}
	return nil
}

// room returns where an end goes of which the state driver was told with this outcome; nil: nowhere. Guarded by mu.
func (t *Tracker) room(err error) *ends {
	into := &t.kept
	switch {
	case errors.Is(err, collab.ErrLost):
		return nil
	case err == nil:
		into = &t.told
	}
	if len(into.left)+len(into.closed) >= maxKept {
		return nil
	}
	return into
}

// errBehind says that the state driver has not been told of all that ended before.
var errBehind = errors.New("the state driver is behind")

// behind returns an error when ends are kept: then another one joins them at once, and costs nobody a time limit.
func (t *Tracker) behind() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept.left)+len(t.kept.closed) > 0 {
		return errBehind
	}
	return nil
}

// repairTime is for writing suspended sessions again after a loss.
const repairTime = 5 * time.Second

// Repair is Rebuild after a time in which the state driver is known to have lost what it knew: suspended sessions, too, are
// written again, so that they can be resumed, or end.
func (t *Tracker) Repair() {
	t.mu.Lock()
	for _, e := range t.live {
		e.repaired = t.Now().Add(repairTime)
	}
	t.mu.Unlock()
	t.Rebuild()
}

// Rebuild tells the state driver of all sessions and their places again, and of those that ended not long ago, at once: it is
// back, and may have lost something (SPEC R5, F1).
func (t *Tracker) Rebuild() {
	t.mu.Lock()
	t.rebuilds++
	maps.Copy(t.kept.left, t.told.left)
	maps.Copy(t.kept.closed, t.told.closed)
	for _, e := range t.live {
		e.written = time.Time{}
		for res, m := range e.members {
			m.renewed = time.Time{}
			e.members[res] = m
		}
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default: // Run has not begun with the last one
	}
}

// replay tells the state driver of what ended while it was away, or what it may have lost: the places in rooms first.
func (t *Tracker) replay(ctx context.Context) error {
	now := t.Now()
	t.mu.Lock()
	maps.DeleteFunc(t.told.left, func(_ place, e ended[collab.Member]) bool { return now.Sub(e.at) > toldFor })
	maps.DeleteFunc(t.told.closed, func(_ collab.SessionID, e ended[leaver]) bool { return now.Sub(e.at) > toldFor })
	t.mu.Unlock()
	var left []collab.Member
	var closed []leaver
	t.mu.Lock()
	for p, e := range t.kept.left {
		if left = append(left, e.what); now.Sub(e.at) > keptFor {
			delete(t.kept.left, p)
		}
	}
	for id, e := range t.kept.closed {
		if closed = append(closed, e.what); now.Sub(e.at) > keptFor {
			delete(t.kept.closed, id)
		}
	}
	t.mu.Unlock()
	if err := each(ctx, left, t.leaveLate); err != nil {
		return err
	}
	return each(ctx, closed, t.closeLate)
}

// leaveLate takes a session out of a room. One that has entered it again meanwhile is put back by a renewal.
func (t *Tracker) leaveLate(ctx context.Context, m collab.Member) error {
	p := place{m.Resource, m.Session}
	t.mu.Lock()
	_, wanted := t.kept.left[p]
	t.mu.Unlock()
	if !wanted {
		return nil
	}
	if _, err := t.Rooms.Leave(ctx, m); err != nil && !errors.Is(err, collab.ErrLost) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.kept.left, p)
	if e := t.live[m.Session]; e != nil {
		if again, there := e.members[m.Resource]; there {
			again.renewed = time.Time{}
			e.members[m.Resource] = again
		}
	}
	return nil
}

// close closes a session. What an unknown claim made of it is found out by making the claim again: it has the same effect
// once, however often it is made.
func (t *Tracker) close(ctx context.Context, s leaver) error {
	if s.sealing != nil {
		if _, _, err := t.Sessions.ClaimSession(ctx, *s.sealing); err != nil {
			if errors.Is(err, collab.ErrNotFound) {
				return nil
			}
			return err
		}
		s.ResumeHash = s.sealing.Next
	}
	return t.Sessions.CloseSession(ctx, s.Session)
}

func (t *Tracker) closeLate(ctx context.Context, s leaver) error {
	if err := t.close(ctx, s); err != nil && !errors.Is(err, collab.ErrLost) {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.kept.closed, s.ID)
	return nil
}

// each tells the state driver of all, a few at a time, and returns the first error, which breaks it off.
func each[T any](ctx context.Context, all []T, tell func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, operationLimit)
			defer cancel()
			return tell(ctx, one)
		})
	}
	return g.Wait()
}

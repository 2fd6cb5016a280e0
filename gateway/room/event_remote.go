package room

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const publishTimeout = time.Second

// remote is word from another instance.
type remote struct{ collab.Notice }

type left struct {
	Session collab.SessionID
	Reason  string
}

type remoteAwareness struct {
	Session collab.SessionID
	User    collab.UserID
	State   json.RawMessage
}

func publish(bus Bus, res collab.Resource, from collab.InstanceID, kind collab.BusKind, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode notice: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), publishTimeout)
	defer cancel()
	return bus.Publish(ctx, collab.Notice{Resource: res, From: from, Kind: kind, Body: encoded})
}

func (e remote) apply(r *Room) {
	if err := e.act(r); err != nil {
		r.log().Warn("room: notice", obs.Event(string(e.Kind)), obs.Err(err))
		r.reload(nil)
	}
}

func (e remote) act(r *Room) error {
	switch e.Kind {
	case collab.BusUpdates:
		return e.updates(r)
	case collab.BusJoined:
		var m collab.Member
		if err := json.Unmarshal(e.Body, &m); err != nil {
			return err
		}
		r.roster[m.Session] = m
		r.broadcast(&Message{Body: &UserJoined{Resource: r.id.ID, User: r.user(m.User)}}, m.Session)
	case collab.BusLeft:
		var l left
		if err := json.Unmarshal(e.Body, &l); err != nil {
			return err
		}
		r.departed(r.roster[l.Session], l.Reason)
	case collab.BusLocked:
		var g collab.LockGranted
		if err := json.Unmarshal(e.Body, &g); err != nil {
			return err
		}
		r.lockedElsewhere(g)
	case collab.BusUnlocked:
		var ended Ended
		if err := json.Unmarshal(e.Body, &ended); err != nil {
			return err
		}
		if r.live.Unlock(ended.Lock) {
			r.broadcast(&Message{Body: &Unlocked{Resource: r.id.ID, Lock: ended.Lock, End: ended.End}}, "")
		}
	case collab.BusAwareness:
		var states []remoteAwareness
		if err := json.Unmarshal(e.Body, &states); err != nil {
			return err
		}
		for _, s := range states {
			r.setAwareness(s.Session, s.User, s.State)
		}
	}
	return nil
}

// updates applies rows that follow the head. A gap, or rows that come while an append is under way, are left to the
// store: the room reads there what it lacks (SPEC D4).
func (e remote) updates(r *Room) error {
	var entries []collab.Entry
	if err := json.Unmarshal(e.Body, &entries); err != nil {
		return err
	}
	for len(entries) > 0 && entries[0].Revision <= r.live.Head().Revision {
		entries = entries[1:]
	}
	if len(entries) == 0 || r.loading || len(r.flying) > 0 {
		return nil // known already, or the append under way will find its head stale and read them
	}
	if err := r.live.ApplyRemote(entries); err != nil {
		return err
	}
	for _, row := range entries {
		r.broadcast(&Message{Body: &Updated{Resource: r.id.ID, Update: row.Update, User: row.User, Session: row.Session,
			Revision: row.Revision}}, "")
	}
	r.applyLate()
	return nil
}

func (r *Room) lockedElsewhere(g collab.LockGranted) {
	for _, old := range g.Superseded {
		if r.live.Unlock(old) {
			r.broadcast(&Message{Body: &Unlocked{Resource: r.id.ID, Lock: old, End: endOf(old, g.Lock)}}, "")
		}
	}
	r.live.Lock(g.Lock)
	r.broadcast(&Message{Body: &Locked{Resource: r.id.ID, Lock: g.Lock}}, "")
}

package room

import (
	"encoding/json"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const publishTimeout = time.Second

// remote is word from another instance.
type remote struct{ collab.Notice }

// updates is the body of BusUpdates: rows in the order of their revisions, which of them were seeds, and which values of
// pages were noted; and the life of the document that they are of.
type updates struct {
	Epoch   int64 `json:",omitempty"`
	Entries []collab.Entry
	Seeds   []collab.Seed `json:",omitempty"`
}

type left struct {
	Session collab.SessionID
	Reason  string
}

type remoteAwareness struct {
	Session collab.SessionID
	User    collab.UserID
	State   json.RawMessage
}

// foreign is the body of BusForeign; one of the two is there.
type foreign struct {
	Locked   *Locked   `json:",omitempty"`
	Unlocked *Unlocked `json:",omitempty"`
}

// actions read the body of each kind of notice and do what it says.
var actions = map[collab.BusKind]func(r *Room, body []byte) error{
	collab.BusUpdates:   with((*Room).hear),
	collab.BusJoined:    with((*Room).joinedElsewhere),
	collab.BusLeft:      with((*Room).leftElsewhere),
	collab.BusLocked:    with((*Room).lockedElsewhere),
	collab.BusExtended:  with((*Room).extendedElsewhere),
	collab.BusUnlocked:  with((*Room).unlockedElsewhere),
	collab.BusForeign:   with((*Room).foreignElsewhere),
	collab.BusAwareness: with((*Room).awareElsewhere),
	collab.BusNotified:  with((*Room).notified),
	collab.BusInquiry:   with((*Room).inquired),
	collab.BusStanding:  with((*Room).learnStanding),
}

func with[T any](act func(r *Room, body T)) func(*Room, []byte) error {
	return func(r *Room, body []byte) error {
		var decoded T
		if err := json.Unmarshal(body, &decoded); err != nil {
			return err
		}
		act(r, decoded)
		return nil
	}
}

// apply drops what it does not understand, as an instance of another version may say: the journal and the state driver
// tell what matters.
func (e remote) apply(r *Room) {
	act := actions[e.Kind]
	if act == nil {
		return
	}
	if err := act(r, e.Body); err != nil {
		r.log().Warn("room: notice", obs.Event(string(e.Kind)), obs.Err(err))
	}
}

func (r *Room) lockedElsewhere(g collab.LockGranted) {
	for _, old := range g.Superseded {
		r.ended(superseded(old, g))
	}
	if r.live.Includes(g.Head) {
		return // the store told of it, and so did this room
	}
	if r.live.Lock(g.Lock) {
		r.broadcast(&Message{Body: &Locked{Resource: r.id.ID, Lock: g.Lock}}, "")
	}
	r.live.RaiseGuard(g.Head.Guard)
}

func (r *Room) extendedElsewhere(lock collab.Lock) { r.live.Extend(lock) }

func (r *Room) unlockedElsewhere(e collab.LockEnded) {
	r.ended(&Unlocked{Resource: r.id.ID, Lock: e.Lock, End: e.End})
	r.live.RaiseGuard(e.Head.Guard)
}

func (r *Room) foreignElsewhere(f foreign) {
	switch {
	case f.Locked != nil:
		r.broadcast(&Message{Body: f.Locked}, "")
	case f.Unlocked != nil:
		r.broadcast(&Message{Body: f.Unlocked}, "")
	}
}

// awareElsewhere takes the states of members alone: whose leave was heard, or whose join was not, nobody would take away.
func (r *Room) awareElsewhere(states []remoteAwareness) {
	for _, s := range states {
		if _, known := r.roster[s.Session]; known {
			r.setAwareness(s.Session, s.User, s.State)
		}
	}
}

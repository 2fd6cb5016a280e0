package document

import (
	"time"

	"corsia/shared/collab"
)

// Company knows of the sessions in the room what a document cannot: whether they are connected.
type Company interface {
	// Away reports whether a session of this instance has lost its transport (SPEC C11).
	Away(session collab.SessionID) bool
	// Elsewhere says how a session is that is in the room at another instance.
	Elsewhere(session collab.SessionID) Standing
}

// Standing says whether a session still writes under the client ids that it holds.
type Standing int

// The standings of a session.
const (
	Gone      Standing = iota // it is not in the room
	Away                      // it has lost its transport: its user may go on under its ids in another session
	Connected                 // that it is
	Unsure                    // its instance has to be asked
)

// Unsettled is the detail of a refusal that may be over when that session's instance has said how it is (SPEC D7).
type Unsettled struct{ Session collab.SessionID }

// alone is the company of a document in no room.
type alone struct{}

func (alone) Away(collab.SessionID) bool          { return false }
func (alone) Elsewhere(collab.SessionID) Standing { return Gone }

// unsettledRetry is after how long an update may be sent again that was refused because of a session elsewhere.
const unsettledRetry = 200 * time.Millisecond

// holding says how the session is that holds a client id, if it is another one than the writer's.
func (l *Live) holding(w Writer, id collab.ClientID) (collab.SessionID, Standing) {
	holder, held := l.writers[id]
	switch {
	case held && holder == w.Session:
		return holder, Gone
	case held && l.company.Away(holder):
		return holder, Away
	case held:
		return holder, Connected
	}
	if o := l.owners[id]; o.Session != w.Session {
		return o.Session, l.company.Elsewhere(o.Session)
	}
	return "", Gone
}

// ownership returns the ids that the update binds: those that are new, or were another session's of the same user that is
// gone, or has lost its transport. It returns FOREIGN_CLIENT when an id is another's, and BACKPRESSURE when it may be free
// in a moment.
func (l *Live) ownership(w Writer, clients []collab.ClientID) ([]collab.Owner, error) {
	var bind []collab.Owner
	for _, id := range clients {
		o, known := l.owners[id]
		holder, standing := l.holding(w, id)
		if known && (o.User != w.User || o.Retired) || standing == Connected {
			return nil, &collab.Error{Code: collab.CodeForeignClient, Msg: "the update writes under a client id that is not this session's",
				Detail: Foreign{Client: id}}
		}
		if standing == Unsure {
			return nil, unsettled(holder, "the update writes under a client id of the user's other session; send it again, it may have ended")
		}
		if !known || !o.Used || o.Session != w.Session || o.Epoch != l.head.Epoch {
			bind = append(bind, collab.Owner{Client: id, User: w.User, Session: w.Session, Used: true, Epoch: l.head.Epoch})
		}
	}
	return bind, nil
}

// awaited reports whether a lock will end soon without anybody's doing: its session is the same user's, and has lost its
// transport.
func (l *Live) awaited(w Writer, lock collab.Lock) bool {
	return lock.User == w.User && (l.company.Away(lock.Session) || l.company.Elsewhere(lock.Session) == Away)
}

func unsettled(session collab.SessionID, msg string) *collab.Error {
	return &collab.Error{Code: collab.CodeBackpressure, Msg: msg, RetryAfter: unsettledRetry, Detail: Unsettled{Session: session}}
}

package session

import (
	"strconv"

	"corsia/gateway/document"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// Answer tells the client what became of its request. It implements room.Peer.
func (s *Session) Answer(t room.Ticket, a room.Answer) {
	if a.Err != nil {
		s.refuse(t, a.Resource, a.Err)
		return
	}
	switch b := a.Body.(type) {
	case *room.State:
		s.state(t, b)
	case *room.Synced:
		if t.Ack >= 0 {
			s.acknowledge(t, mustJSON(map[string]any{"ok": true, "update": placeholder(0), "stateVector": placeholder(1),
				"revision": a.Revision}), b.Update, b.StateVector)
		}
	case *document.Seeded:
		s.seeded(t, a.Revision, b)
	default:
		if t.Ack >= 0 {
			s.acknowledge(t, append(strconv.AppendInt([]byte(`{"ok":true,"revision":`), a.Revision, 10), '}'))
		}
	}
}

// state answers a join twice: by the event and by the callback (SPEC 3). The document's bytes are shared.
func (s *Session) state(t room.Ticket, b *room.State) {
	view := viewState(b)
	s.sent(s.conn.SendShared(socketio.EncodeSharedEvent("RESOURCE_STATE", mustJSON(view), b.State, b.StateVector)))
	if t.Ack >= 0 {
		view.OK = true
		s.sent(s.conn.AckShared(uint64(t.Ack), mustJSON(view), b.State, b.StateVector))
	}
}

func (s *Session) seeded(t room.Ticket, revision int64, b *document.Seeded) {
	fields := b.Fields
	if fields == nil {
		fields = []collab.Field{}
	}
	kept := map[collab.Field]rawJSON{}
	for _, seed := range b.Kept {
		kept[seed.Field] = rawJSON(seed.Value)
	}
	known := map[collab.Field]rawJSON{}
	for _, seed := range b.Known {
		known[seed.Field] = rawJSON(seed.Known)
	}
	s.ok(t, map[string]any{"seeded": fields, "revision": revision, "kept": kept, "known": known})
}

// rawJSON is JSON that is written as it is.
type rawJSON string

// MarshalJSON returns the text.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

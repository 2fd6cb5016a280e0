package session

import (
	"encoding/json"
	"strconv"

	"corsia/gateway/document"
	"corsia/gateway/lock"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// placeholder marks the place of a binary value in JSON (Socket.IO protocol 5).
type placeholder int

// MarshalJSON writes {"_placeholder":true,"num":n}.
func (p placeholder) MarshalJSON() ([]byte, error) {
	return append(strconv.AppendInt([]byte(`{"_placeholder":true,"num":`), int64(p), 10), '}'), nil
}

// lockView is a lock as clients see it.
type lockView struct {
	LockID     collab.LockID     `json:"lockId"`
	ResourceID collab.ResourceID `json:"resourceId"`
	Field      collab.Field      `json:"field,omitempty"`
	UserID     collab.UserID     `json:"userId"`
	SessionID  collab.SessionID  `json:"sessionId"`
	Name       string            `json:"name"`
	Fence      int64             `json:"fence"`
	AcquiredAt int64             `json:"acquiredAt"`
	ExpiresAt  int64             `json:"expiresAt"`
}

func viewLocks(locks []collab.Lock) []lockView {
	out := make([]lockView, 0, len(locks))
	for _, l := range locks {
		out = append(out, lockView{LockID: l.ID, ResourceID: l.Key.Resource.ID, Field: l.Key.Field, UserID: l.User,
			SessionID: l.Session, Name: l.Name, Fence: l.Fence, AcquiredAt: collab.Millis(l.AcquiredAt), ExpiresAt: collab.Millis(l.ExpiresAt)})
	}
	return out
}

type stateView struct {
	OK          bool              `json:"ok,omitempty"` // in the acknowledgement alone
	ResourceID  collab.ResourceID `json:"resourceId"`
	Mode        collab.Mode       `json:"mode"`
	Users       []room.User       `json:"users"`
	State       placeholder       `json:"state"`
	StateVector placeholder       `json:"stateVector"`
	Revision    int64             `json:"revision"`
	Epoch       int64             `json:"epoch"`
	Erased      int64             `json:"erased,omitempty"`
	Heals       *int64            `json:"heals,omitempty"`
	Locks       []lockView        `json:"locks"`
	ClientID    collab.ClientID   `json:"clientId,omitempty"`
}

func viewState(s *room.State) stateView {
	return stateView{ResourceID: s.Resource, Mode: s.Mode, Users: s.Users, State: 0, StateVector: 1,
		Revision: s.Head.Revision, Epoch: s.Head.Epoch, Erased: s.Erased, Heals: s.Heals, Locks: viewLocks(s.Locks), ClientID: s.Client}
}

type grantView struct {
	OK         bool              `json:"ok,omitempty"`
	LockID     collab.LockID     `json:"lockId"`
	ResourceID collab.ResourceID `json:"resourceId"`
	Field      collab.Field      `json:"field,omitempty"`
	Fence      int64             `json:"fence"`
	AcquiredAt int64             `json:"acquiredAt"`
	ExpiresAt  int64             `json:"expiresAt"`
	Revision   int64             `json:"revision"`
}

func viewGrant(g collab.LockGranted) grantView {
	l := g.Lock
	return grantView{LockID: l.ID, ResourceID: l.Key.Resource.ID, Field: l.Key.Field, Fence: l.Fence,
		AcquiredAt: collab.Millis(l.AcquiredAt), ExpiresAt: collab.Millis(l.ExpiresAt), Revision: g.Head.Revision}
}

type joinedView struct {
	ResourceID collab.ResourceID `json:"resourceId"`
	User       room.User         `json:"user"`
}

type erasedView struct {
	ResourceID collab.ResourceID `json:"resourceId"`
	Epoch      int64             `json:"epoch"`
}

// encode returns a room's message on the wire, encoded by its first delivery.
func encode(m *room.Message) *socketio.Packet {
	if p, ok := m.Encoded.(*socketio.Packet); ok {
		return p
	}
	var p *socketio.Packet
	if u, ok := m.Body.(*room.Updated); ok {
		p = socketio.EncodeEvent(evUpdate, appendUpdated(nil, u), u.Update)
	} else {
		name, view := describe(m.Body)
		p = event(name, view)
	}
	m.Encoded = p
	return p
}

// describe returns the name and the fields of the event that a room's message is, but for Y_UPDATE.
func describe(body any) (name string, fields any) {
	switch b := body.(type) {
	case *room.Awareness:
		return evAwareness, struct {
			ResourceID collab.ResourceID `json:"resourceId"`
			UserID     collab.UserID     `json:"userId"`
			SessionID  collab.SessionID  `json:"sessionId"`
			State      json.RawMessage   `json:"state"`
		}{b.Resource, b.User, b.Session, nullable(b.State)}
	case *room.UserJoined:
		return "USER_JOINED", joinedView{b.Resource, b.User}
	case *room.UserLeft:
		return "USER_LEFT", struct {
			ResourceID collab.ResourceID `json:"resourceId"`
			UserID     collab.UserID     `json:"userId"`
			SessionID  collab.SessionID  `json:"sessionId"`
			Reason     string            `json:"reason"`
		}{b.Resource, b.User, b.Session, b.Reason}
	case *room.Locked:
		l := b.Lock
		return "LOCK_STATUS_CHANGED", struct {
			ResourceID collab.ResourceID `json:"resourceId"`
			Field      collab.Field      `json:"field,omitempty"`
			Status     string            `json:"status"`
			LockID     collab.LockID     `json:"lockId"`
			UserID     collab.UserID     `json:"userId"`
			SessionID  collab.SessionID  `json:"sessionId"`
			Name       string            `json:"name"`
			ExpiresAt  int64             `json:"expiresAt"`
		}{l.Key.Resource.ID, l.Key.Field, "locked", l.ID, l.User, l.Session, l.Name, collab.Millis(l.ExpiresAt)}
	case *room.Unlocked:
		l := b.Lock
		return "LOCK_RELEASED", struct {
			ResourceID collab.ResourceID `json:"resourceId"`
			Field      collab.Field      `json:"field,omitempty"`
			LockID     collab.LockID     `json:"lockId"`
			UserID     collab.UserID     `json:"userId"`
			SessionID  collab.SessionID  `json:"sessionId"`
			Reason     collab.LockEnd    `json:"reason"`
			By         collab.UserID     `json:"by,omitempty"`
			ByName     string            `json:"byName,omitempty"`
		}{l.Key.Resource.ID, l.Key.Field, l.ID, l.User, l.Session, b.End, b.By, b.ByName}
	case *room.Erased:
		return "RESOURCE_ERASED", erasedView{b.Resource, b.Epoch}
	case *room.Notification:
		return "RESOURCE_UPDATED", struct {
			DeliveryID string            `json:"deliveryId"`
			ResourceID collab.ResourceID `json:"resourceId"`
			Source     string            `json:"source"`
			EventType  string            `json:"eventType"`
			Version    json.RawMessage   `json:"version"`
			OccurredAt int64             `json:"occurredAt"`
			Data       json.RawMessage   `json:"data"`
		}{b.Delivery, b.Resource.ID, b.Source, b.EventType, nullable(b.Version), collab.Millis(b.OccurredAt), nullable(b.Data)}
	}
	return "ERROR", errorView{Code: collab.CodeInternal, Message: "a message of unknown kind"}
}

// appendUpdated writes the JSON of Y_UPDATE, the event that is sent most.
func appendUpdated(b []byte, u *room.Updated) []byte {
	b = append(b, `{"resourceId":`...)
	b = appendString(b, string(u.Resource))
	b = append(b, `,"update":{"_placeholder":true,"num":0},"userId":`...)
	b = appendString(b, string(u.User))
	b = append(b, `,"sessionId":`...)
	b = appendString(b, string(u.Session))
	b = append(b, `,"revision":`...)
	return append(strconv.AppendInt(b, u.Revision, 10), '}')
}

// appendString writes a JSON string. Ids hardly ever need escaping.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string always encodes
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func event(name string, body any, attachments ...[]byte) *socketio.Packet {
	return socketio.EncodeEvent(name, mustJSON(body), attachments...)
}

// mustJSON encodes a view: structs of strings and numbers, which always encode.
func mustJSON(body any) []byte {
	b, err := json.Marshal(body)
	if err != nil {
		panic("session: a view does not encode: " + err.Error())
	}
	return b
}

func nullable(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

type errorView struct {
	Event        string            `json:"event,omitempty"`
	ResourceID   collab.ResourceID `json:"resourceId,omitempty"`
	Code         collab.Code       `json:"code"`
	Message      string            `json:"message"`
	RetryAfterMs int64             `json:"retryAfterMs,omitempty"`
}

// refusal is an error on its way to a client: the fields of the event that names it, or of ERROR.
type refusal struct {
	fields      map[string]any
	attachments [][]byte
	named       bool // its code is an event's name
}

// viewError returns the fields that a refusal shows. What a rule names as an event has that event's fields.
func viewError(eventName string, res collab.ResourceID, e *collab.Error) refusal {
	f := map[string]any{"code": e.Code, "message": e.Msg}
	if res != "" {
		f["resourceId"] = res
	}
	if e.RetryAfter > 0 {
		f["retryAfterMs"] = e.RetryAfter.Milliseconds()
	}
	r := refusal{fields: f, named: true}
	switch d := e.Detail.(type) {
	case room.Rejected:
		f["reason"], f["fields"], f["lockedBy"], f["revision"] = "locked", d.Fields, d.LockedBy, d.Revision
	case document.Missing:
		f["stateVector"] = placeholder(0)
		r.attachments = [][]byte{d.StateVector}
	case document.Foreign:
		f["clientId"] = d.Client
	case document.HealingRefused:
		f["event"], f["reason"], r.named = eventName, d.Reason, false
	case lock.Denied:
		viewDenied(f, d)
	case denial:
		f["event"], f["reason"] = eventName, d.Reason
	case refused:
		f["reason"] = d.Reason
	case lost:
		f["lockId"] = d.LockID
	default:
		f["event"] = eventName
		r.named = false
	}
	return r
}

func viewDenied(f map[string]any, d lock.Denied) {
	f["reason"] = d.Reason
	if d.Holder.ID == "" {
		return
	}
	viewHolder(f, d.Holder)
}

func viewHolder(f map[string]any, l collab.Lock) {
	f["lockedBy"], f["lockedByName"], f["lockedUntil"] = l.User, l.Name, collab.Millis(l.ExpiresAt)
}

// denial is the detail of PERMISSION_DENIED: what the session may not do, and why.
type denial struct{ Reason string }

// refused is the detail of UNAUTHORIZED: a reason of SPEC A4.
type refused struct{ Reason string }

package session

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"corsia/gateway/document"
	"corsia/gateway/lock"
	"corsia/gateway/room"
	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

var (
	at   = time.UnixMilli(1_700_000_000_123)
	held = collab.Lock{ID: "l_1", Key: collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/1"}, Field: "notes"}, Fence: 3,
		User: "anna", Name: "Dr Anna", Session: "s_1", Instance: "i_1", AcquiredAt: at, ExpiresAt: at.Add(30 * time.Second)}
	whole = collab.Lock{ID: "l_2", Key: collab.LockKey{Resource: held.Key.Resource}, User: "anna", Session: "s_1", AcquiredAt: at, ExpiresAt: at}
	anna  = room.User{UserID: "anna", Name: "Dr Anna", Role: "surgeon", Mode: collab.Editor, Sessions: []collab.SessionID{"s_1", "s_2"},
		JoinedAt: collab.Millis(at), Color: "#283593"}
)

func TestEventsOfARoomHaveTheirFields(t *testing.T) { // R1, R3, R6, L1, L5
	const user = `{"userId":"anna","name":"Dr Anna","role":"surgeon","mode":"editor","sessions":["s_1","s_2"],"joinedAt":1700000000123,"color":"#283593"}`
	tests := []struct {
		body       any
		name, want string
	}{
		{&room.UserJoined{Resource: "page:/1", User: anna}, "USER_JOINED", `{"resourceId":"page:/1","user":` + user + `}`},
		{&room.Erased{Resource: "page:/1", Epoch: 2}, "RESOURCE_ERASED", `{"resourceId":"page:/1","epoch":2}`},
		{&room.UserLeft{Resource: "page:/1", User: "anna", Session: "s_1", Reason: "left"}, "USER_LEFT",
			`{"resourceId":"page:/1","userId":"anna","sessionId":"s_1","reason":"left"}`},
		{&room.Awareness{Resource: "page:/1", User: "anna", Session: "s_1", State: []byte(`{"field":"notes"}`)}, "AWARENESS",
			`{"resourceId":"page:/1","userId":"anna","sessionId":"s_1","state":{"field":"notes"}}`},
		{&room.Awareness{Resource: "page:/1", User: "anna", Session: "s_1"}, "AWARENESS",
			`{"resourceId":"page:/1","userId":"anna","sessionId":"s_1","state":null}`},
		{&room.Locked{Resource: "page:/1", Lock: held}, "LOCK_STATUS_CHANGED",
			`{"resourceId":"page:/1","field":"notes","status":"locked","lockId":"l_1","userId":"anna","sessionId":"s_1","name":"Dr Anna","expiresAt":1700000030123}`},
		{&room.Unlocked{Resource: "page:/1", Lock: whole, End: collab.LockTakenOver}, "LOCK_RELEASED",
			`{"resourceId":"page:/1","lockId":"l_2","userId":"anna","sessionId":"s_1","reason":"taken_over"}`},
		{&room.Unlocked{Resource: "page:/1", Lock: whole, End: collab.LockBroken, By: "bruno", ByName: "Dr Bruno"}, "LOCK_RELEASED",
			`{"resourceId":"page:/1","lockId":"l_2","userId":"anna","sessionId":"s_1","reason":"broken","by":"bruno","byName":"Dr Bruno"}`},
		{&room.Notification{Delivery: "d_1", Resource: collab.Resource{Tenant: "default", ID: "page:/1"}, Source: "emr", EventType: "lab", Version: []byte(`"7"`),
			OccurredAt: time.UnixMilli(1700000000123), Data: []byte(`{"a":1}`)}, "RESOURCE_UPDATED",
			`{"deliveryId":"d_1","resourceId":"page:/1","source":"emr","eventType":"lab","version":"7","occurredAt":1700000000123,"data":{"a":1}}`},
		{&room.Notification{Delivery: "d_1", Resource: collab.Resource{ID: "page:/1"}, OccurredAt: time.UnixMilli(1)}, "RESOURCE_UPDATED",
			`{"deliveryId":"d_1","resourceId":"page:/1","source":"","eventType":"","version":null,"occurredAt":1,"data":null}`},
		{"something else", "ERROR", `{"code":"INTERNAL","message":"a message of unknown kind"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, fields := describe(tt.body)
			if got := string(mustJSON(fields)); name != tt.name || got != tt.want {
				t.Fatalf("got %s %s\nwant %s %s", name, got, tt.name, tt.want)
			}
		})
	}
}

func TestMessageIsEncodedOnceForAllPeers(t *testing.T) { // C7, D2e
	for _, body := range []any{&room.Updated{Resource: "page:/1", Update: []byte{1}, User: "anna", Session: "s_1", Revision: 2}, &room.UserJoined{User: anna}} {
		m := &room.Message{Body: body}
		first := encode(m)
		if first == nil || encode(m) != first {
			t.Fatalf("%T was encoded twice", body)
		}
	}
}

func TestUpdateIsWrittenAsAnEncoderWould(t *testing.T) { // D2e
	for _, id := range []string{"page:/1", `quo"ted`, `back\slash`, "Zürich", "line\nbreak", "\x7f", "<&>"} {
		u := &room.Updated{Resource: collab.ResourceID(id), User: collab.UserID(id), Session: "s_1", Revision: 1<<53 - 1}
		var got struct {
			ResourceID string `json:"resourceId"`
			Update     struct {
				Placeholder bool `json:"_placeholder"`
				Num         int  `json:"num"`
			} `json:"update"`
			UserID    string `json:"userId"`
			SessionID string `json:"sessionId"`
			Revision  int64  `json:"revision"`
		}
		got.Update.Num = -1
		written := appendUpdated(nil, u)
		if err := json.Unmarshal(written, &got); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if got.ResourceID != id || got.UserID != id || got.SessionID != "s_1" || got.Revision != u.Revision || !got.Update.Placeholder || got.Update.Num != 0 {
			t.Fatalf("%s", written)
		}
	}
}

func TestAnswersHaveTheirFields(t *testing.T) { // R1, L1
	state := viewState(&room.State{Resource: "page:/1", Mode: collab.Editor, Users: []room.User{anna}, Head: collab.Head{Revision: 7, Guard: 2, Epoch: 1},
		Locks: []collab.Lock{held}, Client: 9})
	state.OK = true
	erased := viewState(&room.State{Resource: "page:/1", Mode: collab.Viewer, Users: []room.User{}, Head: collab.Head{Revision: 7, Epoch: 3}, Erased: 2})
	empty := viewState(&room.State{Resource: "page:/1", Mode: collab.Viewer, Users: []room.User{}})
	tests := []struct {
		name string
		view any
		want string
	}{
		{"a state in a callback", state, `{"ok":true,"resourceId":"page:/1","mode":"editor","users":[{"userId":"anna","name":"Dr Anna","role":"surgeon",` +
			`"mode":"editor","sessions":["s_1","s_2"],"joinedAt":1700000000123,"color":"#283593"}],"state":{"_placeholder":true,"num":0},` +
			`"stateVector":{"_placeholder":true,"num":1},"revision":7,"epoch":1,"locks":[{"lockId":"l_1","resourceId":"page:/1","field":"notes",` +
			`"userId":"anna","sessionId":"s_1","name":"Dr Anna","fence":3,"acquiredAt":1700000000123,"expiresAt":1700000030123}],"clientId":9}`},
		{"a viewer's state of what does not exist", empty, `{"resourceId":"page:/1","mode":"viewer","users":[],"state":{"_placeholder":true,"num":0},` +
			`"stateVector":{"_placeholder":true,"num":1},"revision":0,"epoch":0,"locks":[]}`},
		{"a state after an erasure (O7)", erased, `{"resourceId":"page:/1","mode":"viewer","users":[],"state":{"_placeholder":true,"num":0},` +
			`"stateVector":{"_placeholder":true,"num":1},"revision":7,"epoch":3,"erased":2,"locks":[]}`},
		{"a grant", viewGrant(collab.LockGranted{Lock: held, Head: collab.Head{Revision: 7}}), `{"lockId":"l_1","resourceId":"page:/1","field":"notes",` +
			`"fence":3,"acquiredAt":1700000000123,"expiresAt":1700000030123,"revision":7}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(mustJSON(tt.view)); got != tt.want {
				t.Fatalf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRefusalsHaveTheFieldsOfTheirEvent(t *testing.T) { // SPEC 3, D2b, D7, L2, L4, L6, R2, A5
	e := func(code collab.Code, detail any) *collab.Error {
		return &collab.Error{Code: code, Msg: "m", Detail: detail}
	}
	tests := []struct {
		err   *collab.Error
		named bool // the event bears the code's name
		want  string
	}{
		{e(collab.CodeUpdateRejected, room.Rejected{Rejected: document.Rejected{Fields: []collab.Field{"notes"}, LockedBy: "anna"}, Revision: 7}), true,
			`{"code":"UPDATE_REJECTED","fields":["notes"],"lockedBy":"anna","message":"m","reason":"locked","resourceId":"page:/1","revision":7}`},
		{e(collab.CodeMissingDependency, document.Missing{StateVector: []byte{0}}), true,
			`{"code":"MISSING_DEPENDENCY","message":"m","resourceId":"page:/1","stateVector":{"_placeholder":true,"num":0}}`},
		{e(collab.CodeForeignClient, document.Foreign{Client: 4711}), true,
			`{"clientId":4711,"code":"FOREIGN_CLIENT","message":"m","resourceId":"page:/1"}`},
		{e(collab.CodeLockDenied, lock.Denied{Reason: lock.ReasonAlreadyLocked, Holder: held}), true,
			`{"code":"LOCK_DENIED","lockedBy":"anna","lockedByName":"Dr Anna","lockedUntil":1700000030123,"message":"m","reason":"already_locked","resourceId":"page:/1"}`},
		{e(collab.CodeLockDenied, lock.Denied{Reason: lock.ReasonUnavailable}), true,
			`{"code":"LOCK_DENIED","message":"m","reason":"lock_service_unavailable","resourceId":"page:/1"}`},
		{e(collab.CodePermissionDenied, denial{Reason: "viewer"}), true,
			`{"code":"PERMISSION_DENIED","event":"Y_UPDATE","message":"m","reason":"viewer","resourceId":"page:/1"}`},
		{e(collab.CodeUnauthorized, refused{Reason: "expired"}), true,
			`{"code":"UNAUTHORIZED","message":"m","reason":"expired","resourceId":"page:/1"}`},
		{e(collab.CodeLockLost, lost{LockID: "l_1"}), true,
			`{"code":"LOCK_LOST","lockId":"l_1","message":"m","resourceId":"page:/1"}`},
		{&collab.Error{Code: collab.CodeBackpressure, Msg: "m", RetryAfter: time.Second}, false,
			`{"code":"BACKPRESSURE","event":"Y_UPDATE","message":"m","resourceId":"page:/1","retryAfterMs":1000}`},
		{e(collab.CodeResyncRequired, nil), false,
			`{"code":"RESYNC_REQUIRED","event":"Y_UPDATE","message":"m","resourceId":"page:/1"}`},
	}
	for _, tt := range tests {
		t.Run(string(tt.err.Code), func(t *testing.T) {
			r := viewError(evUpdate, "page:/1", tt.err)
			if got := string(mustJSON(r.fields)); got != tt.want || r.named != tt.named {
				t.Fatalf("got  %s named %v\nwant %s named %v", got, r.named, tt.want, tt.named)
			}
			if tt.err.Code == collab.CodeMissingDependency && len(r.attachments) != 1 {
				t.Fatalf("%d attachments, want the state vector", len(r.attachments))
			}
		})
	}
	if r := viewError(evUpdate, "", e(collab.CodeBadRequest, nil)); r.fields["resourceId"] != nil {
		t.Fatal("an error about no resource names one")
	}
}

func TestErrorOfTheServerShowsNothingOfItsCause(t *testing.T) { // T6
	secret := errors.New("dial postgres://corsia:hunter2@db")
	for _, err := range []error{secret, fromStore(secret)} {
		r := viewError(evJoin, "page:/1", collab.AsError(err))
		if got := string(mustJSON(r.fields)); len(got) == 0 || strings.Contains(got, "hunter2") || strings.Contains(got, "postgres") {
			t.Fatalf("shown: %s", got)
		}
	}
	if e := collab.AsError(fromStore(secret)); e.Code != collab.CodeUnavailable || e.RetryAfter == 0 {
		t.Fatalf("an error of the store is %v, want one that passes", e)
	}
	if err := fromStore(nil); err != nil {
		t.Fatalf("no error became %v", err)
	}
	own := collab.NewError(collab.CodeDocumentQuarantine, "m")
	if err := fromStore(own); collab.AsError(err) != own {
		t.Fatalf("an error that clients understand became %v", err)
	}
	slow := retryable(collab.AsError(errors.Join(errors.New("send"), context.DeadlineExceeded)))
	if slow.Code != collab.CodeUnavailable || slow.RetryAfter == 0 {
		t.Fatalf("a request that took too long is %v, want one that may be sent again", slow)
	}
}

func TestTicketNotesTheCallbackThatWaits(t *testing.T) { // SPEC 3
	if got := ticket(socketio.Event{Name: evJoin}); got != (room.Ticket{Event: evJoin, Ack: -1}) {
		t.Fatalf("got %+v", got)
	}
}

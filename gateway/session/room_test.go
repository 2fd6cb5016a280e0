package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corsia/shared/audit"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

// page is a client with a document of its own.
type page struct {
	*testkit.Client
	doc      *ydoc.Doc
	client   ydoc.ClientID
	resource string
}

// open joins a resource and takes over its state.
func (w *ward) open(t *testing.T, user, resource string, claims ...fields) *page {
	t.Helper()
	p := &page{Client: w.Connect(t, user, claims...), doc: ydoc.New(), resource: resource}
	p.rejoin(t)
	return p
}

func (p *page) rejoin(t *testing.T) fields {
	t.Helper()
	p.doc = ydoc.New()
	state := p.OK("JOIN_RESOURCE", fields{"resourceId": p.resource, "resourceType": "patient_record", "mode": "editor"})
	if err := p.doc.ApplyUpdate(state.Bytes("state")); err != nil {
		t.Fatalf("state: %v", err)
	}
	p.client = ydoc.ClientID(state.Int("clientId"))
	return state
}

// types makes an update in the page's document.
func (p *page) types(t *testing.T, field, text string) []byte {
	t.Helper()
	update, err := p.doc.Transact(p.client, func(e *ydoc.Edit) { e.InsertText(field, p.doc.TextLength(field), text) })
	if err != nil {
		t.Fatalf("type: %v", err)
	}
	return update
}

func (p *page) update(update any) fields { return fields{"resourceId": p.resource, "update": update} }

func TestJoinAnswersTwiceAndTellsTheOthers(t *testing.T) { // R1, SPEC 3
	t.Parallel()
	w := start(t)
	bruno := w.editor(t, "bruno", "page:/1")
	anna := w.Connect(t, "anna", fields{"role": "surgeon"})
	ack := anna.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "resourceType": "patient_record", "mode": "editor", "stateVector": nil})
	event := anna.Next("RESOURCE_STATE")
	delete(ack, "ok")
	if fmt.Sprint(ack) != fmt.Sprint(event) {
		t.Errorf("the callback says %v, the event %v", ack, event)
	}
	for _, key := range []string{"resourceId", "mode", "users", "state", "stateVector", "revision", "epoch", "locks", "clientId"} {
		if _, there := event[key]; !there {
			t.Errorf("RESOURCE_STATE has no %s", key)
		}
	}
	if users, _ := event["users"].([]any); len(users) != 2 || event.Int("revision") != 1 || event.Int("clientId") <= 0 {
		t.Errorf("got %v", event)
	}
	joined, _ := bruno.Next("USER_JOINED")["user"].(fields)
	if joined.Text("userId") != "anna" || joined.Text("role") != "surgeon" || joined.Text("mode") != "editor" || joined.Text("color") == "" {
		t.Errorf("bruno was told of %v", joined)
	}
	anna.OK("LEAVE_RESOURCE", fields{"resourceId": "page:/1"})
	if left := bruno.Next("USER_LEFT"); left.Text("userId") != "anna" || left.Text("reason") != "left" || left.Text("sessionId") != anna.Session() {
		t.Errorf("bruno was told %v", left)
	}
	if e := anna.Refusal("LEAVE_RESOURCE", fields{"resourceId": "page:/1"}); e.Text("code") != "NOT_JOINED" {
		t.Errorf("leaving twice: %v", e)
	}
	if e := anna.Refusal("Y_SYNC", fields{"resourceId": "page:/1"}); e.Text("code") != "NOT_JOINED" {
		t.Errorf("syncing what was left: %v", e)
	}
	w.audited(t, 2, audit.ResourceJoined)
	if rows := w.audited(t, 1, audit.ResourceLeft); rows[0].Reason != "left" || rows[0].Actor != "anna" {
		t.Errorf("audited %+v", rows[0])
	}
}

func TestJoinThatIsAskedWronglyIsRefused(t *testing.T) { // R1, D6
	t.Parallel()
	w := start(t)
	c := w.Connect(t, "anna")
	tests := []struct {
		name string
		ask  fields
		code string
	}{
		{"no resource", fields{"mode": "editor"}, "INVALID_RESOURCE"},
		{"a resource of 513 bytes", fields{"resourceId": strings.Repeat("x", 513), "mode": "editor"}, "INVALID_RESOURCE"},
		{"a reserved name", fields{"resourceId": "page:/1:user:anna", "mode": "editor"}, "INVALID_RESOURCE"},
		{"no mode", fields{"resourceId": "page:/1"}, "BAD_REQUEST"},
		{"another mode", fields{"resourceId": "page:/1", "mode": "owner"}, "BAD_REQUEST"},
		{"a state vector that is none", fields{"resourceId": "page:/1", "mode": "editor", "stateVector": "AA=="}, "BAD_REQUEST"},
		{"a type without end", fields{"resourceId": "page:/1", "mode": "editor", "resourceType": strings.Repeat("x", 200)}, "BAD_REQUEST"},
	}
	for _, tt := range tests {
		if e := c.Refusal("JOIN_RESOURCE", tt.ask); e.Text("code") != tt.code || e.Text("message") == "" {
			t.Errorf("%s: %v, want %s", tt.name, e, tt.code)
		}
	}
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "editor"})
}

func TestSessionInTooManyRoomsIsToldAndDisconnected(t *testing.T) { // C8
	t.Parallel()
	w := start(t, "MAX_ROOMS_PER_SESSION", "2")
	c := w.editor(t, "anna", "page:/1")
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/2", "mode": "editor"})
	c.OK("JOIN_RESOURCE", fields{"resourceId": "page:/2", "mode": "editor"})
	if e := c.Refusal("JOIN_RESOURCE", fields{"resourceId": "page:/3", "mode": "editor"}); e.Text("code") != "RATE_LIMITED" || e.Int("retryAfterMs") <= 0 {
		t.Errorf("the callback says %v", e)
	}
	if e := c.Next("ERROR"); e.Text("code") != "RATE_LIMITED" || e.Text("resourceId") != "page:/3" {
		t.Errorf("the event says %v", e)
	}
	if how := c.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
}

func TestUpdateIsAcknowledgedAndShown(t *testing.T) { // D2
	t.Parallel()
	w := start(t)
	anna, bruno := w.open(t, "anna", "page:/1"), w.open(t, "bruno", "page:/1")
	if ack := anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "pain"))); ack.Int("revision") != 2 || len(ack) != 2 {
		t.Errorf("acknowledged %v", ack)
	}
	numbers := []int{}
	for _, b := range anna.types(t, "notes", " severe") {
		numbers = append(numbers, int(b))
	}
	if ack := anna.OK("RESOURCE_UPDATE", anna.update(numbers)); ack.Int("revision") != 3 { // the alias, as an array
		t.Errorf("acknowledged %v", ack)
	}
	for revision := int64(2); revision <= 3; revision++ {
		e := bruno.Next("Y_UPDATE")
		if e.Int("revision") != revision || e.Text("userId") != "anna" || e.Text("sessionId") != anna.Session() || e.Text("resourceId") != "page:/1" {
			t.Errorf("shown %v", e)
		}
		if err := bruno.doc.ApplyUpdate(e.Bytes("update")); err != nil {
			t.Fatalf("apply: %v", err)
		}
	}
	if got := bruno.doc.Text("notes"); got != "pain severe" {
		t.Errorf("bruno sees %q", got)
	}
	sync := bruno.OK("Y_SYNC", fields{"resourceId": "page:/1", "stateVector": bruno.doc.StateVector()})
	if sync.Int("revision") != 3 || len(sync.Bytes("update")) != 2 || !slices.Equal(sync.Bytes("stateVector"), bruno.doc.StateVector()) {
		t.Errorf("nothing is missing, and yet: %v", sync)
	}
	anna.None("Y_UPDATE", "ERROR") // nobody gets its own
}

func TestRefusedUpdateReachesCallbackOrEvent(t *testing.T) { // SPEC 3, D2b, D2c, D7, L6
	t.Parallel()
	w := start(t)
	anna, bruno := w.open(t, "anna", "page:/1"), w.open(t, "bruno", "page:/1")
	bruno.OK("LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"})
	refused := anna.types(t, "notes", "x")
	anna.Emit("Y_UPDATE", anna.update(refused))
	e := anna.Next("UPDATE_REJECTED")
	if list, _ := e["fields"].([]any); e.Text("reason") != "locked" || e.Text("lockedBy") != "bruno" || e.Int("revision") != 1 || len(list) != 1 || list[0] != "notes" {
		t.Errorf("got %v", e)
	}
	if e := anna.Refusal("Y_UPDATE", anna.update(anna.types(t, "plan", "y"))); e.Text("code") != "RESYNC_REQUIRED" {
		t.Errorf("got %v", e)
	}
	anna.rejoin(t)
	anna.OK("Y_UPDATE", anna.update(anna.types(t, "plan", "again")))
	bruno.Next("Y_UPDATE")
	anna.types(t, "plan", "never sent")
	if e := anna.Refusal("Y_UPDATE", anna.update(anna.types(t, "plan", "z"))); e.Text("code") != "MISSING_DEPENDENCY" || len(e.Bytes("stateVector")) == 0 {
		t.Errorf("got %v", e)
	}
	thief := ydoc.New()
	stolen, err := thief.Transact(anna.client, func(edit *ydoc.Edit) { edit.InsertText("dose", 0, strings.Repeat("x", 50)) })
	if err != nil {
		t.Fatal(err)
	}
	bruno.Emit("Y_UPDATE", bruno.update(stolen))
	if e := bruno.Next("FOREIGN_CLIENT"); e.Int("clientId") != int64(anna.client) {
		t.Errorf("got %v", e)
	}
	bruno.None("Y_UPDATE")
	w.audited(t, 2, audit.UpdateRejected)
}

func TestThreeMalformedUpdatesDisconnect(t *testing.T) { // D6, F7
	t.Parallel()
	w := start(t)
	anna, bruno := w.open(t, "anna", "page:/1"), w.open(t, "bruno", "page:/1")
	for range 2 {
		if e := anna.Refusal("Y_UPDATE", anna.update([]byte("no update"))); e.Text("code") != "MALFORMED_UPDATE" {
			t.Errorf("got %v", e)
		}
	}
	anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "x")))
	anna.Emit("Y_UPDATE", anna.update([]byte("no update")))
	if e := anna.Next("ERROR"); e.Text("code") != "MALFORMED_UPDATE" || e.Text("event") != "Y_UPDATE" || e.Text("resourceId") != "page:/1" {
		t.Errorf("got %v", e)
	}
	if how := anna.Ended(); how != "disconnect" {
		t.Errorf("ended by %q", how)
	}
	bruno.OK("Y_UPDATE", bruno.update(bruno.types(t, "plan", "undisturbed")))
}

func TestViewerGetsEverythingAndWritesNothing(t *testing.T) { // R2, A6
	t.Parallel()
	w := start(t)
	rights := fields{"permissions": []any{fields{"resource": "page:/*", "mode": "viewer"}}}
	anna := w.open(t, "anna", "page:/1")
	viewer := w.Connect(t, "bruno", rights)
	if e := viewer.Refusal("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "editor"}); e.Text("code") != "PERMISSION_DENIED" || e.Text("event") != "JOIN_RESOURCE" || e.Text("reason") == "" {
		t.Errorf("got %v", e)
	}
	state := viewer.OK("JOIN_RESOURCE", fields{"resourceId": "page:/1", "mode": "viewer"})
	if state.Text("mode") != "viewer" || state["clientId"] != nil {
		t.Errorf("got %v", state)
	}
	anna.OK("Y_UPDATE", anna.update(anna.types(t, "notes", "x")))
	viewer.Next("Y_UPDATE")
	for _, ask := range []struct {
		event string
		args  fields
	}{
		{"Y_UPDATE", fields{"resourceId": "page:/1", "update": []byte{0, 0}}},
		{"RESOURCE_UPDATE", fields{"resourceId": "page:/1", "update": []byte{0, 0}}},
		{"SEED", fields{"resourceId": "page:/1", "values": fields{"notes": "x"}}},
		{"SEED", fields{"resourceId": "page:/1", "known": fields{"notes": "x"}}},
		{"LOCK_ACQUIRE", fields{"resourceId": "page:/1", "field": "notes"}},
		{"LOCK_ACQUIRE", fields{"resourceId": "page:/not-joined"}},
	} {
		if e := viewer.Refusal(ask.event, ask.args); e.Text("code") != "PERMISSION_DENIED" || e.Text("event") != ask.event {
			t.Errorf("%s: %v", ask.event, e)
		}
	}
	viewer.Emit("Y_UPDATE", fields{"resourceId": "page:/1", "update": []byte{0, 0}})
	if e := viewer.Next("PERMISSION_DENIED"); e.Text("event") != "Y_UPDATE" || e.Text("resourceId") != "page:/1" || e.Text("reason") != "viewer" {
		t.Errorf("got %v", e)
	}
	viewer.OK("Y_SYNC", fields{"resourceId": "page:/1"})
	viewer.OK("AWARENESS", fields{"resourceId": "page:/1", "state": fields{"field": "notes"}})
	anna.Next("AWARENESS")
	empty := viewer.OK("JOIN_RESOURCE", fields{"resourceId": "page:/never", "mode": "viewer"})
	if empty.Int("revision") != 0 {
		t.Errorf("what does not exist is at %v", empty)
	}
	w.audited(t, 8, audit.PermissionDenied)
}

func TestAwarenessIsStampedAndBounded(t *testing.T) { // R6
	t.Parallel()
	w := start(t)
	anna, bruno := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/1")
	anna.OK("AWARENESS", fields{"resourceId": "page:/1", "state": fields{"field": "notes", "userId": "carla"}, "userId": "carla", "sessionId": "s_forged"})
	e := bruno.Next("AWARENESS")
	if state, _ := e["state"].(fields); e.Text("userId") != "anna" || e.Text("sessionId") != anna.Session() || state.Text("field") != "notes" {
		t.Errorf("got %v", e)
	}
	if e := anna.Refusal("AWARENESS", fields{"resourceId": "page:/1", "state": strings.Repeat("x", 2<<10)}); e.Text("code") != "BAD_REQUEST" {
		t.Errorf("got %v", e)
	}
	if e := anna.Refusal("AWARENESS", fields{"resourceId": "page:/2", "state": nil}); e.Text("code") != "NOT_JOINED" {
		t.Errorf("got %v", e)
	}
	anna.Disconnect()
	if e := bruno.NextWhere("AWARENESS", func(e fields) bool { return e["state"] == nil }); e.Text("sessionId") != anna.Session() {
		t.Errorf("got %v", e)
	}
}

func TestSeedSaysWhatItWroteAndWhatItKept(t *testing.T) { // G4
	t.Parallel()
	w := start(t)
	anna, bruno := w.open(t, "anna", "page:/1"), w.open(t, "bruno", "page:/1")
	seeds := fields{"resourceId": "page:/1", "values": fields{"notes": "from the page", "given": true, "empty": ""}}
	ack := anna.OK("SEED", seeds)
	if fmt.Sprint(ack["seeded"]) != "[values/given notes]" || ack.Int("revision") != 2 || len(ack["kept"].(fields)) != 0 {
		t.Errorf("seeded %v", ack)
	}
	for _, p := range []*page{anna, bruno} { // its author gets it, too
		if err := p.doc.ApplyUpdate(p.Next("Y_UPDATE").Bytes("update")); err != nil || p.doc.Text("notes") != "from the page" {
			t.Errorf("shown %q, %v", p.doc.Text("notes"), err)
		}
	}
	again := bruno.OK("SEED", fields{"resourceId": "page:/1", "values": fields{"notes": "changed meanwhile"}})
	kept, _ := again["kept"].(fields)
	if list, _ := again["seeded"].([]any); len(list) != 0 || again.Int("revision") != 2 || kept.Text("notes") != "from the page" {
		t.Errorf("seeded again %v", again)
	}
	for _, values := range []any{fields{"values": "the map"}, 7, fields{"": "x"}} {
		if e := anna.Refusal("SEED", fields{"resourceId": "page:/1", "values": values}); e.Text("code") != "BAD_REQUEST" {
			t.Errorf("%v: %v", values, e)
		}
	}
	if e := anna.Refusal("SEED", fields{"resourceId": "page:/2", "values": fields{"a": "b"}}); e.Text("code") != "NOT_JOINED" {
		t.Errorf("got %v", e)
	}
}

func TestSeedSaysWhichValuesOfPagesAreKnownToBeOld(t *testing.T) { // G4
	t.Parallel()
	w := start(t)
	anna, bruno := w.open(t, "anna", "page:/1"), w.open(t, "bruno", "page:/1")
	ask := fields{"resourceId": "page:/1", "values": fields{"notes": "from the page", "given": true}}
	if ack := anna.OK("SEED", ask); len(ack["known"].(fields)) != 0 {
		t.Errorf("known at the beginning: %v", ack)
	}
	noted := anna.OK("SEED", fields{"resourceId": "page:/1", "known": fields{"notes": "changed \U0001F469 <b>", "values/given": false}})
	if list, _ := noted["seeded"].([]any); len(list) != 0 || noted.Int("revision") != 2 {
		t.Errorf("noting has written: %v", noted)
	}
	again := bruno.OK("SEED", ask)
	known, _ := again["known"].(fields)
	if fmt.Sprint(known["notes"]) != "[changed \U0001F469 <b>]" || fmt.Sprint(known["values/given"]) != "[false]" {
		t.Errorf("known %v", again)
	}
	if kept, _ := again["kept"].(fields); kept.Text("notes") != "from the page" {
		t.Errorf("kept %v", again)
	}
	for _, known := range []any{fields{"values": "the map"}, 7, fields{"": "x"}, fields{"notes": fields{}}} {
		if e := anna.Refusal("SEED", fields{"resourceId": "page:/1", "known": known}); e.Text("code") != "BAD_REQUEST" {
			t.Errorf("%v: %v", known, e)
		}
	}
}

func TestDependencyThatGoesAwayIsToldToEverybodyOnce(t *testing.T) { // F1, H1
	t.Parallel()
	w := start(t)
	busy, idle := w.editor(t, "anna", "page:/1"), w.Connect(t, "bruno")
	busy.OK("JOIN_RESOURCE", fields{"resourceId": "page:/2", "mode": "editor"})
	if err := os.RemoveAll(filepath.Join(w.Dir, "archive")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*testkit.Client{busy, idle} {
		if e := c.Next("DEGRADED"); e.Text("what") != "archive" || e.Int("since") <= 0 || len(e) != 2 {
			t.Errorf("told %v", e)
		}
		c.None("DEGRADED", "RECOVERED")
	}
}

func TestPushOfTheDemoReachesTheRoom(t *testing.T) { // W4
	t.Parallel()
	w := start(t)
	anna, elsewhere := w.editor(t, "anna", "page:/1"), w.editor(t, "bruno", "page:/2")
	status, _, body := w.HTTP(t, "POST", "/demo/push", "", fields{"resourceId": "page:/1", "eventType": "lab.result", "data": fields{"potassium": 5.9}})
	if status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	e := anna.Next("RESOURCE_UPDATED")
	data, _ := e["data"].(fields)
	if e.Text("resourceId") != "page:/1" || e.Text("source") != "demo" || e.Text("eventType") != "lab.result" || data["potassium"] != 5.9 ||
		!strings.Contains(string(body), e.Text("deliveryId")) || e.Int("occurredAt") <= 0 {
		t.Errorf("told %v", e)
	}
	elsewhere.None("RESOURCE_UPDATED")
}

package corsia

import (
	"bytes"
	"errors"
	"testing"

	"corsia/tests/load/wire"
)

func TestPacketsAreParsed(t *testing.T) {
	tests := []struct {
		in          string
		kind        byte
		attachments int
		id          uint64
		body        string
		wantErr     bool
	}{
		{in: `2["HEARTBEAT_ACK",{"serverTime":1}]`, kind: '2', body: `["HEARTBEAT_ACK",{"serverTime":1}]`},
		{in: `317[{"ok":true}]`, kind: '3', id: 17, body: `[{"ok":true}]`},
		{in: `51-["Y_UPDATE",{}]`, kind: '5', attachments: 1, body: `["Y_UPDATE",{}]`},
		{in: `62-1099511627776[{}]`, kind: '6', attachments: 2, id: 1 << 40, body: `[{}]`},
		{in: `1`, kind: '1'},
		{in: ``, wantErr: true},
		{in: `7`, wantErr: true},
		{in: `3[]`, wantErr: true},
		{in: `5["Y_UPDATE"]`, wantErr: true},
		{in: `51`, wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			p, err := parsePacket([]byte(tt.in))
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want one: %v", err, tt.wantErr)
			}
			if tt.wantErr {
				return
			}
			if p.kind != tt.kind || p.attachments != tt.attachments || p.id != tt.id || string(p.body) != tt.body {
				t.Errorf("got %c %d %d %s", p.kind, p.attachments, p.id, p.body)
			}
		})
	}
}

func TestAnUpdateIsWrittenAsBrowsersWriteIt(t *testing.T) {
	got := string(appendUpdate(nil, 12, []byte(`"page:/patient/1"`)))
	const want = `451-12["Y_UPDATE",{"resourceId":"page:/patient/1","update":{"_placeholder":true,"num":0}}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheRevisionIsTheLastNumberOfAnUpdate(t *testing.T) {
	arg := []byte(`{"resourceId":"\"revision\":9","update":{"_placeholder":true,"num":0},"userId":"u","sessionId":"s","revision":42}`)
	if n, ok := revisionOf(arg); !ok || n != 42 {
		t.Errorf("got %d, %v: want 42", n, ok)
	}
	if _, ok := revisionOf([]byte(`{"revision":"x"}`)); ok {
		t.Error("a revision that is no number was read")
	}
}

func TestTheResourceIsTheFirstStringOfAnUpdate(t *testing.T) {
	if got := resourceOf([]byte(`{"resourceId":"page:/\"3\\","update":{},"revision":42}`)); string(got) != `"page:/\"3\\"` {
		t.Errorf("got %s", got)
	}
	for _, broken := range []string{`{"resourceId":"open`, `{"resourceId":7}`, `{"update":{}}`, ``} {
		if got := resourceOf([]byte(broken)); got != nil {
			t.Errorf("%s in %s", got, broken)
		}
	}
}

func TestARefusalHasItsCode(t *testing.T) {
	err := outcome("LOCK_ACQUIRE", []byte(`{"error":{"code":"LOCK_DENIED","reason":"already_locked"},"ok":false}`))
	refusal, ok := errors.AsType[*Refusal](err)
	if !ok || refusal.Code != "LOCK_DENIED" || refusal.Event != "LOCK_ACQUIRE" {
		t.Errorf("got %v", err)
	}
	for _, accepted := range []string{`{"ok":true,"revision":3}`, `{"lockId":"l","ok":true}`} {
		if err := outcome("X", []byte(accepted)); err != nil {
			t.Errorf("%s is refused: %v", accepted, err)
		}
	}
	if outcome("X", []byte(`nonsense`)) == nil {
		t.Error("nonsense is accepted")
	}
}

// told keeps what a listener is told.
type told struct {
	revisions []int64
	updates   [][]byte
	answers   []uint64
	events    []string
}

func (l *told) Updated(_ []byte, revision int64, update []byte) {
	l.revisions, l.updates = append(l.revisions, revision), append(l.updates, bytes.Clone(update))
}
func (l *told) Acknowledged(seq uint64, _ []byte) { l.answers = append(l.answers, seq) }
func (l *told) Event(name string, arg []byte)     { l.events = append(l.events, name+string(arg)) }
func (l *told) Lost(error)                        {}

func TestMessagesReachTheirListener(t *testing.T) {
	l := &told{}
	c := &Client{listener: l, waiting: map[uint64]chan<- Reply{}}
	answer := make(chan Reply, 1)
	c.waiting[requestBase] = answer
	for _, m := range []wire.Message{
		text(`42["USER_LEFT",{"userId":"u"}]`), text(`42["SERVER_DRAINING"]`), text(`439[{"ok":true,"revision":7}]`),
		text(`451-["Y_UPDATE",{"revision":8}]`), {Opcode: wire.Binary, Data: []byte{1, 2}},
		text(`462-1099511627776[{"ok":true}]`), {Opcode: wire.Binary, Data: []byte{3}}, {Opcode: wire.Binary, Data: []byte{4}},
	} {
		if err := c.receive(m); err != nil {
			t.Fatalf("%s: %v", m.Data, err)
		}
	}
	if len(l.events) != 2 || l.events[0] != `USER_LEFT{"userId":"u"}` || l.events[1] != "SERVER_DRAINING" {
		t.Errorf("events %q", l.events)
	}
	if len(l.answers) != 1 || l.answers[0] != 9 {
		t.Errorf("acknowledgements %v", l.answers)
	}
	if len(l.revisions) != 1 || l.revisions[0] != 8 || !bytes.Equal(l.updates[0], []byte{1, 2}) {
		t.Errorf("updates %v %v", l.revisions, l.updates)
	}
	if r := <-answer; string(r.JSON) != `{"ok":true}` || len(r.Attachments) != 2 || r.Attachments[1][0] != 4 {
		t.Errorf("reply %s %v", r.JSON, r.Attachments)
	}
}

func TestWhatBreaksTheProtocolIsAnError(t *testing.T) {
	for _, messages := range [][]wire.Message{
		{{Opcode: wire.Binary, Data: []byte{1}}},
		{text("")},
		{text(`451-["Y_UPDATE",{"revision":8}]`), text("2")},
		{text(`451-["Y_UPDATE",{}]`), {Opcode: wire.Binary}},
		{text(`42{}`)},
		{text(`43x`)},
		{text(`41`)},
	} {
		c := &Client{listener: &told{}}
		var err error
		for _, m := range messages {
			err = c.receive(m)
		}
		if err == nil {
			t.Errorf("%s is no error", messages[len(messages)-1].Data)
		}
	}
}

func text(s string) wire.Message { return wire.Message{Opcode: wire.Text, Data: []byte(s)} }

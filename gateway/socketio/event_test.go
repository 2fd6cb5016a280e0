package socketio

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
)

// answering echoes events, and acknowledges those that ask for it.
var answering = ward{event: func(l *listener, e Event) {
	if e.WantsAck() {
		l.conn.Ack(e.AckID(), e.JoinArgs(), e.Attachments...)
		return
	}
	l.conn.Emit(e.Name, e.JoinArgs(), e.Attachments...)
}}

func TestEventsAndAcknowledgementsOnTheWire(t *testing.T) {
	one, two := `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":1}`
	tests := []struct {
		name       string
		sent, want []string
	}{
		{"event", []string{`42["a"]`}, []string{`42["a"]`}},
		{"arguments", []string{`42["a",1,"2",{"3":[true]}]`}, []string{`42["a",1,"2",{"3":[true]}]`}},
		{"spaces in JSON", []string{"42 [ \"a\" , 1\n, {} ] "}, []string{`42["a",1,{}]`}},
		{"numeric name", []string{`42[7,1]`}, []string{`42["7",1]`}},
		{"escaped name", []string{`42["\u0061\n"]`}, []string{`42["a\n"]`}},
		{"name in UTF-8", []string{`42["gänge"]`}, []string{`42["gänge"]`}},
		{"acknowledgement", []string{`42456["a",1,{"3":[false]}]`}, []string{`43456[1,{"3":[false]}]`}},
		{"acknowledgement without arguments", []string{`420["a"]`}, []string{`430[]`}},
		{"greatest id", []string{`429007199254740991["a"]`}, []string{`439007199254740991[]`}},
		{"one attachment", []string{`451-["a",` + one + `]`, "[x]"}, []string{`451-["a",` + one + `]`, "[x]"}},
		{"two attachments", []string{`452-["a",{"b":[` + one + `]},` + two + `]`, "[x]", "[]"}, []string{`452-["a",{"b":[` + one + `]},` + two + `]`, "[x]", "[]"}},
		{"attachment and acknowledgement", []string{`451-7["a",` + one + `]`, "[x]"}, []string{`461-7[` + one + `]`, "[x]"}},
		{"placeholder of another library", []string{`451-7["a",{ "num": 0, "_placeholder" : true }]`, "[x]"}, []string{`461-7[{ "num": 0, "_placeholder" : true }]`, "[x]"}},
		{"binary without attachments", []string{`450-["a"]`}, []string{`42["a"]`}},
		{"placeholder in a plain event is data", []string{`42["a",` + one + `]`}, []string{`42["a",` + one + `]`}},
		{"acknowledgement by the client is ignored", []string{`431["x"]`, `461-1[` + one + `]`, "[x]", `42["a"]`}, []string{`42["a"]`}},
	}
	run(t, Options{}, answering, func(w *world) {
		for _, tt := range tests {
			c := w.connect()
			c.send(tt.sent...)
			for _, want := range tt.want {
				if got := c.read(); got != want {
					t.Errorf("%s: read %q, want %q", tt.name, got, want)
				}
			}
		}
	})
}

func TestMalformedPacketsCloseTheTransport(t *testing.T) {
	one := `{"_placeholder":true,"num":0}`
	tests := []struct {
		name string
		sent []string
		want error
	}{
		{"object payload", []string{"42{}"}, errPayload},
		{"no payload", []string{"42"}, errPayload},
		{"empty array", []string{"42[]"}, errPayload},
		{"name is an object", []string{"42[{}]"}, errPayload},
		{"name is null", []string{"42[null]"}, errPayload},
		{"reserved name", []string{`42["disconnect"]`}, errReserved},
		{"not an id", []string{`42abc["a"]`}, errPayload},
		{"negative id", []string{`42-1["a"]`}, errPayload},
		{"id too great", []string{`429007199254740992["a"]`}, errAckID},
		{"broken JSON", []string{`42["a",]`}, errPayload},
		{"unclosed array", []string{`42["a"`}, errPayload},
		{"rest after the array", []string{`42["a"]x`}, errPayload},
		{"deep JSON", []string{`42["a",` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `]`}, errPayload},
		{"very deep JSON", []string{`42["a",` + strings.Repeat(`{"a":`, 100_000)}, errPayload},
		{"DISCONNECT with a payload", []string{"41{}"}, errPayload},
		{"ACK without id", []string{`43["a"]`}, errAckID},
		{"ACK without array", []string{`431{}`}, errPayload},
		{"no number of attachments", []string{`45-["a"]`}, errAttachments},
		{"no dash", []string{`451["a"]`}, errAttachments},
		{"nothing after the number", []string{`451`}, errAttachments},
		{"negative attachments", []string{`45-1-["a"]`}, errAttachments},
		{"too many attachments", []string{`4511-["a"]`}, errAttachments},
		{"absurdly many attachments", []string{`4599999999999999999999999-["a"]`}, errAttachments},
		{"placeholder missing", []string{`451-["a"]`}, errPlaceholders},
		{"placeholder too many", []string{`451-["a",` + one + `,{"_placeholder":true,"num":1}]`}, errPlaceholders},
		{"placeholder twice", []string{`452-["a",` + one + `,` + one + `]`}, errPlaceholders},
		{"placeholder without number", []string{`451-["a",{"_placeholder":true}]`}, errPlaceholders},
		{"placeholder of a fraction", []string{`451-["a",{"_placeholder":true,"num":0.5}]`}, errPlaceholders},
		{"attachment too many", []string{`451-["a",` + one + `]`, "[x]", "[y]"}, errUnexpectedBinary},
		{"attachment without a packet", []string{"[x]"}, errUnexpectedBinary},
		{"attachment missing", []string{`451-["a",` + one + `]`, `42["b"]`}, errMissingBinary},
		{"second namespace in between", []string{`451-["a",` + one + `]`, `40/custom,`}, errMissingBinary},
		{"attachments too large", []string{`452-["a",` + one + `,{"_placeholder":true,"num":1}]`, "[" + strings.Repeat("x", 600) + "]", "[" + strings.Repeat("x", 600) + "]"}, errPacketTooLarge},
	}
	run(t, Options{MaxPacketBytes: 1000}, ward{}, func(w *world) {
		for i, tt := range tests {
			c := w.connect()
			c.send(tt.sent...)
			if got := c.read(); got != "close 1002" {
				t.Errorf("%s: read %q", tt.name, got)
			}
			synctest.Wait()
			if len(w.malformed) != i+1 || w.malformed[i] != tt.want.Error() {
				t.Fatalf("%s: malformed %q, want %q", tt.name, w.malformed[min(i, len(w.malformed)):], tt.want)
			}
			events := ""
			if tt.name == "attachment too many" {
				events = `a(` + one + `)["x"]`
			}
			w.last().want(events, ReasonMalformed)
		}
	})
}

func TestPollingCarriesEventsWithAttachments(t *testing.T) {
	run(t, Options{}, answering, func(w *world) {
		p := w.poll()
		p.post("40")
		if got := p.get(); !strings.HasPrefix(got, `40{"sid":`) {
			t.Fatalf("poll answered %q", got)
		}
		payload := "451-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1ebeA==\x1e42[\"b\"]"
		if got := p.post(payload); got != "ok" {
			t.Fatalf("post answered %q", got)
		}
		if got := p.get(); got != payload {
			t.Errorf("poll answered %q", got)
		}
		w.last().want(`a({"_placeholder":true,"num":0})["x"] b()[]`, "")
	})
}

func TestOnePacketServesManyConnectionsAndBothTransports(t *testing.T) {
	run(t, Options{}, ward{}, func(w *world) {
		a := w.connect()
		first := w.last().conn
		p := w.poll()
		p.post("40")
		p.get()
		second := w.last().conn
		c := w.dial()
		c.send("40/custom,")
		c.read()
		other := w.last().conn
		event := EncodeEvent("Y_UPDATE", []byte(`{"update":`+Placeholder(0)+`}`), []byte("bytes"))
		for _, shared := range []*Packet{event, EncodeSharedEvent("Y_UPDATE", []byte(`{"update":`+Placeholder(0)+`}`), []byte("bytes"))} {
			if !first.Send(shared) || !second.SendShared(shared) {
				t.Fatal("not taken")
			}
			if other.Send(shared) {
				t.Error("a packet of another namespace was taken")
			}
			a.want(`451-["Y_UPDATE",{"update":{"_placeholder":true,"num":0}}]`, "[bytes]")
			if got := p.get(); got != "451-[\"Y_UPDATE\",{\"update\":{\"_placeholder\":true,\"num\":0}}]\x1ebYnl0ZXM=" {
				t.Errorf("poll answered %q", got)
			}
		}
		if !first.AckShared(3, []byte(Placeholder(0)), []byte(strings.Repeat("x", 10_000))) || first.Pending() != 0 {
			t.Error("shared acknowledgement")
		}
		a.want(`461-3[{"_placeholder":true,"num":0}]`, "["+strings.Repeat("x", 10_000)+"]")
		if event.Len() == 0 {
			t.Error("no length")
		}
	})
}

func TestAttachmentsBelongToTheListener(t *testing.T) {
	var kept [][]byte
	handler := ward{event: func(_ *listener, e Event) { kept = append(kept, e.Attachments...) }}
	run(t, Options{}, handler, func(w *world) {
		c := w.connect()
		for _, data := range []string{"[one]", "[two]", "[three]"} {
			c.send(`451-["a",{"_placeholder":true,"num":0}]`, data)
		}
		synctest.Wait()
		if len(kept) != 3 || string(kept[0]) != "one" || string(kept[1]) != "two" || string(kept[2]) != "three" {
			t.Errorf("kept %q", kept)
		}
	})
}

func TestAttachmentIsFoundByItsPlaceholder(t *testing.T) {
	e := Event{Attachments: [][]byte{[]byte("zero"), []byte("one")}}
	tests := []struct{ value, want string }{
		{Placeholder(0), "zero"},
		{Placeholder(1), "one"},
		{` { "num" : 1, "_placeholder" : true } `, "one"},
		{Placeholder(2), ""},
		{`{"_placeholder":false,"num":0}`, ""},
		{`{"num":0}`, ""},
		{`[` + Placeholder(0) + `]`, ""},
		{`"x"`, ""},
		{``, ""},
		{`{`, ""},
	}
	for _, tt := range tests {
		data, ok := e.Attachment(json.RawMessage(tt.value))
		if string(data) != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %v", tt.value, data, ok)
		}
	}
	if _, ok := (Event{}).Attachment(json.RawMessage(Placeholder(0))); ok {
		t.Error("an event without attachments has one")
	}
}

func TestMembersOfAnObject(t *testing.T) {
	tests := []struct{ object, want string }{
		{`{"a":1,"b":{"c":[2]}}`, `a=1;b={"c":[2]};`},
		{` { "a" : "x" , "\u0062" : null } `, `a="x";\u0062=null;`},
		{`{}`, ""},
		{`[]`, ""},
		{``, ""},
	}
	for _, tt := range tests {
		var got strings.Builder
		for name, value := range Members(json.RawMessage(tt.object)) {
			got.WriteString(string(name) + "=" + string(value) + ";")
		}
		if got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.object, got.String(), tt.want)
		}
	}
	for range Members(json.RawMessage(`{"a":1,"b":2}`)) {
		break
	}
}

package socketio

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

var packetSeeds = []string{
	`0`, `0{"token":"x"}`, `0/custom,{"a":1}`, `1`, `1/custom,`, `2["a",1,{"b":[true,null]}]`, `212["a"]`, `2/custom,3["a"]`,
	`31["x"]`, `51-["a",{"_placeholder":true,"num":0}]`, `52-/custom,7["a",{"_placeholder":true,"num":0},{"num":1,"_placeholder":true}]`,
	`61-1[{"_placeholder":true,"num":0}]`, `4{"message":"x"}`, `2[-0.5e+7,"\u00e9\\"]`, `5`, `51`, `2/`, `2[`, `9`, ``,
}

// FuzzPacket checks that a packet that is accepted has a payload that
// encoding/json accepts, within the limits, and that encoding it again gives a
// packet that means the same.
func FuzzPacket(f *testing.F) {
	for _, seed := range packetSeeds {
		f.Add([]byte(seed))
	}
	opts := Options{}.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) { // refused by the transport
			return
		}
		input := bytes.Clone(data)
		p := newPacket()
		defer p.release()
		err := p.decode(data, &opts)
		if !bytes.Equal(input, data) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		if len(p.payload) > 0 && !json.Valid(p.payload) {
			t.Fatalf("payload %q is not JSON", p.payload)
		}
		if p.expected > opts.MaxAttachments || len(p.namespace) > maxNamespaceBytes || p.id > maxAckID {
			t.Fatalf("beyond the limits: %+v", p)
		}
		if p.kind.event() || p.kind == kindAck || p.kind == kindBinaryAck {
			checkArguments(t, p)
		}
	})
}

// checkArguments compares the arguments with what encoding/json makes of them.
func checkArguments(t *testing.T, p *packet) {
	var want []json.RawMessage
	if err := json.Unmarshal(p.payload, &want); err != nil {
		t.Fatalf("payload %q: %v", p.payload, err)
	}
	got := p.values
	if len(got) != len(want) {
		t.Fatalf("payload %q: %d values, want %d", p.payload, len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("value %d is %q, want %q", i, got[i], want[i])
		}
	}
	if !p.kind.event() {
		return
	}
	o := outgoing{kind: kindEvent, namespace: string(p.namespace), name: p.eventName(), body: Event{Args: p.args}.JoinArgs()}
	text := o.appendText(nil, p.expected)
	again := newPacket()
	defer again.release()
	opts := Options{}.withDefaults()
	if err := again.decode(text, &opts); err != nil {
		t.Fatalf("%q, encoded again: %v", text, err)
	}
	if again.eventName() != p.eventName() || len(again.args) != len(p.args) || again.expected != p.expected || string(again.namespace) != string(p.namespace) {
		t.Fatalf("%q became %q", p.payload, text)
	}
}

// FuzzJSON compares the scanner with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, seed := range packetSeeds {
		f.Add([]byte(strings.TrimLeft(seed, "0123456789-/custom,")))
	}
	for _, seed := range []string{`{"a":{"b":[1,2.5e-3,"x\n\ud800"]}}`, `"\u12"`, "\"\x1f\"", `[1,]`, `{"a"}`, `01`, `-`, `1.`, `tru`, ` [ ] `, `{"a":1,}`, `"\x"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := scanner{data: data, maxDepth: 1 << 30}
		got := s.value(0) && s.end()
		if want := json.Valid(data); got != want && strings.Count(string(data), "[")+strings.Count(string(data), "{") < 10_000 {
			t.Fatalf("%q: valid %v, want %v", data, got, want)
		}
	})
}

// FuzzEvent checks what a listener does with any argument.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{Placeholder(0), Placeholder(10), `{"resourceId":"r","update":{"_placeholder":true,"num":0}}`, `{"a":`, `{`, `{"":}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, arg []byte) {
		e := Event{Attachments: [][]byte{{1}, {2}}}
		if data, ok := e.Attachment(arg); ok && (len(data) != 1 || !json.Valid(arg)) {
			t.Fatalf("%q has attachment %v", arg, data)
		}
		var fields map[string]json.RawMessage
		valid := json.Unmarshal(arg, &fields) == nil && fields != nil
		n := 0
		for _, value := range Members(arg) {
			if n++; valid && !json.Valid(value) {
				t.Fatalf("%q has member %q", arg, value)
			}
		}
		if valid && n < len(fields) {
			t.Fatalf("%q has %d members, want %d", arg, n, len(fields))
		}
	})
}

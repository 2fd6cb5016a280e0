package engineio

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// bytesOf puts the parts together.
func bytesOf(f *Frames) []byte {
	return append(bytes.Clone(f.first), bytes.Join(f.rest, nil)...)
}

func TestFramesHaveTheLengthsOfRFC6455(t *testing.T) {
	tests := []struct {
		size int
		want []byte
	}{
		{0, []byte{0x82, 0}},
		{125, []byte{0x82, 125}},
		{126, []byte{0x82, 126, 0, 126}},
		{65535, []byte{0x82, 126, 0xff, 0xff}},
		{65536, []byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
	}
	for _, tt := range tests {
		for name, encode := range map[string]func(...Message) *Frames{"Encode": Encode, "EncodeShared": EncodeShared} {
			f := encode(Message{Binary: true, Data: make([]byte, tt.size)})
			got := bytesOf(f)
			if !bytes.HasPrefix(got, tt.want) || len(got) != len(tt.want)+tt.size || f.Len() != len(got) {
				t.Errorf("%s of %d bytes: header % x, length %d", name, tt.size, got[:min(10, len(got))], f.Len())
			}
		}
	}
}

func TestEncodedMessagesHaveBothForms(t *testing.T) {
	large := strings.Repeat("x", referenceBytes)
	tests := []struct {
		name string
		msgs []Message
		want string
	}{
		{"text", []Message{{Data: []byte("hello")}}, "4hello"},
		{"binary", []Message{{Binary: true, Data: []byte("hello")}}, "baGVsbG8="},
		{"empty", []Message{{}, {Binary: true}}, "4\x1eb"},
		{"event with attachments", []Message{{Data: []byte("t")}, {Binary: true, Data: []byte("1")}, {Binary: true, Data: []byte("2")}}, "4t\x1ebMQ==\x1ebMg=="},
		{"large text", []Message{{Data: []byte(large)}, {Data: []byte("b")}}, "4" + large + "\x1e4b"},
		{"large binary", []Message{{Data: []byte("t")}, {Binary: true, Data: []byte(large)}, {Data: []byte("b")}}, "4t\x1eb" + strings.Repeat("eHh4", referenceBytes/3) + "eA==" + "\x1e4b"},
	}
	for _, tt := range tests {
		copied, shared := Encode(tt.msgs...), EncodeShared(tt.msgs...)
		if got := string(copied.polling()); got != tt.want {
			t.Errorf("%s: %.100q, want %.100q", tt.name, got, tt.want)
		}
		if got := string(shared.polling()); got != tt.want {
			t.Errorf("%s, shared: %.100q, want %.100q", tt.name, got, tt.want)
		}
		if !bytes.Equal(bytesOf(copied), bytesOf(shared)) {
			t.Errorf("%s: the shared frames differ", tt.name)
		}
	}
}

func TestEncodeCopiesAndEncodeSharedRefersToLargePayloads(t *testing.T) {
	data := make([]byte, referenceBytes)
	copied, shared := Encode(Message{Binary: true, Data: data}), EncodeShared(Message{Binary: true, Data: data})
	data[0] = 'x'
	if got := bytesOf(copied)[4]; got != 0 {
		t.Errorf("the copy changed")
	}
	if len(shared.rest) != 1 || &shared.rest[0][0] != &data[0] {
		t.Errorf("the payload was copied")
	}
}

func TestFramesOfTheWebSocketAloneMeanNothingToPolling(t *testing.T) {
	if got := pongFrames("x").polling(); len(got) != 0 {
		t.Errorf("pong: %q", got)
	}
	if got := string(closeFrames(CloseNormal, "bye").polling()); got != "1" {
		t.Errorf("close: %q", got)
	}
}

func TestCloseFrameCutsALongReason(t *testing.T) {
	f := closeFrames(websocket.CloseGoingAway, strings.Repeat("x", 200))
	if f.Len() != 2+125 || f.first[1] != 125 {
		t.Errorf("close frame of %d bytes", f.Len())
	}
}

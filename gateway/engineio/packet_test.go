package engineio

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestDecodePayload(t *testing.T) {
	tests := []struct{ name, in, want, wantErr string }{
		{"message", "4hello", "4:hello", ""},
		{"no data", "4", "4:", ""},
		{"several", "4a\x1e3\x1e1", "4:a 3: 1:", ""},
		{"binary", "bAQI=", "b:\x01\x02", ""},
		{"empty binary", "b", "b:", ""},
		{"empty", "", "", "empty packet"},
		{"empty last", "4a\x1e", "4:a", "empty packet"},
		{"bad base64", "bA", "", "binary packet: illegal base64 data at input byte 0"},
		{"not UTF-8", "4a\x1e4\xc3", "", "text is not UTF-8"},
		{"unknown types are the visitor's business", "xyz", "x:yz", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := decodePayload([]byte(tt.in), func(kind packetType, data []byte) error {
				got = append(got, fmt.Sprintf("%c:%s", kind, data))
				return nil
			})
			if msg := errString(err); msg != tt.wantErr {
				t.Fatalf("error %q, want %q", msg, tt.wantErr)
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDecodePayloadStopsAtTheVisitorsError(t *testing.T) {
	stop, calls := errors.New("stop"), 0
	err := decodePayload([]byte("4a\x1e4b"), func(packetType, []byte) error {
		calls++
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
}

func errString(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzDecodePayload checks that what is decoded, encoded again, gives the same.
func FuzzDecodePayload(f *testing.F) {
	for _, seed := range []string{"4hello", "4a\x1ebAQID\x1e3", "b", "", "\x1e", "4\xff", "bA==="} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var msgs []Message
		plain := true
		err := decodePayload(payload, func(kind packetType, data []byte) error {
			switch kind {
			case packetMessage:
				msgs = append(msgs, Message{Data: bytes.Clone(data)})
			case packetBinary:
				msgs = append(msgs, Message{Binary: true, Data: data})
			default:
				plain = false
			}
			return nil
		})
		if err != nil || !plain || bytes.ContainsAny(payload, "\r\n") { // base64 skips line ends
			return
		}
		if got := Encode(msgs...).polling(); !bytes.Equal(got, payload) {
			t.Fatalf("payload %q became %q", payload, got)
		}
	})
}

package cluster

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

func TestASessionIDNamesItsInstance(t *testing.T) { // C3
	seen := map[string]bool{}
	for _, id := range []collab.InstanceID{"gateway-1", "i_x", "ä.ö/ü", collab.InstanceID(strings.Repeat("x", 64))} {
		sid := NewSessionID(id)()
		got, named := ParseSessionID(sid)
		random, _, _ := strings.Cut(sid, ".")
		if !named || got != id || len(random) != 20 || seen[random] {
			t.Fatalf("%s names %q (%v), want %q", sid, got, named, id)
		}
		seen[random] = true
	}
}

func FuzzParseSessionID(f *testing.F) {
	f.Add(NewSessionID("gateway-1")())
	for _, sid := range []string{"", ".", "abcdefghijklmnopqrst", "abcdefghijklmnopqrst.", "abcdefghijklmnopqrst.a", "abcdefghijklmnopqrst.YQ\n", "abcdefghijklmnopqrst.YR",
		"abcdefghijklmnopqrst.YQ.YQ", "abcdefghijklmnopqrst.YQ==", "short.YQ", "abcdefghijklmnopqr+/.YQ"} {
		f.Add(sid)
	}
	f.Fuzz(func(t *testing.T, sid string) {
		id, named := ParseSessionID(sid)
		if !named {
			return
		}
		if id == "" {
			t.Fatalf("%q names nobody", sid)
		}
		_, name, _ := strings.Cut(sid, ".")
		if _, want, _ := strings.Cut(NewSessionID(id)(), "."); name != want || len(sid) != sidRandomChars+1+len(name) {
			t.Fatalf("%q names %q, whose ids end in %q", sid, id, want)
		}
	})
}

// What is signed is accepted as it is and in no other form, and headers of anybody else never are.
func FuzzVerify(f *testing.F) {
	f.Add("POST", "/ws/?EIO=4", "4hello", "192.0.2.7", "Z2F0ZXdheS1h", "1772352000000", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("", "", "", "", "", "", "")
	f.Add("GET", "/", "", "x\x00y", "Z2F0ZXdheS1h", "-1", "=")
	now := time.UnixMilli(1772352000000)
	f.Fuzz(func(t *testing.T, method, uri, body, address, to, at, mac string) {
		stranger := http.Header{headerFor: {address}, headerTo: {to}, headerAt: {at}, headerMAC: {mac}}
		if said, mac, err := claim(stranger, "gateway-a", now); err == nil && said.verify(testKey, mac, method, uri, []byte(body)) == nil {
			t.Fatal("a stranger's headers are accepted")
		}
		signed := http.Header{}
		forwarding{to: "gateway-a", address: address, at: now}.sign(signed, testKey, method, uri, []byte(body))
		said, sum, err := claim(signed, "gateway-a", now)
		if err != nil || said.address != address || said.verify(testKey, sum, method, uri, []byte(body)) != nil {
			t.Fatalf("own headers are refused: %v", err)
		}
		for _, other := range [][3]string{{method + "x", uri, body}, {method, uri + "x", body}, {method, uri, body + "x"}, {method + uri, "", body}, {"", method + uri, body}} {
			if other != [3]string{method, uri, body} && said.verify(testKey, sum, other[0], other[1], []byte(other[2])) == nil {
				t.Fatalf("signed %q, accepted %q", [3]string{method, uri, body}, other)
			}
		}
	})
}

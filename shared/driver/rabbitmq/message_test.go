package rabbitmq

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"corsia/shared/collab"
)

var ward = collab.Resource{Tenant: "default", ID: "page:/patient/12345"}

func notice(body string) collab.Notice {
	return collab.Notice{Resource: ward, From: "i_1", Kind: collab.BusUpdates, Body: []byte(body)}
}

func encode(notices ...collab.Notice) []byte {
	b := appendHeader(nil, notices[0].From, notices[0].Resource)
	for _, n := range notices {
		b = appendNotice(b, n)
	}
	return b
}

func TestNoticesComeOutOfAMessageAsTheyWentIn(t *testing.T) {
	large := notice(strings.Repeat("x", maxBodyBytes))
	empty := notice("")
	empty.Kind = collab.BusAwareness
	for _, notices := range [][]collab.Notice{{notice("a")}, {notice("a"), empty, notice("b")}, {large}} {
		m, err := decode(encode(notices...))
		if err != nil {
			t.Fatal(err)
		}
		if m.from != "i_1" || m.resource != ward || len(m.notices) != len(notices) {
			t.Fatalf("decoded from %s, %v, %d notices", m.from, m.resource, len(m.notices))
		}
		for i, n := range notices {
			if m.notices[i].kind != n.Kind || !bytes.Equal(m.notices[i].body, n.Body) {
				t.Fatalf("notice %d is %s of %d bytes, want %s of %d", i, m.notices[i].kind, len(m.notices[i].body), n.Kind, len(n.Body))
			}
		}
	}
}

func TestADamagedMessageIsRefusedWhole(t *testing.T) {
	whole := encode(notice("a"), notice("b"))
	ends := map[int]bool{len(encode(notice("a"))): true, len(appendHeader(nil, "i_1", ward)): true, len(whole): true}
	for n := range whole {
		if _, err := decode(whole[:n]); (err == nil) != ends[n] {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
	many := encode(notice("a"))
	for range maxTogether {
		many = appendNotice(many, notice(""))
	}
	longID := ward
	longID.ID = collab.ResourceID(strings.Repeat("x", maxIDBytes+1))
	tests := []struct {
		name    string
		message []byte
	}{
		{"too many notices", many},
		{"long id", appendHeader(nil, "i_1", longID)},
		{"length beyond the end", []byte{messageVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
		{"endless length", append([]byte{messageVersion}, bytes.Repeat([]byte{0xff}, 20)...)},
		{"too large", append(whole, make([]byte, maxMessageBytes)...)},
	}
	for _, tt := range tests {
		if m, err := decode(tt.message); err == nil {
			t.Errorf("%s: decoded %d notices", tt.name, len(m.notices))
		}
	}
}

func TestAnotherVersionIsToldApart(t *testing.T) {
	newer := encode(notice("a"))
	newer[0]++
	for _, message := range [][]byte{newer, nil} {
		if _, err := decode(message); !errors.Is(err, errVersion) {
			t.Errorf("decode %x: %v, want %v", message, err, errVersion)
		}
	}
}

func TestOnlyWhatAReceiverAcceptsIsPublished(t *testing.T) {
	tests := []struct {
		name   string
		change func(*collab.Notice)
		want   error
	}{
		{"largest", func(n *collab.Notice) { n.Body = make([]byte, maxBodyBytes) }, nil},
		{"body", func(n *collab.Notice) { n.Body = make([]byte, maxBodyBytes+1) }, errTooLarge},
		{"kind", func(n *collab.Notice) { n.Kind = collab.BusKind(strings.Repeat("k", maxKindBytes+1)) }, errTooLarge},
		{"resource", func(n *collab.Notice) { n.Resource.ID = collab.ResourceID(strings.Repeat("r", maxIDBytes+1)) }, errTooLarge},
	}
	for _, tt := range tests {
		n := notice("a")
		tt.change(&n)
		if err := fits(n); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if _, err := decode(encode(n)); (err == nil) != (tt.want == nil) {
			t.Errorf("%s: the receiver says %v", tt.name, err)
		}
	}
}

func TestRoutingKeysTellTenantsApart(t *testing.T) {
	const want = "40bb547d936bbd31318ee37ac8799e7ecbb22eda2651f65e3214bffb8ce97bb4" // printf 'a\0bc' | sha256sum
	if got := routingKey(collab.Resource{Tenant: "a", ID: "bc"}); got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	if got := routingKey(collab.Resource{Tenant: "ab", ID: "c"}); got == want {
		t.Error("two tenants share a key")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(notice("a"), notice("b")))
	f.Add([]byte{messageVersion, 0, 0, 0, 0, 0})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		again := appendHeader(nil, m.from, m.resource)
		for _, p := range m.notices {
			again = appendNotice(again, collab.Notice{Kind: p.kind, Body: p.body})
		}
		if second, err := decode(again); err != nil || second.from != m.from || second.resource != m.resource || len(second.notices) != len(m.notices) {
			t.Fatalf("%x became %x: %v", b, again, err)
		}
	})
}

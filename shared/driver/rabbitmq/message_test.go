package rabbitmq

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"corsia/shared/collab"
)

var ward = collab.Resource{Tenant: "default", ID: "page:/patient/12345"}

func notice(body string) collab.Notice {
	return collab.Notice{Resource: ward, From: "i_1", Kind: collab.BusUpdates, Body: []byte(body)}
}

// encode makes a message with a section for each run of notices of one resource.
func encode(notices ...collab.Notice) []byte {
	b := appendHeader(nil, notices[0].From)
	for len(notices) > 0 {
		res := notices[0].Resource
		var section []byte
		for len(notices) > 0 && notices[0].Resource == res {
			section = appendNotice(section, notices[0])
			notices = notices[1:]
		}
		b = appendSection(b, res, section)
	}
	return b
}

func TestNoticesComeOutOfAMessageAsTheyWentIn(t *testing.T) {
	large := notice(strings.Repeat("x", maxBodyBytes))
	empty := notice("")
	empty.Kind = collab.BusAwareness
	for _, notices := range [][]collab.Notice{
		{notice("a")}, {notice("a"), empty, notice("b")}, {large}, {notice("a"), about("2", "b"), about("2", "c"), notice("d")},
	} {
		m, err := decode(encode(notices...))
		if err != nil {
			t.Fatal(err)
		}
		if m.from != "i_1" {
			t.Fatalf("decoded from %s", m.from)
		}
		for _, s := range m.sections {
			for _, p := range s.notices {
				n := notices[0]
				notices = notices[1:]
				if s.resource != n.Resource || p.kind != n.Kind || !bytes.Equal(p.body, n.Body) {
					t.Fatalf("decoded %s of %d bytes about %v, want %s of %d about %v", p.kind, len(p.body), s.resource, n.Kind, len(n.Body), n.Resource)
				}
			}
		}
		if len(notices) > 0 {
			t.Fatalf("%d notices are missing", len(notices))
		}
	}
}

func TestADamagedMessageIsRefusedWhole(t *testing.T) {
	whole := encode(notice("a"), about("2", "b"))
	ends := map[int]bool{len(encode(notice("a"))): true, len(appendHeader(nil, "i_1")): true}
	for n := range whole {
		if _, err := decode(whole[:n]); (err == nil) != ends[n] {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
	var section, sections []byte
	for range maxTogether + 1 {
		section = appendNotice(section, notice(""))
	}
	for range maxSections + 1 {
		sections = appendSection(sections, ward, nil)
	}
	longID := ward
	longID.ID = collab.ResourceID(strings.Repeat("x", maxIDBytes+1))
	tests := []struct {
		name    string
		message []byte
	}{
		{"too many notices", appendSection(appendHeader(nil, "i_1"), ward, section)},
		{"too many sections", append(appendHeader(nil, "i_1"), sections...)},
		{"damaged section", appendSection(appendHeader(nil, "i_1"), ward, []byte{9})},
		{"long id", appendSection(appendHeader(nil, "i_1"), longID, nil)},
		{"length beyond the end", []byte{messageVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
		{"endless length", append([]byte{messageVersion}, bytes.Repeat([]byte{0xff}, 20)...)},
		{"too large", append(whole, make([]byte, maxMessageBytes)...)},
	}
	for _, tt := range tests {
		if m, err := decode(tt.message); err == nil {
			t.Errorf("%s: decoded %d sections", tt.name, len(m.sections))
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
	f.Add(encode(notice("a"), notice("b"), about("2", "c")))
	f.Add([]byte{messageVersion, 0, 0, 0, 2, 0, 0})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		again := appendHeader(nil, m.from)
		for _, s := range m.sections {
			var section []byte
			for _, p := range s.notices {
				section = appendNotice(section, collab.Notice{Kind: p.kind, Body: p.body})
			}
			again = appendSection(again, s.resource, section)
		}
		if second, err := decode(again); err != nil || !reflect.DeepEqual(m, second) {
			t.Fatalf("%x became %x: %v", b, again, err)
		}
	})
}

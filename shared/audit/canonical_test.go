package audit

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"

	"corsia/shared/collab"
)

// sample has every member.
var sample = Event{
	ID: "01981c3e-7a00-7000-8000-000000000001", Tenant: "default", RecordedAt: time.Date(2031, 2, 3, 4, 5, 6, 7000, time.UTC),
	Type: LockBroken, Outcome: Success, Actor: "usr_001", Role: "surgeon", Session: "s_1", Instance: "i_1",
	Address: "127.0.0.1", Resource: "page:/patient/12345", Fields: []collab.Field{"id-dosage", "values/id-ward"},
	RevisionFrom: 7, RevisionTo: 9, Fence: 41, Reason: "emergency\n\"è\"", Details: map[string]string{"code": "E1", "Code": "E2"},
}

const sampleBody = `{"actor":"usr_001","address":"127.0.0.1","details":{"Code":"E2","code":"E1"},` +
	`"event_id":"01981c3e-7a00-7000-8000-000000000001","fence":41,"fields":["id-dosage","values/id-ward"],` +
	`"instance":"i_1","outcome":"success","reason":"emergency\n\"è\"","recorded_at":"2031-02-03T04:05:06.000007Z",` +
	`"resource_id":"page:/patient/12345","revision_from":7,"revision_to":9,"role":"surgeon","session_id":"s_1",` +
	`"tenant":"default","type":"LOCK_BROKEN"}`

func TestT2BodyIsCanonical(t *testing.T) {
	if got := string(sample.Body()); got != sampleBody {
		t.Fatalf("got  %s\nwant %s", got, sampleBody)
	}
	if got := string(Event{Type: UserConnected}.Body()); got != `{"type":"USER_CONNECTED"}` {
		t.Fatalf("empty members are in %s", got)
	}
}

func TestT2BodyDoesNotDependOnTheZoneOfItsTime(t *testing.T) {
	elsewhere := sample
	elsewhere.RecordedAt = sample.RecordedAt.In(time.FixedZone("", 2*3600))
	if !bytes.Equal(elsewhere.Body(), sample.Body()) {
		t.Fatalf("got %s", elsewhere.Body())
	}
}

// The expected values were computed over the same bytes by another program.
func TestT2HashVectors(t *testing.T) {
	leaf := Leaf([]byte(`{"type":"USER_CONNECTED"}`))
	first := Chain(Hash{}, 1, leaf)
	tests := []struct {
		name string
		got  Hash
		want string
	}{
		{"leaf of nothing", Leaf(nil), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{"leaf", leaf, "9a49924ba20d4d649392ac708eaca819d4680b0872c51926c82b2d519f428bef"},
		{"first link", first, "c24806db7a3ae6a1e2e8e57e6a3ad06558fabddcf89acb2c565e982e1156d592"},
		{"second link", Chain(first, 258, Leaf([]byte("{}"))), "6c5eee664ad4565a7d0fd02bb87303123da89e448d1a873cf9e494f94e6e7c58"},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(tt.got[:]); got != tt.want {
			t.Errorf("%s is %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestT2AnyChangeChangesTheChain(t *testing.T) {
	leaf := Leaf(sample.Body())
	link := Chain(Hash{1}, 5, leaf)
	for name, other := range map[string]Hash{
		"previous": Chain(Hash{2}, 5, leaf), "seq": Chain(Hash{1}, 6, leaf), "leaf": Chain(Hash{1}, 5, Leaf([]byte("{}"))),
	} {
		if other == link {
			t.Errorf("another %s gives the same link", name)
		}
	}
}

func TestCanonical(t *testing.T) {
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"null, booleans", []any{nil, true, false}, `[null,true,false]`},
		{"integers", []any{0, -1, int64(maxExactInteger)}, `[0,-1,9007199254740991]`},
		{"integers that a double does not hold", []any{int64(maxExactInteger + 1), int64(math.MinInt64)}, `["9007199254740992","-9223372036854775808"]`},
		{"numbers", []any{1e21, 1e-7, math.Copysign(0, -1), 333333333.33333329, 4.50, 2e-3}, `[1e+21,1e-7,0,333333333.3333333,4.5,0.002]`},
		{"escapes", "\u0000\b\t\n\f\r\u001f\"\\/\u007f\u2028<€", `"\u0000\b\t\n\f\r\u001f\"\\/` + "\u007f\u2028<€" + `"`},
		{"not UTF-8", "a\xffb", "\"a\uFFFDb\""},
		{"order of UTF-16", map[string]any{"\ufb33": 1, "\U0001f600": 2, "\r": 3, "1": 4, "ö": 5, "€": 6, "": 7, "10": 8}, `{"":7,"\r":3,"1":4,"10":8,"ö":5,"€":6,"😀":2,"` + "\ufb33" + `":1}`},
		{"empty", map[string]any{"a": []any{}, "b": map[string]any{}}, `{"a":[],"b":{}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical(tt.in)
			if err != nil || string(got) != tt.want {
				t.Fatalf("got  %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestCanonicalRefusesWhatJSONDoesNotHave(t *testing.T) {
	for _, v := range []any{math.NaN(), []any{math.Inf(1)}, map[string]any{"a": struct{}{}}, []string{"a"}} {
		if got, err := Canonical(v); err == nil {
			t.Errorf("%v became %s", v, got)
		}
	}
}

func FuzzCanonicalAgreesWithAnotherEncoder(f *testing.F) {
	for _, seed := range []string{
		`{"b":[1,2.50,1e30,-0],"a":"\u20ac\ud83d\ude00\u0007","` + "\ufb33" + `":null,"\ud83d\ude00":true}`,
		`[[],{},"",0,-1.5e-9,9007199254740993,12345678901234567890]`, sampleBody, `"x"`, ` 1 `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err := jcs.Transform(data) // refuses duplicate keys, lone surrogates, bytes that are not UTF-8
		if err != nil {
			return
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return
		}
		got, err := Canonical(v)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q: got %s, %v; want %s", data, got, err, want)
		}
	})
}

func FuzzBodyIsCanonicalAndReadsBack(f *testing.F) {
	f.Add("usr_001", "page:/a", "why\x00\xff", "key", "\U0001f600", uint64(3), int64(1_700_000_000_123_456))
	f.Fuzz(func(t *testing.T, actor, resource, reason, key, field string, revision uint64, micros int64) {
		e := Event{
			Type: DocumentUpdated, Actor: collab.UserID(actor), Resource: collab.ResourceID(resource), Reason: reason,
			Details: map[string]string{key: reason, "k": actor}, Fields: []collab.Field{collab.Field(field)},
			RevisionTo: int64(revision & maxExactInteger), RecordedAt: time.UnixMicro(micros % (1 << 55)).UTC(),
		}
		body := e.Body()
		again, err := jcs.Transform(body)
		if err != nil || !bytes.Equal(again, body) {
			t.Fatalf("body %s is not canonical: %v, %s", body, err, again)
		}
		read, err := Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read.Body(), body) {
			t.Fatalf("read back as %s, was %s", read.Body(), body)
		}
	})
}

func BenchmarkRow(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if row := sample.Row(); len(row.Body) == 0 {
			b.Fatal("no body")
		}
	}
}

func BenchmarkBodyByAnotherEncoder(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		plain, err := json.Marshal(record(sample))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := jcs.Transform(plain); err != nil {
			b.Fatal(err)
		}
	}
}

// TestT2ChainBytesAreAsDocumented spells the link out, so that a verifier in another language can be checked.
func TestT2ChainBytesAreAsDocumented(t *testing.T) {
	previous, leaf := Leaf([]byte("p")), Leaf([]byte("l"))
	plain := append([]byte{1}, previous[:]...)
	plain = binary.BigEndian.AppendUint64(plain, 1<<40+3)
	plain = append(plain, leaf[:]...)
	if len(plain) != 73 || !strings.HasPrefix(hex.EncodeToString(plain[33:41]), "0000010000000003") {
		t.Fatalf("link is %d bytes, seq %x", len(plain), plain[33:41])
	}
	if got, want := Chain(previous, 1<<40+3, leaf), Hash(sum(plain)); got != want {
		t.Fatalf("got %x, want %x", got, want)
	}
}

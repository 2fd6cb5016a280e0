package testkit

import (
	"reflect"
	"strings"
	"testing"
)

func TestEventsKeepTheirBinaryValuesAndObjectsOverTheWire(t *testing.T) {
	text, attachments, err := encode(7, "Y_UPDATE", Fields{"resourceId": "a", "update": []byte{1, 2}, "more": Fields{"b": []byte{3}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if p.kind != packetBinaryEvent || p.id != 7 || p.attachments != 2 || len(attachments) != 2 {
		t.Fatalf("got %+v with %d attachments", p, len(attachments))
	}
	want := []any{"Y_UPDATE", Fields{"resourceId": "a", "update": []byte{1, 2}, "more": Fields{"b": []byte{3}}}}
	if got := putBinary(p.payload, attachments); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestAPacketWithoutBinaryValuesIsAPlainEvent(t *testing.T) {
	if text, _, _ := encode(-1, "HEARTBEAT", Fields{}); text != `2["HEARTBEAT",{}]` {
		t.Fatalf("got %s", text)
	}
}

func TestTextThatIsNoPacketIsAnError(t *testing.T) {
	for _, text := range []string{"", "x", "9", "2[", "5[]", "2/other,[]"} {
		if p, err := parse(text); err == nil {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestTheLogIsJudged(t *testing.T) {
	token := "eyJhbGciOiJSUzI1NiJ9.eyJ1c2VySWQiOiJ1c3JfMSJ9"
	for line, wrong := range map[string]string{
		`{"time":"t","level":"INFO","msg":"audit","actor":"usr_1"}`:      "",
		`{"level":"INFO","msg":"x","session":"s_eyJabcdefghijk"}`:        "",
		`{"level":"INFO","msg":"x","remark":"y"}`:                        "closed set",
		`{"level":"INFO","msg":"x","reason":"` + Marker + `"}`:           "belongs in no log",
		`{"level":"INFO","msg":"x","reason":"` + token + `"}`:            "a token",
		`{"level":"ERROR","msg":"x"}`:                                    "nothing explains",
		`panic: x`:                                                       "no JSON",
		`{"level":"INFO","msg":"x","stack":"goroutine 1 [running]:..."}`: "panicked",
	} {
		l := &log{}
		l.begin()
		if _, err := l.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		err := l.check()
		if wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%s: %v, want %q", line, err, wrong)
		}
	}
}

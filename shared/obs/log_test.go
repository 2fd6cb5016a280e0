package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

// spy records what TestLogger would tell the test.
type spy struct{ failures []string }

func (s *spy) Helper() {}
func (s *spy) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

// logged returns the one line that write produces, decoded.
func logged(t *testing.T, write func(*slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	write(NewLogger(&out, slog.LevelDebug))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("line %q: %v", out.String(), err)
	}
	if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("%q is not one line", out.String())
	}
	return line
}

func TestALineHasItsKeysAndTimeInUTC(t *testing.T) {
	line := logged(t, func(l *slog.Logger) {
		l.With(Instance(collab.InstanceID("i_1")), Tenant("t")).Info("session opened",
			User(collab.UserID("usr_001")), Session("s_1"), Resource("page:/a"), Field("dosage"), Lock("l_1"),
			Event("JOIN_RESOURCE"), Reason("why"), Dependency("store"), Revision(7), Count(3), Bytes(12),
			Code(collab.CodeInternal), Duration(1500*time.Microsecond), Err(nil))
	})
	want := map[string]any{
		"level": "INFO", "msg": "session opened", "instance": "i_1", "tenant": "t", "user": "usr_001", "session": "s_1",
		"resource": "page:/a", "field": "dosage", "lock": "l_1", "event": "JOIN_RESOURCE", "reason": "why",
		"dependency": "store", "revision": 7.0, "count": 3.0, "bytes": 12.0, "code": "INTERNAL", "duration_ms": 1.5,
		"err": "none",
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s is %v, want %v", key, line[key], value)
		}
	}
	if at := line["time"].(string); !strings.HasSuffix(at, "Z") {
		t.Errorf("time %q is not UTC", at)
	}
	if len(line) != len(want)+1 {
		t.Errorf("line has other keys: %v", line)
	}
}

func TestT6UnknownKeysAreDroppedAndCounted(t *testing.T) {
	line := logged(t, func(l *slog.Logger) {
		l.With("password", "hunter2").WithGroup("g").Info("x", "text", "patient has fever", slog.Group("user", "name", "Rossi"),
			Count(1), slog.Attr{})
	})
	if line[KeyDropped] != 4.0 || line["count"] != 1.0 {
		t.Fatalf("line %v, want 4 dropped and count 1", line)
	}
	for _, key := range []string{"password", "g", "text", "user"} {
		if _, there := line[key]; there {
			t.Errorf("key %q was written", key)
		}
	}
}

func TestT6ATestFailsOnAnUnknownKey(t *testing.T) {
	var s spy
	var out bytes.Buffer
	l := TestLogger(&s, &out)
	l.Debug("x", "text", "secret", KeyState, struct{ Name string }{"Rossi"})
	l.WithGroup("").With("name", "Rossi").Debug("y")
	if len(s.failures) != 3 {
		t.Fatalf("failures %q, want 3", s.failures)
	}
	if strings.Contains(out.String(), "Rossi") || strings.Contains(out.String(), "secret") {
		t.Fatalf("wrote %q", out.String())
	}
}

func TestLevelsBelowTheLimitAreNotWritten(t *testing.T) {
	var out bytes.Buffer
	l := NewLogger(&out, slog.LevelWarn)
	l.Info("quiet")
	if out.Len() > 0 || l.Enabled(context.Background(), slog.LevelInfo) {
		t.Fatalf("wrote %q below its level", out.String())
	}
}

func TestParseLevel(t *testing.T) {
	tests := []struct {
		name string
		want slog.Level
		ok   bool
	}{
		{"debug", slog.LevelDebug, true}, {"INFO", slog.LevelInfo, true}, {"", slog.LevelInfo, true},
		{"warn", slog.LevelWarn, true}, {"warning", slog.LevelWarn, true}, {"error", slog.LevelError, true},
		{"loud", slog.LevelInfo, false},
	}
	for _, tt := range tests {
		got, err := ParseLevel(tt.name)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("ParseLevel(%q) is %v, %v", tt.name, got, err)
		}
	}
}

func TestT6ErrorsCarryNoTokenPasswordOrQuery(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c3JfMDAxIn0.c2lnbmF0dXJl"
	tests := []struct {
		name string
		err  error
		want string
	}{
		{
			"url.Error", &url.Error{Op: "Get", URL: "https://idp.example/keys?token=" + token + "&x=1", Err: errors.New("refused")},
			`Get "https://idp.example/keys": refused`,
		},
		{
			"wrapped url.Error", fmt.Errorf("fetch keys: %w", &url.Error{Op: "Get", URL: "http://h/a?b=c", Err: errors.New("x")}),
			`fetch keys: Get "http://h/a": x`,
		},
		{"request line", errors.New("bad request GET /yjs/page?token=abc HTTP/1.1"), "bad request GET /yjs/page HTTP/1.1"},
		{"fragmentless query", errors.New("dial amqps://host?heartbeat=3: timeout"), "dial amqps://host timeout"},
		{"user and password", errors.New("dial postgres://corsia:hunter2@db:5432/corsia: refused"), "dial postgres://db:5432/corsia: refused"},
		{"token in text", errors.New("token " + token + " is wrong"), "token [token] is wrong"},
		{"authorization", errors.New("header Authorization: Bearer abcdefgh12345 refused"), "header Authorization: Bearer [hidden] refused"},
		{"pair", errors.New("dsn host=db password=hunter2 user=corsia"), "dsn host=db password=[hidden] user=corsia"},
		{"a question", errors.New("is the store open? no"), "is the store open? no"},
		{"multi line", errors.Join(errors.New("first"), errors.New("second")), "first\nsecond"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Err(tt.err).Value.String(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			line := logged(t, func(l *slog.Logger) { l.Error("x", KeyErr, tt.err) })
			if line[KeyErr] != tt.want {
				t.Errorf("as a plain attribute: %q", line[KeyErr])
			}
		})
	}
}

func TestValuesAreBoundedAndTokensHidden(t *testing.T) {
	long := strings.Repeat("è", 400)
	line := logged(t, func(l *slog.Logger) {
		l.Info("x", KeyReason, long, KeyStack, strings.Repeat("s", 10_000), KeyFields, []string{"a", "b"},
			KeyAddress, netip.MustParseAddr("127.0.0.1"), KeyState, nil, KeySetting,
			"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c3JfMDAxIn0.c2ln", KeyURL, "https://u:p@h/a?b=c")
	})
	if got := line[KeyReason].(string); len(got) > maxTextBytes || !strings.HasSuffix(got, "è…") {
		t.Errorf("reason has %d bytes and ends in %q", len(got), got[len(got)-6:])
	}
	if got := line[KeyStack].(string); len(got) != maxStackBytes {
		t.Errorf("stack has %d bytes", len(got))
	}
	if line[KeyFields] != "a b" || line[KeyAddress] != "127.0.0.1" || line[KeySetting] != "[token]" || line[KeyURL] != "https://h/a" {
		t.Errorf("line %v", line)
	}
}

func FuzzErrHidesWhatFollowsAQuestionMark(f *testing.F) {
	f.Add("secret", "GET https://host/path")
	f.Add("a&b=c", "wss://x/yjs/é")
	f.Fuzz(func(t *testing.T, secret, before string) {
		if len(before) > 400 || strings.ContainsAny(secret, " \"'\t\n\f\r\v") || secret == "" || strings.ContainsAny(before, "?") {
			return // not the shape of an address with a query
		}
		text := Err(errors.New(before + " http://host/x?q=QQ" + secret)).Value.String()
		if strings.Contains(text, "QQ") && !strings.Contains(before, "QQ") {
			t.Fatalf("query shown in %q", text)
		}
	})
}

func BenchmarkLine(b *testing.B) {
	l := NewLogger(discard{}, slog.LevelInfo)
	b.ReportAllocs()
	for b.Loop() {
		l.LogAttrs(b.Context(), slog.LevelInfo, "audit", User("usr_001"), Resource("page:/patient/12345"), Revision(7))
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

package sweep

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

const secret Kind = "secret"

func packed(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data) // into memory
	w.Close()
	return b.Bytes()
}

func wide(text string, order binary.AppendByteOrder) (b []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

func TestAMarkerIsFoundInWhateverFormItComesOut_T6(t *testing.T) {
	for range 50 {
		set := &Set{}
		for _, text := range []string{set.Rich(secret, "rich"), set.Plain(secret, "plain"), set.Given(secret, "x-9_secret+/=value", "given")} {
			asJSON, _ := json.Marshal(text)
			ways := map[string][]byte{
				"raw": []byte(text), "lower case": []byte(strings.ToLower(text)), "upper case": []byte(strings.ToUpper(text)),
				"JSON": asJSON, "JSON in JSON": fmt.Appendf(nil, "%q", asJSON), "HTML": []byte(html.EscapeString(text)),
				"query": []byte(url.QueryEscape(text)), "path": []byte(url.PathEscape(text)), "quoted": fmt.Appendf(nil, "%+q", text),
				"hex": []byte(hex.EncodeToString([]byte(text))), "hex of fmt": fmt.Appendf(nil, "%X", text), "bytes of fmt": fmt.Appendf(nil, "%v", []byte(text)),
				"spaced hex": fmt.Appendf(nil, "% x", text), "array of bytes": []byte(strings.ReplaceAll(strings.Trim(fmt.Sprint([]byte(text)), "[]"), " ", ",")),
				"UTF-16 LE": wide(text, binary.LittleEndian), "UTF-16 BE": wide(text, binary.BigEndian), "gzip": packed([]byte(text)),
				"gzip in gzip": packed(append([]byte("before"), packed([]byte(text))...)),
			}
			for shift := range 3 {
				inside := []byte(strings.Repeat("-", shift) + text + "and more")
				ways[fmt.Sprintf("base64 %d", shift)] = []byte(base64.StdEncoding.EncodeToString(inside))
				ways[fmt.Sprintf("base64url %d", shift)] = []byte(base64.URLEncoding.EncodeToString(inside))
			}
			finder := set.Finder()
			for way, data := range ways {
				around := slices.Concat([]byte("some text \x1f\x8b\x08 "), data, []byte(" more"))
				if hits := finder.Find(around); len(hits) == 0 || hits[0].Marker.Text != text {
					t.Errorf("%q is not found as %s: %q", text, way, data)
				}
			}
		}
	}
}

func TestHalfAMarkerIsFoundAndNothingElse_T6(t *testing.T) {
	set := &Set{}
	text := set.Rich(secret, "a text that was cut")
	cut, _, _ := strings.Cut(text, hard)
	if hits := set.Finder().Find([]byte("err: " + cut)); len(hits) != 1 || hits[0].Marker.What != "a text that was cut" {
		t.Errorf("half of it: %v", hits)
	}
	noise := make([]byte, 0, 1<<20)
	for len(noise) < 1<<20 {
		noise = append(noise, half()...)
	}
	if hits := set.Finder().Find(noise); len(hits) != 0 {
		t.Errorf("found in what it is not in: %v", hits)
	}
}

func TestWhatNoRuleAllowsIsALeakAndARuleWithoutAFindIsNamed_T6(t *testing.T) {
	set := &Set{}
	text := set.Rich(secret, "a field")
	findings := set.Finder().Search([]Piece{{"journal/row 1", []byte(text)}, {"log", []byte(text + text)}, {"metrics", nil}})
	rules := []Rule{{Place: "journal/*", Kinds: []Kind{secret, "other"}, Why: "D3"}, {Place: "log*", Kinds: []Kind{"other"}, Why: "T6"},
		{Place: "audit*", Kinds: []Kind{"other"}, Why: "T2", Maybe: true}}
	leaks, idle := Judge(rules, findings)
	if len(leaks) != 1 || leaks[0].Place != "log" || leaks[0].Marker.What != "a field" {
		t.Errorf("leaks: %v", leaks)
	}
	if want := []string{"journal/*: no other (D3)", "log*: no other (T6)"}; !slices.Equal(idle, want) {
		t.Errorf("idle: %v, want %v", idle, want)
	}
}

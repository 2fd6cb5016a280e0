package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"corsia/gateway/socketio"
	"corsia/shared/collab"
)

// eventOf is an event with one argument.
func eventOf(arg string, attachments ...[]byte) socketio.Event {
	return socketio.Event{Name: evUpdate, Args: []json.RawMessage{json.RawMessage(arg)}, Attachments: attachments}
}

func code(err error) collab.Code {
	if err == nil {
		return ""
	}
	return collab.AsError(err).Code
}

func TestBinaryValueIsAnAttachmentOrAnArrayOfBytes(t *testing.T) { // SPEC 3, Y_UPDATE
	attachments := [][]byte{{1, 2}, {3}}
	tests := []struct {
		name, json string
		want       []byte
		code       collab.Code
	}{
		{"the first attachment", `{"_placeholder":true,"num":0}`, []byte{1, 2}, ""},
		{"the second attachment", `{"num":1,"_placeholder":true}`, []byte{3}, ""},
		{"an attachment that is not there", `{"_placeholder":true,"num":2}`, nil, collab.CodeBadRequest},
		{"a negative number", `{"_placeholder":true,"num":-1}`, nil, collab.CodeBadRequest},
		{"no number", `{"_placeholder":true}`, nil, collab.CodeBadRequest},
		{"no placeholder", `{"_placeholder":false,"num":0}`, nil, collab.CodeBadRequest},
		{"some object", `{"data":[1,2]}`, nil, collab.CodeBadRequest},
		{"an array", `[0, 7, 255]`, []byte{0, 7, 255}, ""},
		{"an empty array", `[]`, []byte{}, ""},
		{"a number over a byte", `[256]`, nil, collab.CodeBadRequest},
		{"a negative byte", `[-1]`, nil, collab.CodeBadRequest},
		{"half a byte", `[1.5]`, nil, collab.CodeBadRequest},
		{"nulls", `[null,1]`, nil, collab.CodeBadRequest},
		{"an array in it", `[[1]]`, nil, collab.CodeBadRequest},
		{"base64", `"AQI="`, nil, collab.CodeBadRequest},
		{"a number", `7`, nil, collab.CodeBadRequest},
		{"null", `null`, nil, collab.CodeBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, got, _, err := decodeUpdate(eventOf(`{"resourceId":"page:/1","update":`+tt.json+`}`, attachments...))
			if code(err) != tt.code || !bytes.Equal(got, tt.want) {
				t.Fatalf("got %v, error %v, want %v and %q", got, err, tt.want, tt.code)
			}
			if err == nil && id != "page:/1" {
				t.Fatalf("resource %q", id)
			}
		})
	}
	if _, _, _, err := decodeUpdate(eventOf(`{"resourceId":"page:/1"}`)); code(err) != collab.CodeBadRequest {
		t.Fatalf("no update at all: %v, want BAD_REQUEST", err)
	}
}

func TestEventWithoutAnObjectIsABadRequest(t *testing.T) { // SPEC 3
	for _, ev := range []socketio.Event{
		{Name: evJoin}, eventOf(`"page:/1"`), eventOf(`[]`), eventOf(`null`), eventOf(`7`), eventOf(``),
		eventOf(`{"resourceId":7}`), eventOf(`{"resourceId":"x","update":{"a":1}}`),
	} {
		if _, _, _, err := decodeUpdate(ev); code(err) != collab.CodeBadRequest {
			t.Errorf("%s: error %v, want BAD_REQUEST", ev.Args, err)
		}
	}
}

func TestUsualUpdateIsReadWithoutADecoder(t *testing.T) { // P
	ev := eventOf(`{"resourceId":"page:/patient/12345","update":{"_placeholder":true,"num":0}}`, []byte{1, 2, 3})
	allocs := testing.AllocsPerRun(100, func() {
		if _, _, _, err := decodeUpdate(ev); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 {
		t.Fatalf("%v allocations, want the resource's id alone", allocs)
	}
}

// FuzzUpdateIsReadTheSameBothWays compares the usual form, read by its bytes, with the JSON decoder.
func FuzzUpdateIsReadTheSameBothWays(f *testing.F) {
	for _, arg := range []string{
		`{"resourceId":"page:/1","update":{"_placeholder":true,"num":0}}`,
		`{"resourceId":"","update":{"_placeholder":true,"num":0}}`,
		`{"resourceId":"Zür\"ich","update":{"_placeholder":true,"num":0}}`,
		`{"resourceId":"a","resourceId":"b","update":{"_placeholder":true,"num":0}}`,
		`{"resourceId":"a","update":{"_placeholder":true,"num":1}}`,
		`{"update":[1,2],"resourceId":"a"}`,
		`{"resourceId":"a","update":null}`,
	} {
		f.Add(arg, []byte{1, 2})
		f.Add(arg, []byte{})
	}
	f.Fuzz(func(t *testing.T, arg string, attachment []byte) {
		if !utf8.ValidString(arg) || !json.Valid([]byte(arg)) {
			return // socketio lets nothing else through
		}
		id, update, _, err := decodeUpdate(eventOf(arg, attachment))
		var q updateRequest
		slow := decode(eventOf(arg, attachment), &q)
		var want []byte
		if slow == nil {
			want, slow = q.Update.required("update", [][]byte{attachment})
		}
		if code(err) != code(slow) {
			t.Fatalf("error %v, want %v", err, slow)
		}
		if err == nil && (id != q.ResourceID || !bytes.Equal(update, want)) {
			t.Fatalf("resource %q with %v, want %q with %v", id, update, q.ResourceID, want)
		}
	})
}

func TestLockRequestIsBounded(t *testing.T) { // L1, L4
	tests := []struct {
		name, json string
		ttl, wait  time.Duration
		key        string
		code       collab.Code
	}{
		{"a field", `{"resourceId":"page:/1","field":"notes"}`, 0, 0, "page:/1#notes", ""},
		{"the whole resource", `{"resourceId":"page:/1"}`, 0, 0, "page:/1", ""},
		{"a ttl and a wait", `{"resourceId":"page:/1","ttl":300,"waitMs":30000}`, 300 * time.Second, 30 * time.Second, "page:/1", ""},
		{"no ttl by null", `{"resourceId":"page:/1","ttl":null}`, 0, 0, "page:/1", ""},
		{"a ttl of nothing", `{"resourceId":"page:/1","ttl":0}`, 0, 0, "", collab.CodeBadRequest},
		{"a ttl over its bound", `{"resourceId":"page:/1","ttl":301}`, 0, 0, "", collab.CodeBadRequest},
		{"a ttl that overflows", `{"resourceId":"page:/1","ttl":9223372036854775807}`, 0, 0, "", collab.CodeBadRequest},
		{"half a second", `{"resourceId":"page:/1","ttl":0.5}`, 0, 0, "", collab.CodeBadRequest},
		{"a wait that is negative", `{"resourceId":"page:/1","waitMs":-1}`, 0, 0, "", collab.CodeBadRequest},
		{"a wait that is too long", `{"resourceId":"page:/1","waitMs":30001}`, 0, 0, "", collab.CodeBadRequest},
		{"no resource", `{"field":"notes"}`, 0, 0, "", collab.CodeInvalidResource},
		{"a resource with a reserved end", `{"resourceId":"page:/1:users"}`, 0, 0, "", collab.CodeInvalidResource},
		{"a field that is too long", `{"resourceId":"page:/1","field":"` + strings.Repeat("x", 257) + `"}`, 0, 0, "", collab.CodeInvalidField},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key, ttl, wait, err := readLock(tt.json)
			if code(err) != tt.code {
				t.Fatalf("error %v, want %q", err, tt.code)
			}
			if err == nil && (key.String() != tt.key || ttl != tt.ttl || wait != tt.wait) {
				t.Fatalf("%s for %v, waiting %v, want %s, %v, %v", key, ttl, wait, tt.key, tt.ttl, tt.wait)
			}
		})
	}
}

func readLock(arg string) (key collab.LockKey, ttl, wait time.Duration, err error) {
	var q lockRequest
	if err = decode(eventOf(arg), &q); err != nil {
		return key, 0, 0, err
	}
	if key, err = q.key("default"); err != nil {
		return key, 0, 0, err
	}
	if ttl, err = q.lockTTL(); err != nil {
		return key, 0, 0, err
	}
	wait, err = q.wait()
	return key, ttl, wait, err
}

func TestSeedsAreReadInTheOrderOfTheirFields(t *testing.T) { // G4
	var q seedRequest
	if err := decode(eventOf(`{"resourceId":"page:/1","values":{"notes":"x","dose":"5 mg","values/given":true}}`), &q); err != nil {
		t.Fatal(err)
	}
	got, err := seeds("values", q.Values)
	want := []collab.Seed{{Field: "dose", Value: `"5 mg"`}, {Field: "notes", Value: `"x"`}, {Field: "values/given", Value: `true`}}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, error %v, want %v", got, err, want)
	}
	many := map[string]json.RawMessage{}
	for i := range maxSeedFields + 1 {
		many[fmt.Sprint(i)] = json.RawMessage(`1`)
	}
	if _, err := seeds("values", many); code(err) != collab.CodeBadRequest {
		t.Fatalf("too many fields: %v, want BAD_REQUEST", err)
	}
	for _, field := range []string{"", strings.Repeat("x", 257), "a\x01b"} {
		wrong := map[string]json.RawMessage{field: json.RawMessage(`1`)}
		if _, err := seeds("known", wrong); code(err) != collab.CodeBadRequest {
			t.Fatalf("field %q: %v, want BAD_REQUEST", field, err)
		}
	}
}

//go:build integration

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// wire writes the numbers, texts and bytes of a Yjs update as they stand in it.
func wire(parts ...any) []byte {
	var out []byte
	for _, part := range parts {
		switch p := part.(type) {
		case int:
			out = binary.AppendUvarint(out, uint64(p))
		case uint64:
			out = binary.AppendUvarint(out, p)
		case string:
			out = append(binary.AppendUvarint(out, uint64(len(p))), p...)
		case []byte:
			out = append(out, p...)
		}
	}
	return out
}

// The kinds of a struct's content in its first byte, and of values.
const (
	contentDeleted = 1
	contentString  = 4
	contentAny     = 8
	anyArray       = 117
	parentIsRoot   = 1
	noDeletions    = 0
)

func TestUpdatesThatPromiseMuchCostLittle_D6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t)
	const resource = "page:/hostile/bombs"
	const client = 77
	head := func(clock int) []byte { return wire(1, 1, client, clock) } // one client with one struct
	item := func(content int, more ...any) []byte {
		return bytes.Join([][]byte{head(0), {byte(content)}, wire(append([]any{parentIsRoot, "notes"}, more...)...)}, nil)
	}
	many := uint64(1) << 52
	bombs := map[string][]byte{
		"clients without end":             wire(many),
		"structs without end":             wire(1, many, client, 0),
		"deletions without end":           wire(0, many),
		"ranges of deletions without end": wire(0, 1, client, many),
		"a deletion without end":          wire(0, 1, client, 1, 0, many),
		"a text longer than the update":   item(contentString, many),
		"values without end":              item(contentAny, many),
		"a clock beyond 2³¹":              bytes.Join([][]byte{wire(1, 1, client, 1<<31), {contentString}, wire(parentIsRoot, "notes", "x", noDeletions)}, nil),
		"a length beyond 2³¹":             item(contentDeleted, 1<<31, noDeletions),
		"a number of more than 64 bits":   bytes.Repeat([]byte{0xff}, 100),
		"arrays in arrays in arrays":      item(contentAny, 1, bytes.Repeat([]byte{anyArray, 1}, 100_000), []byte{anyArray, 0}, noDeletions),
		"a field with a name of 100,000":  bytes.Join([][]byte{head(0), {contentString}, wire(parentIsRoot, strings.Repeat("n", 100_000), "x", noDeletions)}, nil),
		"a text that is no UTF-8":         item(contentString, "\xff\xfe\xfd", noDeletions),
		"an unknown kind of content":      item(15, "x", noDeletions),
		"bytes after its end":             append(item(contentString, "x", noDeletions), 1, 2, 3),
		"nothing at all":                  {},
	}
	witness := g.Connect(t, "usr_witness")
	witness.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	before := residentBytes(t, g)
	users := 0 // each has a session that lingers
	for name, bomb := range bombs {
		users++
		user := fmt.Sprintf("usr_hostile_%d", users)
		t.Run(name, func(t *testing.T) {
			c := g.Connect(t, user)
			c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
			start := time.Now()
			refused := c.Refusal("Y_UPDATE", fields{"resourceId": resource, "update": bomb})
			if code := refused.Text("code"); code != "MALFORMED_UPDATE" && code != "MISSING_DEPENDENCY" {
				t.Errorf("got %v", refused)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	witness.None("Y_UPDATE")
	if state := witness.OK("Y_SYNC", fields{"resourceId": resource}); state.Int("revision") != 1 {
		t.Errorf("something was stored: revision %d", state.Int("revision"))
	}
	if grown := residentBytes(t, g) - before; grown > 100<<20 {
		t.Errorf("the process grew by %d MiB", grown>>20)
	}
}

// residentBytes is the memory of the gateway's process, 0 where the system does not tell.
func residentBytes(t *testing.T, g *testkit.Gateway) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", g.PID()))
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

// Mutated updates are sent to a room whose other members are unmodified yjs clients. Whatever the gateway accepts they
// must be able to apply, and all must end up with the same document as the store.
func TestWhateverIsAcceptedOfMutatedUpdatesEverybodyAgrees_D6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_MESSAGES_PER_SECOND=100000", "COMPACT_AFTER=500ms")
	seed := time.Now().UnixNano() % 1_000_000
	t.Logf("the seed is %d", seed)
	g.RunNode(t, "hostile.mjs", fields{"seed": seed, "mutations": 600}, nil)
}

func TestForgedUpdatesAreRefusedOrEverybodyAgrees_D6(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "COMPACT_AFTER=300ms", "MAX_SESSIONS_PER_USER=100")
	g.RunNode(t, "forged.mjs", nil, nil)
}

func TestPayloadsOfEveryShapeAreAnsweredOnce_SPEC3(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/hostile/payloads"
	c := g.Connect(t, "usr_payloads")
	c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	for i, payload := range []string{
		`["SEED",{"resourceId":"page:/hostile/payloads","values":{"a":1e400}}]`,
		`["SEED",{"resourceId":"page:/hostile/payloads","values":{"a":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}}]`,
		`["SEED",{"resourceId":"page:/hostile/payloads","values":{"a\u0000b":"x"}}]`,
		`["SEED",{"resourceId":"page:/hostile/payloads","values":{"lone":"\ud800"}}]`,
		`["SEED",{"resourceId":"page:/hostile/payloads","values":{"` + strings.Repeat("k", 5000) + `":"x"}}]`,
		`["JOIN_RESOURCE"]`, `["JOIN_RESOURCE",null,null]`, `["JOIN_RESOURCE",{"resourceId":"a"},{"mode":"editor"}]`,
		`["Y_UPDATE",{"resourceId":"page:/hostile/payloads","update":[1e3]}]`,
		`["Y_UPDATE",{"resourceId":"page:/hostile/payloads","update":{"_placeholder":true,"num":-1}}]`,
		`["Y_UPDATE",{"resourceId":"page:/hostile/payloads","update":{"_placeholder":true,"num":7}}]`,
		`["AWARENESS",{"resourceId":"page:/hostile/payloads"}]`, `["",{}]`, `[7,{}]`, `["__proto__",{}]`,
		`["LOCK_ACQUIRE",{"resourceId":"page:/hostile/payloads","field":"f","ttl":1e99}]`,
		`["LOCK_ACQUIRE",{"resourceId":"page:/hostile/payloads","field":"f","waitMs":99999999999}]`,
		`["LOCK_ACQUIRE",{"resourceId":"page:/hostile/payloads","field":"\u0007"}]`,
		`["TOKEN_REFRESH",{}]`, // refused, and the end of the session: last
	} {
		answer := c.Sent(func(id int) { c.Text(fmt.Sprintf("42%d%s", id, payload)) })()
		refusal, _ := answer["error"].(fields)
		if answer["ok"] != true && (refusal.Text("code") == "" || refusal.Text("code") == "INTERNAL") {
			t.Errorf("%d: %.80s: %v", i, payload, answer)
		}
	}
}

func TestTheConnectPayloadIsJudgedInEveryShape_A4(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	for payload, reason := range map[string]string{
		``: "missing_token", `{}`: "missing_token", `{"token":""}`: "missing_token", `{"token":null}`: "missing_token",
		`{"token":7}`: "malformed_token", `{"token":{"a":1}}`: "malformed_token", `{"token":"a.b.c"}`: "malformed_token",
	} {
		c := g.Dial(t, testkit.Options{Raw: true})
		c.Text("40" + payload)
		if data, _ := c.NextRefusal()["data"].(fields); data.Text("reason") != reason {
			t.Errorf("%s: %v, want %s", payload, data, reason)
		}
	}
}

func TestSessionsThatComeAndGoAreNoSlowConsumers_C7(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_MESSAGES_PER_SECOND=100000", "RESUME_GRACE=100ms")
	const resource = "page:/hostile/leavers"
	writer := g.Connect(t, "usr_writer")
	writer.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	for round := range 20 {
		reader := g.Connect(t, "usr_reader")
		reader.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "viewer"})
		var last func() fields
		for i := range 40 {
			last = writer.Ask("SEED", fields{"resourceId": resource, "values": fields{fmt.Sprintf("field%d.%d", round, i): "x"}})
			if i == 20 {
				reader.Drop()
			}
		}
		last()
	}
	_, _, text := g.HTTP(t, "GET", "/metrics", "", nil)
	if n := metric(string(text), "slow_consumers_total"); n != 0 {
		t.Errorf("%v sessions count as slow consumers; all of them just left", n)
	}
}

func TestTwoJoinsAtOnceAreBothAnswered_SPEC3(t *testing.T) {
	t.Parallel()
	g := testkit.Start(t, "MAX_MESSAGES_PER_SECOND=100000")
	const resource = "page:/hostile/joins"
	writer, joiner := pair(t, g, resource)
	for round := range 15 {
		for i := range 20 {
			writer.Emit("SEED", fields{"resourceId": resource, "values": fields{fmt.Sprintf("field%d.%d", round, i): "x"}})
		}
		join := fields{"resourceId": resource, "mode": "editor"}
		answers := []func() fields{joiner.Ask("JOIN_RESOURCE", join), joiner.Ask("JOIN_RESOURCE", join), joiner.Ask("Y_SYNC", fields{"resourceId": resource}),
			joiner.Ask("LEAVE_RESOURCE", fields{"resourceId": resource}), joiner.Ask("JOIN_RESOURCE", join), joiner.Ask("JOIN_RESOURCE", join)}
		for i, answer := range answers {
			got := answer()
			if refusal, _ := got["error"].(fields); got["ok"] != true && refusal.Text("code") != "NOT_JOINED" {
				t.Fatalf("round %d, question %d: %v", round, i, got)
			}
		}
		joiner.OK("Y_SYNC", fields{"resourceId": resource}) // the last word was a join
	}
}

func TestTheLastWordsOfAPageThatClosesAreSaved_D2(t *testing.T) {
	t.Parallel()
	g := testkit.Shared(t)
	reader := g.Connect(t, "usr_reader")
	for i := range 20 {
		resource := fmt.Sprintf("page:/hostile/last words/%d", i)
		c := g.Connect(t, "usr_closing")
		client := c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"}).Int("clientId")
		insertion := bytes.Join([][]byte{wire(1, 1, int(client), 0), {contentString}, wire(parentIsRoot, "notes", "last words "+testkit.Marker, noDeletions)}, nil)
		c.Emit("Y_UPDATE", fields{"resourceId": resource, "update": insertion})
		c.Disconnect()
		testkit.Eventually(t, eventually, "last words in the journal", func() bool {
			state := reader.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "viewer"})
			return bytes.Contains(state.Bytes("state"), []byte("last words"))
		})
		reader.OK("LEAVE_RESOURCE", fields{"resourceId": resource})
	}
}

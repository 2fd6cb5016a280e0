//go:build integration

// Package webhook compares the receiver of webhooks with the npm packages that senders use.
package webhook

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"corsia/shared/webhook"
	"corsia/tests/testkit"
)

const (
	requests  = 12_000
	batchSize = 500
	answerIn  = time.Minute
)

// checker is the Node process that all tests use.
type checker struct{ node *testkit.Node }

// ask hands a batch to the packages.
func ask[Q, A any](t *testing.T, c checker, what string, all []Q) []A {
	t.Helper()
	var answer struct {
		All   []A
		Error string
	}
	c.node.Call(answerIn, map[string]any{"what": what, "all": all}, &answer)
	if answer.Error != "" || len(answer.All) != len(all) {
		t.Fatalf("%s: %d answers to %d: %s", what, len(answer.All), len(all), answer.Error)
	}
	return answer.All
}

// request is one request as both sides get it.
type request struct {
	Secret  string            `json:"secret"`
	ID      string            `json:"id"`
	Now     int64             `json:"now"`
	Body    string            `json:"body"` // base64
	Headers map[string]string `json:"headers"`

	body    []byte
	changed []string
}

type verdicts struct{ Standard, Svix bool }

var secrets = []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAECAwQFBgc=", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func word(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// text returns JSON with characters of every length.
func text(r *rand.Rand) string {
	odd := []string{"è", "日本", "🩺", `\u00e9`, " ", `\"`, "{", "\t"}
	var b strings.Builder
	b.WriteString(`{"test": "`)
	for range r.IntN(20) {
		if b.WriteString(word(r, 1+r.IntN(4))); r.IntN(3) == 0 {
			b.WriteString(odd[r.IntN(len(odd)-1)])
		}
	}
	return b.String() + `"}`
}

// valid returns a signed request.
func valid(t *testing.T, r *rand.Rand) request {
	q := request{Secret: secrets[r.IntN(len(secrets))], ID: "msg_" + word(r, 1+r.IntN(40)), Now: 1_600_000_000 + r.Int64N(1<<30), body: []byte(text(r)), Headers: map[string]string{}}
	q.sign(t)
	return q
}

func (q *request) sign(t *testing.T) {
	h := http.Header{}
	if err := webhook.Sign(h, webhook.Standard, q.Secret, q.ID, time.Unix(q.Now, 0), q.body); err != nil {
		t.Fatal(err)
	}
	for name := range h {
		q.Headers[strings.ToLower(name)] = h.Get(name)
	}
}

// mutations are what may happen to a request on its way, or what somebody who has no secret tries.
var mutations = []struct {
	name   string
	change func(r *rand.Rand, q *request)
}{
	{"a byte of the body", func(r *rand.Rand, q *request) { q.body[r.IntN(len(q.body))] ^= 1 << r.IntN(7) }},
	{"a longer body", func(r *rand.Rand, q *request) { q.body = append(q.body, letters[r.IntN(len(letters))]) }},
	{"a shorter body", func(r *rand.Rand, q *request) { q.body = q.body[:r.IntN(len(q.body))] }},
	{"bytes that are no text", func(_ *rand.Rand, q *request) { q.body = append(q.body, 0xc3, 0x28) }},
	{"another id", func(r *rand.Rand, q *request) { q.Headers["webhook-id"] = "msg_" + word(r, 8) }},
	{"a letter of the id", func(r *rand.Rand, q *request) { q.Headers["webhook-id"] += word(r, 1) }},
	{"an id in upper case", func(_ *rand.Rand, q *request) { q.Headers["webhook-id"] = strings.ToUpper(q.Headers["webhook-id"]) }},
	{"an id of other letters", func(_ *rand.Rand, q *request) { q.Headers["webhook-id"] = "mèssage" }},
	{"a time near by", func(r *rand.Rand, q *request) {
		q.Headers["webhook-timestamp"] = strconv.FormatInt(q.Now+r.Int64N(7)-3, 10)
	}},
	{"a time and more", func(r *rand.Rand, q *request) {
		q.Headers["webhook-timestamp"] += []string{"abc", ".5", "e3", " ", "_000", "\x00", "٣"}[r.IntN(7)]
	}},
	{"a time after something", func(r *rand.Rand, q *request) {
		q.Headers["webhook-timestamp"] = []string{"+", "-", " ", "\t", "0", "00", "0x", "x", "--", "\v"}[r.IntN(10)] + q.Headers["webhook-timestamp"]
	}},
	{"a time that is none", func(r *rand.Rand, q *request) {
		q.Headers["webhook-timestamp"] = []string{"", "now", "NaN", "-", "1e9", "99999999999999999999999999", "-1", "Infinity", "0"}[r.IntN(9)]
	}},
	{"a clock that is off", func(r *rand.Rand, q *request) { q.Now += r.Int64N(1201) - 600 }},
	{"a clock at the limit", func(r *rand.Rand, q *request) { q.Now += []int64{-301, -300, -299, 299, 300, 301}[r.IntN(6)] }},
	{"a letter of the signature", func(r *rand.Rand, q *request) {
		s := []byte(q.Headers["webhook-signature"])
		s[r.IntN(len(s))] = letters[r.IntN(len(letters))]
		q.Headers["webhook-signature"] = string(s)
	}},
	{"a shorter signature", func(r *rand.Rand, q *request) {
		s := q.Headers["webhook-signature"]
		q.Headers["webhook-signature"] = s[:r.IntN(len(s))]
	}},
	{"another version", func(r *rand.Rand, q *request) {
		q.Headers["webhook-signature"] = []string{"v1a", "v2", "V1", "", "v1 ", "v01"}[r.IntN(6)] + q.Headers["webhook-signature"][2:]
	}},
	{"more signatures", func(r *rand.Rand, q *request) {
		for range 1 + r.IntN(3) {
			other := []string{"v1,", "v1," + word(r, 44), "v2," + word(r, 10), "v1a,x", ",", "v1", ""}[r.IntN(7)]
			if r.IntN(2) == 0 {
				q.Headers["webhook-signature"] = other + " " + q.Headers["webhook-signature"]
			} else {
				q.Headers["webhook-signature"] += " " + other
			}
		}
	}},
	{"more after a comma", func(r *rand.Rand, q *request) {
		q.Headers["webhook-signature"] += []string{",", ",x", "=,", ",v1"}[r.IntN(4)]
	}},
	{"signatures apart by other marks", func(r *rand.Rand, q *request) {
		q.Headers["webhook-signature"] = "v1," + word(r, 44) + []string{",", "\t", ";", "  "}[r.IntN(4)] + q.Headers["webhook-signature"]
	}},
	{"another secret", func(r *rand.Rand, q *request) { q.Secret = secrets[r.IntN(len(secrets))] }},
	{"no header", func(r *rand.Rand, q *request) {
		delete(q.Headers, []string{"webhook-id", "webhook-timestamp", "webhook-signature"}[r.IntN(3)])
	}},
	{"an empty header", func(r *rand.Rand, q *request) {
		q.Headers[[]string{"webhook-id", "webhook-timestamp", "webhook-signature"}[r.IntN(3)]] = ""
	}},
}

// ours is our verdict.
func ours(t *testing.T, q request) bool {
	sources, err := webhook.ParseSources([]byte(fmt.Sprintf(`{"s": {"profile": "standard", "secrets": [%q]}}`, q.Secret)), true)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for name, value := range q.Headers {
		h.Set(name, value)
	}
	return sources["s"].Verify(h, q.body, time.Unix(q.Now, 0)) == ""
}

func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if given := os.Getenv("WEBHOOK_SEED"); given != "" {
		var err error
		if n, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("WEBHOOK_SEED=%d", n)
	return rand.New(rand.NewPCG(n, 1))
}

func TestOurVerdictIsThatOfTheSendersPackages_W1(t *testing.T) {
	c, r := checker{testkit.StartNode(t, "check.mjs", nil)}, seed(t)
	taken, refused := 0, map[string]int{}
	for done := 0; done < requests; done += batchSize {
		batch := make([]request, batchSize)
		for i := range batch {
			q := valid(t, r)
			for range r.IntN(3) {
				m := mutations[r.IntN(len(mutations))]
				if len(q.body) > 0 && len(q.Headers["webhook-signature"]) > 2 {
					m.change(r, &q)
					q.changed = append(q.changed, m.name)
				}
			}
			q.Body = base64.StdEncoding.EncodeToString(q.body)
			batch[i] = q
		}
		for i, theirs := range ask[request, verdicts](t, c, "verify", batch) {
			q := batch[i]
			mine := ours(t, q)
			if mine != theirs.Standard || mine != theirs.Svix {
				t.Errorf("after %q: ours %v, standardwebhooks %v, svix %v: %+v", q.changed, mine, theirs.Standard, theirs.Svix, q)
			}
			if mine {
				taken++
			} else {
				for _, name := range q.changed {
					refused[name]++
				}
			}
		}
	}
	if taken < requests/4 || taken > requests*3/4 {
		t.Errorf("%d of %d were taken: that says little", taken, requests)
	}
	for _, m := range mutations {
		if refused[m.name] == 0 {
			t.Errorf("nothing was refused for %s", m.name)
		}
	}
	t.Logf("%d requests, %d taken by all", requests, taken)
}

func TestWhatTheSendersPackagesSignIsTaken_W1(t *testing.T) {
	c, r := checker{testkit.StartNode(t, "check.mjs", nil)}, seed(t)
	batch := make([]request, batchSize)
	for i := range batch {
		batch[i] = valid(t, r)
		batch[i].Body = base64.StdEncoding.EncodeToString(batch[i].body)
	}
	for i, signed := range ask[request, struct{ Standard, Svix string }](t, c, "sign", batch) {
		q := batch[i]
		for _, signature := range []string{signed.Standard, signed.Svix} {
			q.Headers["webhook-signature"] = signature
			if !ours(t, q) {
				t.Errorf("a signature %s is refused: %+v", signature, q)
			}
		}
		svix := q
		svix.Headers = map[string]string{"svix-id": q.Headers["webhook-id"], "svix-timestamp": q.Headers["webhook-timestamp"], "svix-signature": signed.Svix}
		if !ours(t, svix) {
			t.Errorf("Svix's own headers are refused: %+v", svix)
		}
	}
}

func TestAnIDWithADotIsRefusedByUsAlone_W3(t *testing.T) {
	c, r := checker{testkit.StartNode(t, "check.mjs", nil)}, seed(t)
	q := valid(t, r)
	q.ID = "msg.1600000000"
	q.sign(t)
	q.Body = base64.StdEncoding.EncodeToString(q.body)
	if theirs := ask[request, verdicts](t, c, "verify", []request{q})[0]; !theirs.Standard || ours(t, q) {
		t.Errorf("ours %v, standardwebhooks %v", ours(t, q), theirs.Standard)
	}
}

//go:build integration

package phi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corsia/shared/ydoc"
	"corsia/tests/phi/sweep"
	"corsia/tests/testkit"
)

// drive uses the product in every way, with markers wherever something sensitive stands.
type drive struct {
	t        *testing.T
	set      *sweep.Set
	notes    *notes
	cluster  *testkit.Cluster
	tap      *tap
	crowd    *crowd
	senders  []*sender
	resource string

	anna, bruno, gina *person
}

// troubles are what the log says while a service is away.
var troubles = []string{"health: a dependency is away", "health: a dependency stays away", "room: reading the document again", "session: request", "session: connect",
	"session: adopt its locks", "session: audit a refusal", "session: audit a refused connection", "session: audit its end", "session: keep a leave", "document: compaction",
	"lock: audit a refusal", "lock: end one of a session", "webhook: the message could not be kept", "http: request", "http: audit a refusal", "audit: the trail is not signed any more"}

// start starts three gateways on servers of their own.
func start(t *testing.T) *drive {
	t.Helper()
	for _, given := range []string{"TEST_POSTGRES_URL", "TEST_REDIS_URL", "TEST_AMQP_URL"} {
		t.Setenv(given, "") // this test reads the logs of its servers, and kills them
	}
	d := &drive{t: t, set: &sweep.Set{}, notes: &notes{}, resource: "page:/chart/phi"}
	senders, setting := d.newSenders()
	d.senders = senders
	d.cluster = testkit.StartCluster(t, testkit.ClusterOptions{Services: testkit.StartServices(t), Proxied: true,
		Env: []string{"LOG_LEVEL=debug", "TRUSTED_PROXIES=127.0.0.0/8", "REDIS_GRACE=3s", "COMPACT_AFTER=1s", setting}})
	d.cluster.ExpectError(troubles...)
	d.tap = listen(t, d.cluster)
	d.crowd = &crowd{t, testkit.StartNode(t, "people.mjs", nil)}
	return d
}

func (d *drive) at(n int) *testkit.Instance { return d.cluster.Instances[n%len(d.cluster.Instances)] }

func (d *drive) rich(kind sweep.Kind, what string, args ...any) string {
	return d.set.Rich(kind, what, args...)
}

// plain returns a marker that is nowhere, of letters and digits.
func (d *drive) plain(what string, args ...any) string { return d.set.Plain(never, what, args...) }

// token returns a good token: the person's name is marked, so is a claim that nobody knows, and the signature is a marker.
func (d *drive) token(user string, claims ...fields) string {
	all := fields{"name": d.rich(name, "the name of %s", user), "patient": d.plain("a claim of %s", user)}
	token := new(testkit.Gateway).Token(user, append([]fields{all}, claims...)...)
	d.set.Given(never, token[strings.LastIndexByte(token, '.')+1:], "the signature of %s's token", user)
	return token
}

func (d *drive) expired() string {
	return d.token("usr_late", fields{"name": d.plain("the name in an expired token"), "exp": time.Now().Add(-time.Hour).Unix()})
}

func (d *drive) forged() string {
	good := d.token("usr_forger", fields{"name": d.plain("the name in a forged token")})
	return good[:strings.LastIndexByte(good, '.')+1] + d.plain("a wrong signature")
}

// connect connects somebody whose CONNECT and whose request say more than they should.
func (d *drive) connect(n int, user string, claims ...fields) *testkit.Client {
	d.t.Helper()
	return d.at(n).ConnectWith(d.t, testkit.Options{Token: d.token(user, claims...), Header: d.headers(),
		Auth: fields{"patient": d.plain("a field of CONNECT"), "name": fields{"deep": d.plain("a field of a field of CONNECT")}}})
}

// refused notes the answer to what must not be done.
func (d *drive) refused(c *testkit.Client, event string, f fields) {
	d.t.Helper()
	answer := c.Call(event, f)
	if answer["ok"] != false {
		d.t.Errorf("%s is answered %v, want a refusal", event, answer)
	}
	d.note("answers/socket", answer)
}

func (d *drive) note(place string, f any) {
	d.t.Helper()
	encoded, err := json.Marshal(f)
	if err != nil {
		d.t.Fatal(err)
	}
	d.notes.add(place, string(encoded))
}

// people come into the room, and somebody into another one.
func (d *drive) people() {
	d.t.Helper()
	d.anna = join(d.t, d.connect(0, "usr_anna"), d.resource, "editor", d.rich(typed, "a resource's type"))
	d.bruno = join(d.t, d.connect(1, "usr_bruno"), d.resource, "editor", d.rich(typed, "another type of the same resource"))
	d.gina = join(d.t, d.connect(2, "usr_gina", fields{"permissions": []any{fields{"resource": "*", "mode": "editor"}, "break_glass"}}), d.resource, "editor", "")
	come := func(who string, n int, transport string, claims ...fields) {
		headers := map[string]string{}
		for key, values := range d.headers() {
			headers[key] = values[0]
		}
		d.crowd.must(who, "come", fields{"url": d.at(n).URL, "transports": []string{transport}, "headers": headers, "query": fields{"patient": d.rich(never, "a query of Socket.IO")},
			"auth": fields{"token": d.token("usr_"+who, claims...), "patient": d.plain("a field of CONNECT")}})
	}
	come("dora", 1, "websocket")
	d.crowd.must("dora", "join", fields{"resource": d.resource})
	come("stranger", 2, "polling", fields{"name": "Somebody else"}) // who sees no marker at all, not even an own one
	d.crowd.must("stranger", "join", fields{"resource": "page:/chart/other"})
}

// typing puts text into the document in all the ways that there are.
func (d *drive) typing() {
	d.t.Helper()
	d.anna.write("id-notes", d.rich(text, "text in one update"))
	d.anna.OK("Y_UPDATE", d.anna.about(fields{"update": d.anna.change(d.anna.client, func(e *ydoc.Edit) { e.SetMap("values", "id-dose", d.rich(text, "a choice")) })}))
	d.gina.OK("SEED", d.gina.about(fields{"values": fields{"id-seeded": d.rich(text, "a seeded text")}}))
	d.anna.OK("SEED", d.anna.about(fields{"values": fields{}, "known": fields{"id-notes": d.rich(text, "a value that is known to be old")}}))
	letters := strings.Split(d.set.Plain(text, "text typed letter by letter"), "")
	d.crowd.must("dora", "type", fields{"resource": d.resource, "field": "id-letters", "pieces": letters})
	d.crowd.must("dora", "type", fields{"resource": d.resource, "field": "id-deleted", "pieces": []string{d.rich(text, "text that was deleted again")}, "remove": true})
	d.anna.OK("AWARENESS", d.anna.about(fields{"state": fields{"selection": d.rich(awareness, "an awareness state")}}))
}

// locking locks, asks for a lock, breaks it, and tries what is refused meanwhile (L).
func (d *drive) locking() {
	d.t.Helper()
	lock := fields{"field": "id-notes"}
	d.anna.OK("LOCK_ACQUIRE", d.anna.about(lock))
	d.refused(d.bruno.Client, "LOCK_ACQUIRE", d.bruno.about(lock))
	d.refused(d.bruno.Client, "Y_UPDATE", d.bruno.about(fields{"update": d.bruno.insert("id-notes", d.rich(never, "text in a locked field"))}))
	d.refused(d.bruno.Client, "Y_UPDATE", d.bruno.about(fields{"update": d.bruno.insert("id-other", d.rich(never, "text after a refusal"))}))
	d.bruno.OK("LOCK_REQUEST", d.bruno.about(fields{"field": "id-notes", "message": d.rich(message, "a message to a lock's holder")}))
	d.note("frames/holder", d.anna.Next("LOCK_REQUESTED"))
	d.refused(d.bruno.Client, "LOCK_BREAK", d.bruno.about(fields{"field": "id-notes", "code": "BTG", "reason": d.rich(never, "the reason of who may not break locks")}))
	d.refused(d.gina.Client, "LOCK_BREAK", d.gina.about(fields{"field": "id-notes", "code": d.plain("a code that is none"), "reason": d.rich(never, "a reason without a code")}))
	d.gina.OK("LOCK_BREAK", d.gina.about(fields{"field": "id-notes", "code": "BTG", "reason": d.rich(reason, "the reason of a broken lock")}))
	d.note("frames/holder", d.anna.Next("LOCK_RELEASED"))
	d.bruno.OK("LOCK_ACQUIRE", d.bruno.about(fields{"field": "id-other"}))
	d.refused(d.bruno.Client, "LOCK_REQUEST", d.bruno.about(fields{"field": "id-third", "message": strings.Repeat(d.rich(never, "a message that is too long"), 20)}))
}

// refusals tries what no document takes (D2, D6, D7, R2) and what no event has.
func (d *drive) refusals() {
	d.t.Helper()
	carla := join(d.t, d.connect(2, "usr_carla"), d.resource, "viewer", "")
	as := ydoc.ClientID(77)
	for _, event := range []string{"Y_UPDATE", "RESOURCE_UPDATE"} {
		d.refused(carla.Client, event, carla.about(fields{"update": carla.change(as, func(e *ydoc.Edit) { e.InsertText("id-notes", 0, d.rich(never, "a viewer's text")) })}))
	}
	d.refused(carla.Client, "SEED", carla.about(fields{"values": fields{"id-seed": d.rich(never, "a viewer's seed")}}))
	d.refused(carla.Client, "LOCK_ACQUIRE", carla.about(fields{"field": "id\x00" + d.plain("a field id that is none")}))
	emil := join(d.t, d.connect(0, "usr_emil"), d.resource, "editor", "")
	d.refused(emil.Client, "Y_UPDATE", emil.about(fields{"update": emil.change(d.anna.client, func(e *ydoc.Edit) { e.InsertText("id-notes", 0, d.rich(never, "text under another's client id")) })}))
	d.refused(emil.Client, "Y_UPDATE", emil.about(fields{"update": []byte(d.rich(never, "an update after a refusal"))}))
	fabio := join(d.t, d.connect(1, "usr_fabio"), d.resource, "editor", "")
	d.refused(fabio.Client, "Y_UPDATE", fabio.about(fields{"update": []byte(d.rich(never, "an update that is none"))}))
	d.refused(fabio.Client, "Y_UPDATE", fabio.about(fields{"update": numbers(d.rich(never, "an update as a list that is none"))}))
	ugo := join(d.t, d.connect(1, "usr_ugo"), d.resource, "editor", "") // of three that are none the sender is disconnected
	d.refused(ugo.Client, "Y_UPDATE", ugo.about(fields{"update": d.rich(never, "an update that is a text")}))
	d.refused(ugo.Client, "Y_SYNC", ugo.about(fields{"stateVector": []byte(d.rich(never, "a state vector that is none"))}))
	ugo.insert("id-lacks", d.rich(never, "an update that was never sent"))
	d.refused(ugo.Client, "Y_UPDATE", ugo.about(fields{"update": ugo.insert("id-lacks", d.rich(never, "an update that lacks one"))}))
	d.refused(ugo.Client, "Y_UPDATE", ugo.about(fields{"update": ugo.insert("id-large", strings.Repeat(d.rich(never, "an update that is too large"), 29000))}))
	d.events(join(d.t, d.connect(1, "usr_ezio"), d.resource, "editor", ""))
	d.tokens()
	d.frames()
}

// events are refused for what else they say.
func (d *drive) events(p *person) {
	d.t.Helper()
	d.refused(p.Client, "AWARENESS", p.about(fields{"state": strings.Repeat(d.rich(never, "an awareness state that is too large"), 100)}))
	d.refused(p.Client, "JOIN_RESOURCE", fields{"resourceId": "page:/chart/phi2", "mode": d.rich(never, "a mode")})
	d.refused(p.Client, "JOIN_RESOURCE", fields{"resourceId": "page:/chart/phi2", "mode": "editor", "resourceType": strings.Repeat(d.rich(never, "a type that is too long"), 10)})
	d.refused(p.Client, "JOIN_RESOURCE", fields{"resourceId": "x:user:" + d.rich(never, "a resource id that is none"), "mode": "editor"})
	d.refused(p.Client, d.rich(echo, "an event's name"), fields{"patient": d.rich(never, "a field of an unknown event")})
	d.refused(p.Client, "LOCK_RELEASE", fields{"lockId": d.rich(echo, "a lock id that is none")})
	p.OK("TOKEN_REFRESH", fields{"token": d.token("usr_ezio")})
}

// tokens are refused (A2–A5).
func (d *drive) tokens() {
	d.t.Helper()
	for n, token := range []string{"", d.plain("a token that is none"), d.expired(), d.forged(), "eyJ" + d.plain("a header") + ".eyJ" + d.plain("claims") + "." + d.plain("a signature")} {
		d.note("answers/socket", d.at(n).Refused(d.t, testkit.Options{Token: token, Header: d.headers(), Auth: fields{"sessionId": d.plain("a session to resume"), "resumeKey": d.plain("a resume key")}}))
		inHeader := d.headers()
		inHeader.Set("Authorization", "Bearer "+token)
		d.note("answers/socket", d.at(n).Refused(d.t, testkit.Options{Header: inHeader}))
		c := d.connect(n, fmt.Sprintf("usr_refresh_%d", n))
		answer := c.Attempt("TOKEN_REFRESH", fields{"token": token})()
		d.note("answers/socket", answer)
	}
	inHeader := d.headers()
	inHeader.Set("Authorization", "Bearer "+d.token("usr_header"))
	d.at(0).ConnectWith(d.t, testkit.Options{Header: inHeader})
}

// frames are no packets, or not of our protocol.
func (d *drive) frames() {
	d.t.Helper()
	for n, frame := range []string{
		"4" + d.plain("an Engine.IO message"), "7" + d.plain("an Engine.IO packet"), "49" + d.plain("a Socket.IO packet"), `42["Y_UPDATE",{"resourceId":"` + d.plain("half of a JSON"),
		`42["` + d.set.Plain(echo, "an event's name, without a callback") + `",{}]`, `451-["Y_UPDATE",{"resourceId":"` + d.resource + `","update":"` + d.plain("a text in the place of bytes") + `"}]`,
		`42[{"patient":"` + d.plain("an event without a name") + `"}]`, "b" + d.plain("base64 in a WebSocket"), "40/" + d.plain("a namespace") + `,{"token":"` + d.plain("a token for a namespace") + `"}`,
		`43999["` + d.plain("an acknowledgement nobody waits for") + `"]`, `42"` + d.plain("an event that is no list") + `"`,
	} {
		c := d.connect(n, fmt.Sprintf("usr_frame_%d", n))
		c.Text(frame)
		c.Attempt("HEARTBEAT", fields{})() // by now it is read
		d.note("answers/socket", c.Take("ERROR"))
		c.Drop()
	}
	c := d.connect(0, "usr_binary")
	c.Binary([]byte(d.plain("a binary frame without a packet")))
	c.Attempt("HEARTBEAT", fields{})()
	i := d.at(1)
	_, _, opened := i.HTTP(d.t, http.MethodGet, "/ws/?EIO=4&transport=polling", "", nil)
	var open struct{ SID string }
	if err := json.Unmarshal(opened[1:], &open); err != nil {
		d.t.Fatalf("a handshake by polling: %v: %s", err, opened)
	}
	d.answer(i, d.request(http.MethodPost, i.URL+"/ws/?EIO=4&transport=polling&sid="+open.SID, "4"+d.plain("a polled packet")+"\x1e9"+d.plain("another")))
}

func numbers(s string) []any {
	list := make([]any, len(s))
	for i := range len(s) {
		list[i] = int(s[i])
	}
	return list
}

// widget lets one person use the widget in Chromium, away from the gateway for a while, and reads the disk meanwhile.
func (d *drive) widget() []sweep.Piece {
	d.t.Helper()
	way, profile := testkit.NewProxy(d.t, strings.TrimPrefix(d.at(0).URL, "http://")), d.t.TempDir()
	values, secrets := fields{"typed": d.set.Plain(text, "typed in the browser")}, fields{}
	for _, field := range []string{"pasted", "edited", "seeded", "deleted", "offline", "chosen", "radio"} {
		values[field] = d.rich(text, "%s in the browser", field)
	}
	for _, field := range []string{"hidden", "preset", "presetCard", "password", "shown", "shownAgain", "card", "code", "masked", "ignored", "refused"} {
		secrets[field] = d.rich(never, "the field %s of the page", field)
	}
	page := testkit.StartNode(d.t, "page.mjs", fields{"url": "http://" + way.Addr, "token": d.token("usr_widget"), "profile": profile, "query": d.rich(never, "the query of the page"),
		"values": values, "secrets": secrets})
	var said struct {
		Step   string
		Fields []string
		Errors []string
	}
	until := func(step string) {
		d.t.Helper()
		if !page.Read(2*time.Minute, &said) || said.Step != step {
			d.t.Fatalf("the page is at %q, not at %q", said.Step, step)
		}
	}
	until("online")
	pieces := disk(d.t, profile)
	way.Cut()
	page.Send("")
	until("offline")
	pieces = append(pieces, disk(d.t, profile)...)
	lock := d.anna.OK("LOCK_ACQUIRE", d.anna.about(fields{"field": "id-refused", "ttl": 300}))
	way.Restore(d.t)
	page.Send("")
	until("refused")
	pieces = append(pieces, disk(d.t, profile)...)
	d.anna.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
	page.Send("")
	until("closed")
	if len(said.Errors) > 0 {
		d.t.Errorf("errors on the page: %v", said.Errors)
	}
	d.t.Logf("the page shares %v", said.Fields)
	pieces = append(pieces, disk(d.t, profile)...)
	if !strings.Contains(fmt.Sprint(places(pieces)), "IndexedDB") {
		d.t.Fatal("the browser has kept nothing: there is nothing to search")
	}
	return pieces
}

func places(pieces []sweep.Piece) (names []string) {
	for _, p := range pieces {
		names = append(names, p.Place)
	}
	return names
}

// exports is what the trail says to who reads it: as lines, as FHIR, and as a day of the archive.
func (d *drive) exports() (pieces []sweep.Piece) {
	d.t.Helper()
	env := []string{"STORE_URL=" + d.cluster.StoreURL}
	for _, format := range []string{"ndjson", "fhir"} {
		stdout, stderr, status := testkit.Run(d.t, d.t.TempDir(), env, "audit", "export", "-format", format)
		if status != 0 {
			d.t.Errorf("audit export: %d %s", status, stderr)
		}
		pieces = append(pieces, sweep.Piece{Place: "export/" + format, Data: []byte(stdout)}, sweep.Piece{Place: "command/stderr", Data: []byte(stderr)})
	}
	archive := d.t.TempDir()
	archiveToday(d.t, d.cluster.StoreURL, archive)
	return append(pieces, folder(d.t, "archive", filepath.Join(archive, "audit"))...)
}

//go:build integration

package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

type fields = testkit.Fields

// contract is docs/asyncapi.yaml: a schema for each message, and which of them were seen.
type contract struct {
	t       *testing.T
	schemas map[string]*jsonschema.Schema

	mu   sync.Mutex
	seen map[string]int
}

func readContract(t *testing.T) *contract {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "asyncapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	const url = "asyncapi.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(url, plain(t, document)); err != nil {
		t.Fatal(err)
	}
	c := &contract{t: t, schemas: map[string]*jsonschema.Schema{}, seen: map[string]int{}}
	for key := range document.(map[string]any)["components"].(map[string]any)["messages"].(map[string]any) {
		if c.schemas[key], err = compiler.Compile(url + "#/components/messages/" + key + "/payload"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// plain returns a value as JSON has it: binary values are texts.
func plain(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// fits checks a message.
func (c *contract) fits(key string, message fields) {
	c.mu.Lock()
	defer c.mu.Unlock()
	schema := c.schemas[key]
	if schema == nil {
		c.t.Errorf("%s is not in asyncapi.yaml", key)
		return
	}
	c.seen[key]++
	if message == nil {
		message = fields{}
	}
	if err := schema.Validate(plain(c.t, texts(message))); err != nil {
		c.t.Errorf("%s %v: %v", key, message, err)
	}
	allowed := schema
	if allowed.Ref != nil {
		allowed = allowed.Ref
	}
	for name := range message { // the schema lets clients ignore what they do not know; this gateway says nothing that is not written
		if allowed.Properties[name] == nil && key != "refused" {
			c.t.Errorf("%s has a field %s, which asyncapi.yaml does not know", key, name)
		}
	}
}

// texts replaces binary values.
func texts(v any) any {
	switch v := v.(type) {
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case fields:
		out := map[string]any{}
		for key, value := range v {
			out[key] = texts(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = texts(v[i])
		}
		return out
	}
	return v
}

// somebody is a client whose every message is checked.
type somebody struct {
	*testkit.Client
	contract *contract
	doc      *ydoc.Doc
	id       ydoc.ClientID
}

func (c *contract) come(g *testkit.Gateway, user string, claims ...fields) *somebody {
	c.t.Helper()
	return &somebody{contract: c, Client: g.ConnectWith(c.t, testkit.Options{Token: g.Token(user, claims...),
		Watch: func(name string, f fields) { c.fits("server."+name, f) }})}
}

// call asks by a callback and checks both messages.
func (s *somebody) call(name string, f fields) fields {
	s.contract.t.Helper()
	s.contract.fits("client."+name, f)
	answer := s.OK(name, f)
	s.contract.fits("answer."+name, answer)
	return answer
}

// refused asks by a callback for what is not granted.
func (s *somebody) refused(name string, f fields) {
	s.contract.t.Helper()
	s.contract.fits("refused", fields{"ok": false, "error": s.Refusal(name, f)})
}

// tell asks without a callback, and waits for the event that comes instead.
func (s *somebody) tell(name string, f fields, answer string) fields {
	s.contract.t.Helper()
	s.contract.fits("client."+name, f)
	s.Emit(name, f)
	return s.Next(answer)
}

func (s *somebody) join(resource, mode string) {
	s.contract.t.Helper()
	state := s.call("JOIN_RESOURCE", fields{"resourceId": resource, "mode": mode})
	s.doc = ydoc.New()
	if err := s.doc.ApplyUpdate(state.Bytes("state")); err != nil {
		s.contract.t.Fatal(err)
	}
	if mode == "editor" {
		s.id = ydoc.ClientID(state.Int("clientId"))
	}
}

// insert returns an update that writes into a field, under a client id.
func (s *somebody) insert(id ydoc.ClientID, field, text string) []byte {
	s.contract.t.Helper()
	update, err := s.doc.Transact(id, func(e *ydoc.Edit) { e.InsertText(field, s.doc.TextLength(field), text) })
	if err != nil {
		s.contract.t.Fatal(err)
	}
	return update
}

// elsewhere are messages that need a dependency that fails; tests/cluster has them (F1, F4).
var elsewhere = []string{"server.DEGRADED", "server.RECOVERED"}

func TestEveryMessageIsAsItIsWritten(t *testing.T) {
	c := readContract(t)
	g := testkit.Start(t)
	const record = "page:/api/1"
	anna, bruno := c.come(g, "usr_anna"), c.come(g, "usr_bruno")
	guest := c.come(g, "usr_guest", fields{"permissions": []any{fields{"resource": "page:/api/*", "mode": "viewer"}}})
	chief := c.come(g, "usr_chief", fields{"permissions": []any{fields{"resource": "*", "mode": "editor"}, "break_glass"}})
	writes(c, record, anna, bruno, guest)
	locks(record, anna, bruno, chief)
	tokens(t, g, anna)

	bruno.call("LEAVE_RESOURCE", fields{"resourceId": record})
	anna.Next("USER_LEFT")
	if status, _, body := g.HTTP(t, "POST", "/demo/push", "", fields{"resourceId": record, "eventType": "lab"}); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	anna.Next("RESOURCE_UPDATED")
	if _, errs, status := testkit.Run(t, t.TempDir(), []string{"STORE_URL=sqlite:" + filepath.Join(g.Dir, "corsia.db")},
		"privacy", "erase", "-resource", record, "-reason", "the person has asked for it", "-yes"); status != 0 {
		t.Fatalf("erasing: status %d: %s", status, errs)
	}
	anna.Next("RESOURCE_ERASED")
	anna.join(record, "editor")
	g.Signal(t, syscall.SIGTERM)
	anna.Next("SERVER_DRAINING")
	g.Wait(t)

	for _, key := range slices.Sorted(maps.Keys(c.schemas)) {
		if c.seen[key] == 0 && !slices.Contains(elsewhere, key) {
			t.Errorf("%s was never sent", key)
		}
		if c.seen[key] > 0 && slices.Contains(elsewhere, key) {
			t.Errorf("%s was sent after all", key)
		}
	}
}

// writes is what concerns the document and who is there.
func writes(c *contract, record string, anna, bruno, guest *somebody) {
	anna.call("HEARTBEAT", fields{})
	anna.Next("HEARTBEAT_ACK")
	anna.join(record, "editor")
	anna.Next("RESOURCE_STATE")
	bruno.join(record, "editor")
	anna.Next("USER_JOINED")
	guest.join(record, "viewer")
	anna.call("SEED", fields{"resourceId": record, "values": fields{"id-name": "Rossi"}, "known": fields{"id-name": "Rosi"}})
	update := anna.insert(anna.id, "notes", "hello")
	anna.call("Y_UPDATE", fields{"resourceId": record, "update": update})
	e := bruno.NextWhere("Y_UPDATE", func(e fields) bool { return e.Text("userId") == "usr_anna" && bytes.Equal(e.Bytes("update"), update) })
	if err := bruno.doc.ApplyUpdate(e.Bytes("update")); err != nil {
		c.t.Fatal(err)
	}
	anna.call("Y_SYNC", fields{"resourceId": record, "stateVector": []byte{0}})
	anna.call("AWARENESS", fields{"resourceId": record, "state": fields{"field": "notes"}})
	bruno.Next("AWARENESS")
	guest.tell("Y_UPDATE", fields{"resourceId": record, "update": update}, "PERMISSION_DENIED")
	bruno.tell("Y_UPDATE", fields{"resourceId": record, "update": bruno.insert(anna.id, "notes", "x")}, "FOREIGN_CLIENT")
	guest.refused("Y_UPDATE", fields{"resourceId": record, "update": update})
	anna.insert(anna.id, "notes", "never sent ")
	anna.tell("Y_UPDATE", fields{"resourceId": record, "update": anna.insert(anna.id, "notes", "too early")}, "MISSING_DEPENDENCY")
	anna.tell("Y_UPDATE", fields{"resourceId": record, "update": []byte{0xff, 0xff}}, "ERROR")
}

// locks is what concerns locks.
func locks(record string, anna, bruno, chief *somebody) {
	dose := fields{"resourceId": record, "field": "dose"}
	with := func(more fields) fields {
		out := maps.Clone(dose)
		maps.Copy(out, more)
		return out
	}
	lock := anna.call("LOCK_ACQUIRE", with(fields{"ttl": 60}))
	anna.Next("LOCK_ACQUIRED")
	bruno.Next("LOCK_STATUS_CHANGED")
	anna.call("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")})
	bruno.tell("LOCK_ACQUIRE", dose, "LOCK_DENIED")
	bruno.call("LOCK_REQUEST", with(fields{"message": "a moment, please"}))
	asked := anna.Next("LOCK_REQUESTED")
	anna.call("LOCK_REQUEST_DECLINED", with(fields{"sessionId": asked.Text("sessionId")}))
	bruno.Next("LOCK_REQUEST_DECLINED")
	bruno.join(record, "editor")
	bruno.tell("Y_UPDATE", fields{"resourceId": record, "update": bruno.insert(bruno.id, "dose", "5 mg")}, "UPDATE_REJECTED")
	chief.join(record, "editor")
	chief.call("LOCK_BREAK", with(fields{"reason": "the patient needs it now", "code": "BTG"}))
	bruno.Next("LOCK_RELEASED")
	anna.tell("LOCK_EXTEND", fields{"lockId": lock.Text("lockId")}, "LOCK_LOST")
	mine := anna.call("LOCK_ACQUIRE", fields{"resourceId": record, "field": "notes"})
	anna.call("LOCK_RELEASE", fields{"lockId": mine.Text("lockId")})
}

// tokens is what concerns tokens.
func tokens(t *testing.T, g *testkit.Gateway, anna *somebody) {
	anna.call("TOKEN_REFRESH", fields{"token": g.Token("usr_anna", fields{"exp": time.Now().Add(61 * time.Second).Unix()})})
	anna.Next("TOKEN_EXPIRING")
	anna.call("TOKEN_REFRESH", fields{"token": g.Token("usr_anna")})
	third := anna.contract.come(g, "usr_gone")
	admin := g.Token("usr_admin", fields{"permissions": []any{"admin"}})
	if status, _, body := g.HTTP(t, "POST", "/api/revocations", admin, fields{"sessionId": third.Session()}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	third.Next("UNAUTHORIZED")
}

func TestTheNamesOfTheEventsAreThoseOfTheGateway(t *testing.T) {
	c := readContract(t)
	source, err := os.ReadFile(filepath.Join("..", "..", "gateway", "session", "request.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "const (")
	block, _, _ := strings.Cut(rest, "\n)")
	n := 0
	for line := range strings.Lines(block) {
		if _, name, found := strings.Cut(line, ` = "`); found {
			n++
			name = strings.TrimSuffix(strings.TrimSpace(name), `"`)
			if c.schemas["client."+name] == nil && name != "RESOURCE_UPDATE" { // an alias
				t.Errorf("%s is not in asyncapi.yaml", name)
			}
		}
	}
	for key := range c.schemas {
		if name, found := strings.CutPrefix(key, "client."); found && !bytes.Contains(source, []byte(`"`+name+`"`)) {
			t.Errorf("the gateway does not take %s", name)
		}
	}
	if n < 10 {
		t.Errorf("found %d names in the gateway", n)
	}
}

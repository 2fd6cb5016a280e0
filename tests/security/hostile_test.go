//go:build integration

package security

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"corsia/tests/testkit"
)

func TestNamesOfPrototypesAreFieldsLikeOthers(t *testing.T) { // ASVS 5.1.2, 5.3
	t.Parallel()
	g := testkit.Shared(t)
	const resource = "page:/__proto__/constructor"
	anna, bruno := g.Connect(t, "usr_constructor"), g.Connect(t, "__proto__")
	for _, c := range []*testkit.Client{anna, bruno} {
		c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor", "resourceType": "__proto__"})
	}
	names := []string{"__proto__", "constructor", "hasOwnProperty", "prototype", "toString"}
	values := fields{}
	for _, name := range names {
		values[name] = "of " + name
	}
	seeded := anna.OK("SEED", fields{"resourceId": resource, "values": values})
	for _, name := range names {
		if list, ok := seeded["seeded"].([]any); !ok || !slices.Contains(list, any(name)) {
			t.Errorf("%s is not among what was seeded: %v", name, seeded["seeded"])
		}
		granted := anna.OK("LOCK_ACQUIRE", fields{"resourceId": resource, "field": name})
		if granted.Text("field") != name {
			t.Errorf("the lock of %s is on %v", name, granted["field"])
		}
		if denied := bruno.Refusal("LOCK_ACQUIRE", fields{"resourceId": resource, "field": name}); denied.Text("lockedBy") != "usr_constructor" {
			t.Errorf("%s: %v", name, denied)
		}
	}
	anna.OK("AWARENESS", fields{"resourceId": resource, "state": fields{"__proto__": fields{"userId": "usr_evil"}, "field": "__proto__"}})
	if seen := bruno.Next("AWARENESS"); seen.Text("userId") != "usr_constructor" || seen.Text("sessionId") != anna.Session() {
		t.Errorf("got %v", seen)
	}
}

// What one key says twice is read as the standard library does, by its last: it is the same reader that checks and that uses it.
func TestAKeyThatIsThereTwiceIsReadOnce(t *testing.T) { // ASVS 13.2
	t.Parallel()
	g := testkit.Shared(t)
	viewer := fields{"permissions": []any{fields{"resource": "page:/open", "mode": "editor"}}}
	c := g.Connect(t, "usr_twice", viewer)
	c.Text(`42["JOIN_RESOURCE",{"resourceId":"page:/open","resourceId":"page:/closed","mode":"editor"}]`)
	if got := c.Next("PERMISSION_DENIED"); got.Text("resourceId") != "page:/closed" {
		t.Errorf("got %v", got)
	}
	c.Text(`42["JOIN_RESOURCE",{"resourceId":"page:/closed","resourceid":"page:/open","mode":"editor"}]`)
	c.OK("HEARTBEAT", fields{}) // what came before is answered
	if got := c.Waiting("RESOURCE_STATE"); len(got) > 0 && got[0].Text("resourceId") == "page:/closed" {
		t.Errorf("a key in another case let it in: %v", got)
	}
}

func TestNestedJSONCostsItsSenderAlone(t *testing.T) { // ASVS 13.2, C8
	t.Parallel()
	g := testkit.Shared(t)
	other := g.Connect(t, "usr_calm")
	for name, payload := range map[string]string{
		"arrays":  strings.Repeat("[", 400_000) + strings.Repeat("]", 400_000),
		"objects": strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000),
		"open":    strings.Repeat("[", 900_000),
	} {
		c := g.Dial(t, testkit.Options{Token: g.Token("usr_deep")})
		c.Next("CONNECTED")
		c.Text(`42["AWARENESS",{"resourceId":"page:/deep","state":` + payload + `}]`)
		if how := c.Ended(); how == "" {
			t.Errorf("%s: it goes on", name)
		}
		deep := g.Dial(t, testkit.Options{Raw: true})
		deep.Text(`40{"token":` + payload + `}`)
		if how := deep.Ended(); how == "" {
			t.Errorf("%s in CONNECT: it goes on", name)
		}
	}
	other.OK("HEARTBEAT", fields{})
}

// A page elsewhere that has its name point at this machine speaks to a development gateway with its own name as the host.
func TestAPageWhoseNamePointsHereGetsNoToken(t *testing.T) { // ASVS 14.5.3
	t.Parallel()
	g := testkit.Shared(t)
	for _, path := range []string{"/demo/", "/demo/split", "/demo/pane", "/token"} {
		for header, value := range map[string]string{"Host": "rebound.example", "X-Forwarded-For": "127.0.0.1", "Via": "1.1 proxy", "Forwarded": "for=127.0.0.1"} {
			q, err := http.NewRequest("GET", g.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if header == "Host" {
				q.Host = value
			} else {
				q.Header.Set(header, value)
			}
			if status, _, body := g.Do(t, q); status != http.StatusForbidden || strings.Contains(string(body), "eyJ") {
				t.Errorf("%s with %s: %d", path, header, status)
			}
		}
	}
}

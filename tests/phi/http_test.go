//go:build integration

package phi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"corsia/tests/testkit"
)

// request makes a request whose headers are marked wherever a client may write something.
func (d *drive) request(method, address, body string) *http.Request {
	d.t.Helper()
	q, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for name, value := range d.headers() {
		q.Header[name] = value
	}
	return q
}

// headers are marked ones.
func (d *drive) headers() http.Header {
	return http.Header{
		"Referer":         {"https://emr.example/chart?patient=" + d.plain("a Referer")},
		"User-Agent":      {"Mozilla/5.0 (" + d.plain("a User-Agent") + ")"},
		"X-Forwarded-For": {d.plain("an X-Forwarded-For") + ", 192.0.2.7"},
		"Cookie":          {"session=" + d.plain("a cookie")},
		"X-Request-Id":    {d.plain("a header")},
	}
}

// query is a marked query string.
func (d *drive) query(what string) string {
	return url.Values{"patient": {d.rich(never, "%s", what)}, "token": {d.plain("a token in %s", what)}}.Encode()
}

// answer makes the request and notes what comes back.
func (d *drive) answer(i *testkit.Instance, q *http.Request) (status int) {
	d.t.Helper()
	status, header, body := i.Do(d.t, q)
	place := "answers/http"
	if status >= 300 && status < 400 {
		place = "answers/moved"
	}
	d.notes.add(place, status, " ", q.Method, " ", q.URL.Path, "\n", header, "\n", string(body))
	return status
}

func (d *drive) want(want, status int) {
	d.t.Helper()
	if status != want {
		d.t.Errorf("the answer is %d, want %d", status, want)
	}
}

// paths are what a client may ask for: what is there, what is not, what is asked for wrongly.
var paths = []string{
	"/health", "/metrics", "/collab-sdk.js", "/collab-sdk.map", "/demo/", "/token", "/", "/nothing", "/api/webhooks/standard", "/api/webhooks/",
	"/api/revocations", "/api/rooms", "/api/resources/page:%2Fchart%2Fphi/history", "/ws/", "/ws/?EIO=4&transport=polling", "/ws/?EIO=3&transport=polling",
	"/ws/?EIO=4&transport=carrier-pigeon", "/ws/?EIO=4&transport=websocket", "/socket.io/?EIO=4&transport=polling&sid=x", "/ws/?EIO=4&transport=polling&sid=i_9.x",
	"/yjs/page:%2Fchart%2Fphi", "/nothing/" + somewhere,
}

// moved are paths that are not quite right: the answer is where to go with the same query.
var moved = []string{"//health", "/api/../health", "/ws?EIO=4", "/socket.io?EIO=4"}

// somewhere stands for a marker in a path.
const somewhere = "{marker}"

// requests asks for everything by every method, with queries, headers and bodies that are marked.
func (d *drive) requests() {
	d.t.Helper()
	for n, path := range slices.Concat(paths, moved) {
		kind := never
		if slices.Contains(moved, path) {
			kind = echo
		}
		for m, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodOptions} {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			i := d.at(n + m)
			q, err := http.NewRequest(method, i.URL, strings.NewReader(d.rich(never, "a body for %s", path)))
			if err != nil {
				d.t.Fatal(err)
			}
			q.Header = d.headers()
			q.Header.Set("Origin", "https://"+d.plain("an Origin")+".example")
			if m%2 == 0 {
				q.Header.Set("Authorization", "Bearer "+d.plain("an Authorization"))
			}
			asked := strings.Replace(path, somewhere, d.plain("a path"), 1) + separator + url.Values{"patient": {d.rich(kind, "the query of %s", path)}}.Encode()
			q.URL.Opaque = "//" + q.URL.Host + asked // as it is
			d.answer(i, q)
		}
	}
	d.administrators()
}

// administrators makes calls that need a permission, without it, with it, and wrongly.
func (d *drive) administrators() {
	d.t.Helper()
	i := d.at(0)
	admin := d.token("usr_admin", fields{"permissions": []any{"admin"}})
	for _, c := range []struct {
		token, body string
		want        int
	}{
		{"", "{}", http.StatusUnauthorized},
		{d.expired(), "{}", http.StatusUnauthorized},
		{d.forged(), "{}", http.StatusUnauthorized},
		{d.token("usr_nobody"), `{"userId":"usr_x"}`, http.StatusForbidden},
		{admin, `{"userId":"` + d.plain("half of a revocation"), http.StatusBadRequest},
		{admin, `{"name":"` + d.plain("an unknown field of a revocation") + `"}`, http.StatusBadRequest},
		{admin, `{"userId":"usr_gone"}`, http.StatusOK},
	} {
		q := d.request(http.MethodPost, i.URL+"/api/revocations?"+d.query("an administrator's call"), c.body)
		if c.token != "" {
			q.Header.Set("Authorization", "Bearer "+c.token)
		}
		d.want(c.want, d.answer(i, q))
	}
}

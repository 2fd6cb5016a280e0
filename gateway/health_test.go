package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"corsia/gateway/app"
)

func TestHealthSaysHowTheGatewayIs(t *testing.T) { // SPEC H1, O2
	status := map[string]int{"/health": http.StatusServiceUnavailable, "/health/live": http.StatusOK}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status[r.URL.Path]) }))
	defer gateway.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(gateway.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	everywhere := env(t, "ADDR", "0.0.0.0:"+port)

	ask := func(args ...string) (int, string) {
		var out, errs output
		code := run(append([]string{"health"}, args...), everywhere, &out, &errs)
		return code, out.String() + errs.String()
	}
	if code, said := ask(); code != 1 || said != "503\n" {
		t.Errorf("it cannot save: status %d, %q", code, said)
	}
	if code, said := ask("-live"); code != 0 || said != "200\n" {
		t.Errorf("its process runs: status %d, %q", code, said)
	}
	status["/health"] = http.StatusOK
	if code, said := ask(); code != 0 || said != "200\n" {
		t.Errorf("it is well: status %d, %q", code, said)
	}
	if code, said := ask("-addr", "127.0.0.1:1"); code != 1 || !strings.Contains(said, "refused") {
		t.Errorf("nobody listens: status %d, %q", code, said)
	}
	for _, wrong := range [][]string{{"-addr", "nowhere"}, {"now"}, {"-deeply"}} {
		if code, said := ask(wrong...); code != 2 {
			t.Errorf("asked wrongly by %v: status %d, %q", wrong, code, said)
		}
	}
}

func TestHealthAsksWhereTheGatewayListens(t *testing.T) {
	config, err := app.Load(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"": config.Addr, ":8080": "127.0.0.1:8080", "0.0.0.0:81": "127.0.0.1:81", "[::]:82": "[::1]:82", "10.0.0.7:83": "10.0.0.7:83", "ward.test:84": "ward.test:84",
	} {
		if got, err := reachable(addr); got != want || err != nil {
			t.Errorf("%q is reached at %q, want %q: %v", addr, got, want, err)
		}
	}
}

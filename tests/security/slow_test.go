//go:build integration

package security

import (
	"io"
	"net"
	"testing"
	"time"

	"corsia/tests/testkit"
)

// patience is how long a client that sends next to nothing may keep a connection.
const patience = 25 * time.Second

// drip sends a byte every half second and returns when the server has hung up.
func drip(t *testing.T, conn net.Conn, head string) (held time.Duration) {
	t.Helper()
	began := time.Now()
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(gone)
	}()
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			return time.Since(began)
		case <-tick.C:
			_, _ = io.WriteString(conn, "x")
		}
		if time.Since(began) > patience {
			return time.Since(began)
		}
	}
}

func TestWhoSendsNextToNothingIsHungUpOn(t *testing.T) { // ASVS 11.1.4, 13.2
	t.Parallel()
	g := testkit.Shared(t)
	admin := g.Token("usr_admin", fields{"permissions": []any{"admin"}})
	const body = " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n"
	for name, head := range map[string]string{
		"headers":               "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ",
		"body of a GET":         "GET /health" + body + "\r\n",
		"body of nothing":       "POST /nothing" + body + "\r\n",
		"body of another way":   "DELETE /metrics" + body + "\r\n",
		"body of no session":    "POST /ws/?EIO=4&transport=polling&sid=none" + body + "\r\n",
		"body of no token":      "POST /api/revocations" + body + "\r\n",
		"body of no source":     "POST /api/webhooks/nobody" + body + "\r\n",
		"body of administrator": "POST /api/revocations" + body + "Authorization: Bearer " + admin + "\r\n\r\n",
		"body of the demo":      "POST /demo/push" + body + "\r\n",
		"body of the form":      "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 200000\r\n\r\nuser=",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if held := drip(t, dial(t, g), head); held > patience {
				t.Errorf("it held the connection for %v", held.Round(time.Second))
			}
		})
	}
}

//go:build integration

package cluster

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/tests/testkit"
)

const (
	tryOutStart = 2 * time.Minute // three servers and three gateways, on a busy machine
	tryOutEnd   = 45 * time.Second
)

// tryOut is what `make cluster` starts, without building the gateway again.
type tryOut struct {
	t     *testing.T
	url   string // of the front
	cmd   *exec.Cmd
	done  chan struct{}
	pids  map[string]int // of the gateways
	redis *redis.Client

	mu  sync.Mutex
	out bytes.Buffer
}

// Write keeps what the program says.
func (o *tryOut) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.out.Write(p)
}

func (o *tryOut) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.out.String()
}

func startTryOut(t *testing.T) *tryOut {
	t.Helper()
	gateway, program, addr := testkit.Build(t), filepath.Join(t.TempDir(), "cluster"), testkit.Port(t)
	if out, err := exec.Command("go", "build", "-o", program, "corsia/scripts/cluster").CombinedOutput(); err != nil {
		t.Fatalf("build scripts/cluster: %v\n%s", err, out)
	}
	o := &tryOut{t: t, url: "http://" + addr, done: make(chan struct{}), pids: map[string]int{}, cmd: exec.Command(program, "-addr", addr, "-gateway", gateway)}
	o.cmd.Stdout, o.cmd.Stderr = o, o
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(o.done)
		_ = o.cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		_ = o.cmd.Process.Signal(os.Interrupt) // an error means that it has ended
		<-o.done
	})
	testkit.Eventually(t, tryOutStart, "start of the cluster", func() bool {
		select {
		case <-o.done:
			t.Fatalf("it ended: %s", o.said())
		default:
		}
		return strings.Contains(o.said(), "Ctrl-C ends all of it.")
	})
	for _, m := range regexp.MustCompile(`(instance-\d) .*kill -9 (\d+)`).FindAllStringSubmatch(o.said(), -1) {
		o.pids[m[1]], _ = strconv.Atoi(m[2])
	}
	options, err := redis.ParseURL(regexp.MustCompile(`redis://\S+`).FindString(o.said()))
	if err != nil || len(o.pids) != 3 {
		t.Fatalf("it says: %s", o.said())
	}
	o.redis = redis.NewClient(options)
	t.Cleanup(func() { o.redis.Close() })
	return o
}

// token takes a user's token from the demo page, as the page's widget does.
func (o *tryOut) token(user string) string {
	o.t.Helper()
	res, err := http.Get(o.url + "/demo/?user=" + user)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	token := regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`).Find(page)
	if err != nil || res.StatusCode != http.StatusOK || token == nil {
		o.t.Fatalf("/demo/ answers %d without a token: %v", res.StatusCode, err)
	}
	return string(token)
}

// instance returns which gateway has a session.
func (o *tryOut) instance(session string) string {
	o.t.Helper()
	name, err := o.redis.HGet(o.t.Context(), "presence:socket:"+session, "instance").Result()
	if err != nil {
		o.t.Fatal(err)
	}
	return name
}

func TestMakeClusterIsOneGatewayToItsUsersAndGoesOnWithoutOneInstance(t *testing.T) { // C3, F5
	o := startTryOut(t)
	c := newCrowd(t)
	const resource = "page:/tryout"
	come := func(who, transport string) report {
		return c.do(who, "come", fields{"url": o.url, "token": o.token(who), "resource": resource, "transports": []string{transport}})
	}
	anna := come("anna", "polling")
	bruno := come("bruno", "websocket")
	for n := 0; o.instance(bruno.Session) == o.instance(anna.Session); n++ { // the front sends the next one elsewhere
		if n == 6 {
			t.Fatalf("all are on %s", o.instance(anna.Session))
		}
		c.do("bruno", "leave", nil)
		bruno = come("bruno", "websocket")
	}
	if anna.Transport != "polling" || bruno.Transport != "websocket" {
		t.Errorf("anna has %s, bruno %s", anna.Transport, bruno.Transport)
	}
	c.do("anna", "type", fields{"field": "notes", "text": "polled"})
	c.do("bruno", "shows", fields{"field": "notes", "text": "polled"})
	c.do("bruno", "type", fields{"field": "plan", "text": "pushed"})
	c.do("anna", "shows", fields{"field": "plan", "text": "pushed"})

	killed := o.instance(bruno.Session)
	if err := syscall.Kill(o.pids[killed], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.do("bruno", "back", fields{"times": 2})
	c.do("bruno", "type", fields{"field": "plan", "text": " and again"})
	c.do("anna", "shows", fields{"field": "plan", "text": "pushed and again"})
	if now := o.instance(c.do("bruno", "look", nil).Session); now == killed {
		t.Errorf("bruno is on %s, which was killed", now)
	}

	if err := o.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-o.done:
	case <-time.After(tryOutEnd):
		t.Fatalf("it does not end: %s", o.said())
	}
	if status := o.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("it ended with %d: %s", status, o.said())
	}
	for name, pid := range o.pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

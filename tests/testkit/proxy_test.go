package testkit

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// echo starts a server that answers every line, with a name before it, and returns its address.
func echo(t *testing.T, name string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewReader(conn); ; {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					if _, err := io.WriteString(conn, name+line); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// caller is a connection through a proxy.
type caller struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func call(t *testing.T, p *Proxy) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &caller{t, conn, bufio.NewReader(conn)}
}

func (c *caller) say(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// hear returns the next line, "" when none came within that time, and the error's text after the end.
func (c *caller) hear(within time.Duration) string {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.in.ReadString('\n')
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // the connection's own error
		return ""
	}
	if err != nil {
		return "ended"
	}
	return strings.TrimSpace(line)
}

const (
	soon  = 5 * time.Second
	never = 50 * time.Millisecond // long enough for what would come at once
)

func (c *caller) want(line string, within time.Duration) {
	c.t.Helper()
	if got := c.hear(within); got != line {
		c.t.Fatalf("heard %q, want %q", got, line)
	}
}

func TestACutProxyResetsWhatThereIsAndRefusesWhatComes(t *testing.T) {
	p := NewProxy(t, echo(t, ""))
	c := call(t, p)
	c.say("a")
	c.want("a", soon)
	p.Cut()
	c.want("ended", soon)
	if conn, err := net.Dial("tcp", p.Addr); err == nil {
		conn.Close()
		t.Fatal("it accepts a connection while it is cut")
	}
	p.Restore(t)
	c = call(t, p)
	c.say("b")
	c.want("b", soon)
}

func TestAFrozenProxyAcceptsAndPassesOnWhatWaitedWhenItIsRestored(t *testing.T) {
	p := NewProxy(t, echo(t, ""))
	old := call(t, p)
	p.Freeze()
	fresh := call(t, p)
	for _, c := range []*caller{old, fresh} {
		c.say("a")
		c.want("", never)
	}
	p.Restore(t)
	for _, c := range []*caller{old, fresh} {
		c.want("a", soon)
	}
}

func TestADroppedDirectionSwallowsAndEndsTheConnectionAtRestore(t *testing.T) {
	for d, name := range map[Direction]string{ToService: "to the service", ToClient: "to the client"} {
		t.Run(name, func(t *testing.T) {
			p := NewProxy(t, echo(t, ""))
			c, idle := call(t, p), call(t, p)
			c.say("a")
			c.want("a", soon)
			p.Drop(d)
			c.say("b")
			c.want("", never)
			p.Restore(t)
			c.want("ended", soon)
			idle.say("c")
			idle.want("c", soon)
		})
	}
}

func TestADelayIsAddedInBothDirectionsAndKeepsTheOrder(t *testing.T) {
	const delay = 40 * time.Millisecond
	p := NewProxy(t, echo(t, ""))
	c := call(t, p)
	p.Delay(delay)
	start := time.Now()
	c.say("a")
	c.say("b")
	c.want("a", soon)
	c.want("b", soon)
	if took := time.Since(start); took < 2*delay {
		t.Errorf("there and back took %v, want at least %v", took, 2*delay)
	}
}

func TestAThrottledProxyPassesSoManyBytesASecond(t *testing.T) {
	p := NewProxy(t, echo(t, ""))
	c := call(t, p)
	p.Throttle(4000)
	start := time.Now()
	c.say(strings.Repeat("x", 400)) // a tenth of a second there, and another back
	if got := c.hear(soon); len(got) != 400 {
		t.Fatalf("heard %d bytes", len(got))
	}
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

func TestARetargetedProxyLeavesOldConnectionsWhereTheyAre(t *testing.T) {
	p := NewProxy(t, echo(t, "first "))
	old := call(t, p)
	old.say("a")
	old.want("first a", soon)
	p.Retarget(echo(t, "second "))
	fresh := call(t, p)
	fresh.say("b")
	fresh.want("second b", soon)
	old.say("c")
	old.want("first c", soon)
	p.Reset()
	old.want("ended", soon)
}

func TestTheEndOfOneSideReachesTheOther(t *testing.T) {
	p := NewProxy(t, echo(t, ""))
	c := call(t, p)
	c.say("a")
	if err := c.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.want("a", soon)
	c.want("ended", soon)
	Eventually(t, soon, "end of the connection", func() bool { return p.Connections() == 0 })
}

func TestWhatCannotBeReachedEndsTheConnection(t *testing.T) {
	conn, err := net.Dial("tcp", NewProxy(t, Port(t)).Addr)
	if err != nil {
		return // it was reset so soon that the dialler saw it
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
}

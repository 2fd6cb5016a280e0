package testkit

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	chunkBytes    = 16 << 10
	chunksOnWay   = 8        // in each direction of a connection; when they are full nothing more is read
	proxyBuffer   = 64 << 10 // of the network, so that a slow reader is felt at the other end
	dialTime      = 2 * time.Second
	portPatience  = 2 * time.Second // to get the port back at Restore
	slicesASecond = 20              // of a throttled connection
)

// Direction is one way through a Proxy.
type Direction int

// The two directions.
const (
	ToService Direction = iota // what the one who dialled says
	ToClient                   // what it hears
)

// Proxy passes TCP connections on to a service or to a gateway, and fails as a test tells it to. Its methods may be called
// from any goroutine.
type Proxy struct {
	Addr string // where it listens, on loopback; the same after Cut and Restore

	all sync.WaitGroup // of the goroutines

	// Guarded by mu.
	mu       sync.Mutex
	target   string
	listener net.Listener // nil while cut
	links    map[*link]bool
	faults   faults
	changed  chan struct{} // closed, and made anew, when faults change
}

// faults is how a proxy behaves. The zero value passes everything on.
type faults struct {
	frozen  bool
	dropped [2]bool // by direction
	delay   time.Duration
	rate    int // bytes a second in each direction, 0: as fast as they come
}

// link is one connection through the proxy.
type link struct {
	ends [2]*net.TCPConn // who dialled, and the service; indexed by the direction that is read from it
	done chan struct{}   // closed when it is cut

	once sync.Once

	// Guarded by the proxy's mu.
	lossy bool // something of it was swallowed: it may not go on
}

// chunk is what was read at once.
type chunk struct {
	data    []byte
	arrived time.Time
}

// NewProxy starts a proxy to an address, host:port, on a port of Port. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{Addr: Port(t), target: target, links: map[*link]bool{}, changed: make(chan struct{})}
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Cut()
		p.all.Wait()
	})
	return p
}

// Cut resets all connections and refuses new ones, until Restore.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for l := range p.links {
		l.reset()
	}
}

// Reset resets all connections once. New ones are accepted.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.reset()
	}
}

// Freeze keeps connections, accepts new ones, and passes nothing on, until Restore: then all that waits goes on.
func (p *Proxy) Freeze() { p.change(func(f *faults) { f.frozen = true }) }

// Drop swallows what is sent in one direction, until Restore. Connections that lost something are reset then.
func (p *Proxy) Drop(d Direction) { p.change(func(f *faults) { f.dropped[d] = true }) }

// Delay makes everything late, in both directions.
func (p *Proxy) Delay(d time.Duration) { p.change(func(f *faults) { f.delay = d }) }

// Throttle lets so many bytes a second through, in each direction of each connection.
func (p *Proxy) Throttle(bytesPerSecond int) {
	p.change(func(f *faults) { f.rate = bytesPerSecond })
}

// Restore ends every fault.
func (p *Proxy) Restore(t testing.TB) {
	t.Helper()
	p.change(func(f *faults) { *f = faults{} })
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if l.lossy {
			l.reset()
		}
	}
	if p.listener != nil {
		return
	}
	var err error
	for deadline := time.Now().Add(portPatience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = p.listen(); err == nil {
			return
		}
	}
	t.Fatalf("listen again: %v", err)
}

// Retarget passes new connections on to another address. Those that there are stay.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Connections returns how many there are.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

func (p *Proxy) change(edit func(*faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(&p.faults)
	close(p.changed)
	p.changed = make(chan struct{})
}

// listen is called by NewProxy, or with mu held.
func (p *Proxy) listen() error {
	listener, err := net.Listen("tcp", p.Addr)
	if err != nil {
		return err
	}
	p.listener = listener
	p.all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.all.Go(func() { p.pass(listener, conn.(*net.TCPConn)) })
		}
	})
	return nil
}

// pass serves one connection.
func (p *Proxy) pass(from net.Listener, client *net.TCPConn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	l := &link{ends: [2]*net.TCPConn{client, client}, done: make(chan struct{})}
	service, err := net.DialTimeout("tcp", target, dialTime)
	if err != nil {
		l.reset()
		return
	}
	l.ends[ToClient] = service.(*net.TCPConn)
	if !p.add(from, l) {
		l.reset()
		return
	}
	var pumps sync.WaitGroup
	for _, d := range []Direction{ToService, ToClient} {
		_ = l.ends[d].SetReadBuffer(proxyBuffer) // a wish
		pumps.Go(func() { p.pump(l, d) })
	}
	pumps.Wait()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
	l.ends[ToService].Close()
	l.ends[ToClient].Close()
}

// add reports false when the listener was cut meanwhile.
func (p *Proxy) add(from net.Listener, l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != from {
		return false
	}
	p.links[l] = true
	return true
}

// pump moves one direction of a link until its end, and passes on how it ended.
func (p *Proxy) pump(l *link, d Direction) {
	source, sink := l.ends[d], l.ends[1-d]
	chunks := make(chan chunk, chunksOnWay)
	var writing sync.WaitGroup
	writing.Go(func() {
		for c := range chunks {
			if err := p.forward(l, d, sink, c); err != nil {
				l.reset()
			}
		}
	})
	var err error
	for err == nil {
		data := make([]byte, chunkBytes)
		var n int
		if n, err = source.Read(data); n > 0 {
			chunks <- chunk{data[:n], time.Now()}
		}
	}
	close(chunks)
	writing.Wait()
	if errors.Is(err, io.EOF) {
		_ = sink.CloseWrite() // an error means that it is closed
	} else {
		l.reset()
	}
}

// forward writes a chunk when its time has come, or swallows it.
func (p *Proxy) forward(l *link, d Direction, sink *net.TCPConn, c chunk) error {
	for len(c.data) > 0 {
		f, open := p.admit(l, d, c.arrived)
		if !open || f.dropped[d] {
			return nil
		}
		n := len(c.data)
		if f.rate > 0 {
			n = min(n, max(1, f.rate/slicesASecond))
		}
		if _, err := sink.Write(c.data[:n]); err != nil {
			return err
		}
		c.data = c.data[n:]
		if f.rate > 0 {
			l.pause(time.Duration(n) * time.Second / time.Duration(f.rate))
		}
	}
	return nil
}

// admit waits until something that arrived then may pass, or is to be swallowed. It reports false when the link is cut.
func (p *Proxy) admit(l *link, d Direction, arrived time.Time) (faults, bool) {
	for {
		p.mu.Lock()
		f, changed := p.faults, p.changed
		l.lossy = l.lossy || f.dropped[d]
		p.mu.Unlock()
		late := time.Until(arrived.Add(f.delay))
		if f.dropped[d] || !f.frozen && late <= 0 {
			return f, true
		}
		var due <-chan time.Time // never, while it is frozen
		if !f.frozen {
			due = time.After(late)
		}
		select {
		case <-due:
		case <-changed:
		case <-l.done:
			return f, false
		}
	}
}

func (l *link) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.done:
	}
}

// reset ends both connections at once: what is under way is lost.
func (l *link) reset() {
	l.once.Do(func() {
		close(l.done)
		for _, end := range slices.Compact(l.ends[:]) {
			_ = end.SetLinger(0)
			end.Close()
		}
	})
}

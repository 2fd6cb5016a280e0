package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	firstBufferBytes = 512 // of reading; it grows with what comes
	writeTimeout     = 10 * time.Second
)

// ErrClosed is the error of Read after the server's close frame.
var ErrClosed = errors.New("wire: closed by the server")

// Conn is one WebSocket. One goroutine reads, any number write.
type Conn struct {
	conn net.Conn

	// Owned by the reader.
	buf        []byte
	start, end int // what of buf is read from the network and not yet from buf

	// Guarded by mu.
	mu         sync.Mutex
	out        []byte
	writeUntil time.Time // the deadline of writes
}

// Dial opens a WebSocket to target, an http or ws URL, from a local address; nil lets the system choose. The dialling
// ends with ctx, the connection does not.
func Dial(ctx context.Context, target string, local net.IP) (*Conn, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{}
	if local != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: local}
	}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	c := &Conn{conn: conn, buf: make([]byte, firstBufferBytes)}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // an error means that it is closed
	err = c.upgrade(u)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("upgrade: %w", err), conn.Close())
	}
	return c, nil
}

func (c *Conn) upgrade(u *url.URL) error {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never returns an error
	_, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", u.RequestURI(), u.Host, base64.StdEncoding.EncodeToString(key[:]))
	if err != nil {
		return err
	}
	end := []byte("\r\n\r\n")
	for !bytes.Contains(c.buf[:c.end], end) {
		if err := c.fill(); err != nil {
			return err
		}
	}
	head, _, _ := bytes.Cut(c.buf[:c.end], end)
	res, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head), bytes.NewReader(end))), nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("refused: %s", res.Status)
	}
	c.start = len(head) + len(end)
	return nil
}

// Read returns the next message that is text or binary. It answers pings of the WebSocket protocol.
func (c *Conn) Read() (Message, error) {
	for {
		m, size, err := parseFrame(c.buf[c.start:c.end])
		if err != nil {
			return m, err
		}
		if size == 0 {
			if err := c.fill(); err != nil {
				return m, err
			}
			continue
		}
		c.start += size
		switch m.Opcode {
		case Text, Binary:
			return m, nil
		case Ping:
			if err := c.Write(Message{Pong, m.Data}); err != nil {
				return m, err
			}
		case Close:
			return m, ErrClosed
		}
	}
}

// fill reads more from the network, moving or growing the buffer when it is full.
func (c *Conn) fill() error {
	switch {
	case c.start == c.end:
		c.start, c.end = 0, 0
	case c.end == len(c.buf) && c.start > 0:
		c.end = copy(c.buf, c.buf[c.start:c.end])
		c.start = 0
	}
	if c.end == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.conn.Read(c.buf[c.end:])
	c.end += n
	if n > 0 {
		return nil
	}
	return err
}

// Write sends messages in one write.
func (c *Conn) Write(messages ...Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = c.out[:0]
	for _, m := range messages {
		c.out = appendFrame(c.out, m)
	}
	if now := time.Now(); c.writeUntil.Sub(now) < writeTimeout/2 {
		c.writeUntil = now.Add(writeTimeout)
		if err := c.conn.SetWriteDeadline(c.writeUntil); err != nil {
			return err
		}
	}
	_, err := c.conn.Write(c.out)
	return err
}

// SetReadDeadline bounds the Reads that follow; the zero time is no bound.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// Close closes the connection at once. A close frame is the caller's to write.
func (c *Conn) Close() error { return c.conn.Close() }

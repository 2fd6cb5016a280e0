package engineio

import (
	"net"
	"time"
)

const (
	// entryOverhead is what an entry of the outbox costs beside its bytes, so
	// that many small messages are bounded as few large ones are.
	entryOverhead = 64
	// maxWriteBytes is the most that one write to the network carries: a slow
	// peer has WriteTimeout for each.
	maxWriteBytes = 64 << 10
	// keptEntries is the capacity that an idle outbox may keep.
	keptEntries = 16
)

// The packets that are the same for every socket.
var (
	pingPacket  = packetFrames(packetPing, nil)
	noopPacket  = packetFrames(packetNoop, nil)
	probeAnswer = packetFrames(packetPong, []byte("probe"))
	closePacket = closeFrames(CloseNormal, "")
)

// entry is one item of an outbox. Its cost is counted in pending; what is
// shared costs nothing.
type entry struct {
	frames *Frames
	cost   int
}

// Send appends messages to the outbox. It returns false when they do not fit
// or the socket is closed; an empty outbox takes messages of any size.
func (s *Socket) Send(f *Frames) bool { return s.enqueue(f, f.size+entryOverhead) }

// SendShared appends messages that are not counted: their bytes belong to many
// sockets (C7).
func (s *Socket) SendShared(f *Frames) bool { return s.enqueue(f, 0) }

// Pending returns the bytes that wait to be sent, each item of the outbox with
// a small overhead, without those of SendShared.
func (s *Socket) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

func (s *Socket) enqueue(f *Frames, cost int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now() != open || s.pending > 0 && s.pending+cost > s.server.opts.MaxOutboxBytes {
		return false
	}
	s.push(f, cost)
	return true
}

// sendControl appends a packet of the protocol, whatever waits already.
func (s *Socket) sendControl(f *Frames) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now() == open {
		s.push(f, entryOverhead)
	}
}

// push appends and sees to it that somebody writes; mu is held.
func (s *Socket) push(f *Frames, cost int) {
	s.outbox = append(s.outbox, entry{f, cost})
	s.pending += cost
	s.startWriting()
}

// startWriting makes the transport take the outbox; mu is held. The goroutine
// ends with the outbox, and the end of the connection ends its writes.
func (s *Socket) startWriting() {
	switch {
	case s.kind == polling:
		s.wake()
	case !s.writing && len(s.outbox) > 0:
		s.writing = true
		go s.write()
	}
}

// wake lets the waiting GET look at the state again; mu is held.
func (s *Socket) wake() {
	if s.poll == nil {
		return
	}
	select {
	case s.poll.wake <- struct{}{}:
	default: // it has been woken
	}
}

// write sends the outbox, everything that waits in one write, until it is empty.
func (s *Socket) write() {
	s.mu.Lock()
	for s.now() != closed && len(s.outbox) > 0 {
		batch := s.outbox
		s.outbox, s.spare = s.spare, nil
		s.mu.Unlock()
		if err := s.writeBatch(batch); err != nil {
			s.shut(ReasonTransportError)
		}
		s.mu.Lock()
		s.spare = batch[:0]
	}
	if cap(s.outbox)+cap(s.spare) > keptEntries {
		s.outbox, s.spare = nil, nil
	}
	s.writing = false
	if s.now() == closing {
		_ = s.conn.SetReadDeadline(time.Now().Add(lingerTimeout)) // an error means that it is closed
	}
	if s.drained != nil {
		close(s.drained)
		s.drained = nil
	}
	s.mu.Unlock()
}

// awaitFlush returns when no goroutine writes.
func (s *Socket) awaitFlush() {
	s.mu.Lock()
	if !s.writing {
		s.mu.Unlock()
		return
	}
	if s.drained == nil {
		s.drained = make(chan struct{})
	}
	drained := s.drained
	s.mu.Unlock()
	<-drained
}

// writeBatch writes the entries and forgets them. Small parts are put together,
// large ones are written from where they are.
func (s *Socket) writeBatch(batch []entry) error {
	if e := batch[0]; len(batch) == 1 && e.frames.rest == nil {
		batch[0] = entry{}
		return s.writeParts(e.frames.first, e.cost)
	}
	buf := getBuffer()
	defer putBuffer(buf)
	cost := 0
	add := func(part []byte) error {
		if len(*buf) > 0 && len(*buf)+len(part) > maxWriteBytes {
			if err := s.writeParts(*buf, cost); err != nil {
				return err
			}
			*buf, cost = (*buf)[:0], 0
		}
		if len(part) >= maxWriteBytes {
			return s.writeParts(part, 0)
		}
		*buf = append(*buf, part...)
		return nil
	}
	for i, e := range batch {
		batch[i] = entry{}
		if err := add(e.frames.first); err != nil {
			return err
		}
		for _, part := range e.frames.rest {
			if err := add(part); err != nil {
				return err
			}
		}
		cost += e.cost
	}
	return s.writeParts(*buf, cost)
}

// writeParts writes b in pieces, and takes cost off what is pending.
func (s *Socket) writeParts(b []byte, cost int) error {
	for len(b) > 0 {
		piece := b[:min(len(b), maxWriteBytes)]
		if err := s.extendDeadline(); err != nil {
			return err
		}
		if _, err := s.conn.Write(piece); err != nil {
			return err
		}
		if b = b[len(piece):]; len(b) > 0 {
			s.settle(0)
		}
	}
	s.settle(cost)
	return nil
}

// extendDeadline gives the next write at least half of WriteTimeout. Moving the
// deadline for each write costs as much as a small write's bookkeeping.
func (s *Socket) extendDeadline() error {
	timeout, now := s.server.opts.WriteTimeout, time.Now()
	if s.writeUntil.Sub(now) >= timeout/2 {
		return nil
	}
	s.writeUntil = now.Add(timeout)
	return s.conn.SetWriteDeadline(s.writeUntil)
}

// writeFull writes to a WebSocket that no outbox owns.
func writeFull(conn net.Conn, b []byte, timeout time.Duration) error {
	if err := conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}

// settle notes that something was written.
func (s *Socket) settle(cost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = true
	if s.now() != closed {
		s.pending -= cost
	}
}

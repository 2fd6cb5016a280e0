package engineio

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

var errClientClose = errors.New("closed by the client")

// openPolling answers the handshake of a polling session.
func (s *Server) openPolling(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r) {
		return
	}
	socket := newSocket(s, polling, s.handshake(r))
	if err := s.add(socket); err != nil {
		writeRefusal(w, err)
		return
	}
	socket.begin()
	writeText(w, string(packetOpen)+string(s.openPacket(socket.id, "websocket")))
}

// servePolling answers the further requests of a polling session.
func (s *Server) servePolling(w http.ResponseWriter, r *http.Request, sid string) {
	socket := s.find(sid)
	switch {
	case socket == nil:
		writeError(w, http.StatusBadRequest, errUnknownID)
	case r.Method == http.MethodGet:
		socket.servePoll(w, r)
	case r.Method == http.MethodPost:
		socket.servePost(w, r)
	default:
		writeError(w, http.StatusBadRequest, errMethod)
	}
}

func writeText(w http.ResponseWriter, body string) {
	textHeader(w, len(body))
	_, _ = w.Write([]byte(body)) // a client that is gone is noticed by its heartbeat
}

func textHeader(w http.ResponseWriter, length int) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(length))
}

// poll is a GET that waits.
type poll struct {
	wake chan struct{} // has room for one
	// late marks one that came when an upgrade was under way already. It and the
	// end of the upgrade may have crossed, so it waits a little for that.
	late bool
}

// upgradeGrace is how long a late GET waits for the end of the upgrade, and the
// end of a session for the GET that takes leave.
const upgradeGrace = 50 * time.Millisecond

// servePoll answers a GET as soon as there is something to send.
func (s *Socket) servePoll(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // the server's own would end long polls
	p := s.beginPoll()
	if p == nil {
		writeError(w, http.StatusBadRequest, errRequest)
		return
	}
	for patient := p.late; ; {
		batch, answer := s.takePoll(p, patient)
		var grace <-chan time.Time
		switch answer {
		case pollReady:
			s.answerPoll(w, control, batch)
			return
		case pollRefused:
			writeError(w, http.StatusBadRequest, errRequest)
			return
		case pollGrace:
			grace = time.After(upgradeGrace)
		}
		select {
		case <-p.wake:
		case <-grace:
			patient = false
		case <-r.Context().Done():
			s.shut(ReasonTransportClose)
			return
		}
	}
}

// beginPoll registers a GET. A second one at the same time ends the session.
func (s *Socket) beginPoll() *poll {
	s.mu.Lock()
	over := s.now() == closed || s.now() == closing && len(s.outbox) == 0
	if s.kind != polling || over {
		s.mu.Unlock()
		return nil
	}
	if s.poll != nil {
		s.mu.Unlock()
		s.shut(ReasonDuplicate)
		return nil
	}
	p := &poll{wake: make(chan struct{}, 1), late: s.upgrading}
	s.poll = p
	s.mu.Unlock()
	return p
}

// pollAnswer says how a GET goes on.
type pollAnswer int

const (
	pollWaits   pollAnswer = iota
	pollGrace              // it waits for upgradeGrace at most
	pollReady              // it is answered
	pollRefused            // it came after the upgrade
)

// takePoll returns what answers the GET, if it is to be answered now. The GET
// no longer counts as waiting then: the client may send the next one before
// this handler has returned.
func (s *Socket) takePoll(p *poll, patient bool) (batch []entry, answer pollAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.now() == closed:
		batch = []entry{{frames: closePacket}}
	case s.kind != polling && p.late:
		return nil, pollRefused
	case s.kind != polling:
		batch = []entry{{frames: noopPacket}}
	case len(s.outbox) > 0:
		batch = s.takeOutbox()
	case s.probed && patient:
		return nil, pollGrace
	case s.probed:
		batch = []entry{{frames: noopPacket}}
	default:
		return nil, pollWaits
	}
	s.poll, s.answering = nil, true
	return batch, pollReady
}

// takeOutbox takes what one payload carries; mu is held. The packet that ends
// the session comes alone: the official client forgets what stands before it.
func (s *Socket) takeOutbox() []entry {
	n := len(s.outbox)
	if s.now() == closing && n > 1 {
		n--
	}
	batch := s.outbox[:n:n]
	s.outbox = s.outbox[n:]
	for _, e := range batch {
		s.pending -= e.cost
	}
	return batch
}

// answerPoll writes the payload; when that fails, messages are lost and the
// session ends.
func (s *Socket) answerPoll(w http.ResponseWriter, control *http.ResponseController, batch []entry) {
	length := len(batch) - 1
	for _, e := range batch {
		length += len(e.frames.polling())
	}
	textHeader(w, length)
	err := s.writePayload(w, control, batch)
	_ = control.SetWriteDeadline(time.Time{})
	s.mu.Lock()
	s.answering = false
	flushed := s.now() == closing && len(s.outbox) == 0
	s.mu.Unlock()
	switch {
	case err != nil:
		s.shut(ReasonTransportError)
	case flushed:
		s.shut("") // the reason is known since CloseAfterFlush
	}
}

func (s *Socket) writePayload(w http.ResponseWriter, control *http.ResponseController, batch []entry) error {
	for i, e := range batch {
		if i > 0 {
			if _, err := w.Write([]byte{separator}); err != nil {
				return err
			}
		}
		for b := e.frames.polling(); len(b) > 0; {
			piece := b[:min(len(b), maxWriteBytes)]
			_ = control.SetWriteDeadline(time.Now().Add(s.server.opts.WriteTimeout)) // not every writer has one
			if _, err := w.Write(piece); err != nil {
				return err
			}
			b = b[len(piece):]
			s.settle(0)
		}
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// servePost receives the packets in the body of a POST.
func (s *Socket) servePost(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	if !s.beginPost(control) {
		writeError(w, http.StatusBadRequest, errRequest)
		return
	}
	err := s.receivePost(r)
	s.mu.Lock()
	s.post = nil
	s.mu.Unlock()
	switch {
	case err == nil:
		writeText(w, "ok")
	case errors.Is(err, errClientClose):
		s.closeAfter(noopPacket, ReasonClientClose, upgradeGrace)
		writeText(w, "ok")
	case errors.Is(err, errNotPolling):
		writeError(w, http.StatusBadRequest, errRequest)
	case errors.Is(err, errTooLarge):
		s.shut(ReasonTooLarge)
		w.Header().Set("Connection", "close") // the rest of the body is not read
		writeError(w, http.StatusRequestEntityTooLarge, errRequest)
	case errors.Is(err, errBody):
		s.shut(ReasonTransportError)
		writeError(w, http.StatusBadRequest, errRequest)
	default:
		s.shut(ReasonParseError)
		writeError(w, http.StatusBadRequest, errRequest)
	}
}

// beginPost registers a POST. A second one at the same time ends the session.
func (s *Socket) beginPost(control *http.ResponseController) bool {
	s.mu.Lock()
	if s.kind != polling || s.now() == closed {
		s.mu.Unlock()
		return false
	}
	if s.post != nil {
		s.mu.Unlock()
		s.shut(ReasonDuplicate)
		return false
	}
	s.post = control
	s.mu.Unlock()
	return true
}

var (
	errNotPolling = errors.New("session is not polling")
	errBody       = errors.New("read body")
)

// receivePost reads the body and hands its packets on. An upgrade is completed
// after it, never meanwhile. A body that stalls ends with the session, whose
// heartbeat no other POST can answer.
func (s *Socket) receivePost(r *http.Request) error {
	s.takeTurn()
	defer s.endTurn()
	opts := s.server.opts
	if r.ContentLength > opts.MaxPayload {
		return errTooLarge
	}
	if !s.polls() {
		return errNotPolling
	}
	buf := getBuffer()
	defer putBuffer(buf)
	if err := readAll(r.Body, buf, opts.MaxPayload); err != nil {
		return fmt.Errorf("%w: %w", errBody, err)
	}
	return decodePayload(*buf, func(kind packetType, data []byte) error {
		if s.now() != open {
			return nil // what follows the end of a session is not received
		}
		return s.packet(kind, data)
	})
}

// polls tells whether the session is alive and has not left polling.
func (s *Socket) polls() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kind == polling && s.now() != closed
}

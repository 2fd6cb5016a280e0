package engineio

import (
	"sync"
	"time"
)

// wheelSlots is the number of lists of the wheel. A deadline further away than
// a lap is looked at once a lap.
const wheelSlots = 128

// wheel calls the heartbeats of all sockets. Its goroutine lives as long as
// there are sockets; deadlines are met early, by less than one tick, never late:
// a dead peer is gone within interval + timeout (C2).
type wheel struct {
	// Set by newWheel, never changed.
	interval, timeout, tick time.Duration

	running sync.WaitGroup // run

	mu      sync.Mutex
	slots   [wheelSlots]*heartbeat // doubly linked lists
	start   time.Time              // of the ticks
	current int64                  // the tick last worked off
	count   int                    // sockets
	stop    chan struct{}          // ends run
}

// heartbeat is the part of a socket that its wheel owns.
type heartbeat struct {
	socket     *Socket
	prev, next *heartbeat // guarded by wheel.mu
	slot       int16      // guarded by wheel.mu; -1: in no list
	gone       bool       // guarded by wheel.mu
	pinged     time.Time  // the last ping, or the opening; owned by the wheel's goroutine
}

func newWheel(interval, timeout time.Duration) *wheel {
	const ticksPerTimeout = 16
	tick := min(interval, timeout) / ticksPerTimeout
	return &wheel{interval: interval, timeout: timeout, tick: min(max(tick, time.Millisecond), time.Second)}
}

func (w *wheel) add(s *Socket) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count++; w.count == 1 {
		w.start, w.current, w.stop = now, 0, make(chan struct{})
		stop := w.stop
		w.running.Go(func() { w.run(stop) })
	}
	s.heartbeat = heartbeat{socket: s, pinged: now}
	w.insert(&s.heartbeat, now.Add(w.interval))
}

func (w *wheel) remove(s *Socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := &s.heartbeat
	if h.socket == nil || h.gone {
		return
	}
	h.gone = true
	w.unlink(h)
	if w.count--; w.count == 0 {
		close(w.stop)
	}
}

// insert puts h where it is due; mu is held.
func (w *wheel) insert(h *heartbeat, due time.Time) {
	ticks := int64(due.Sub(w.start) / w.tick)
	ticks = min(max(ticks, w.current+1), w.current+wheelSlots-1)
	h.slot = int16(ticks % wheelSlots)
	h.prev, h.next = nil, w.slots[h.slot]
	if h.next != nil {
		h.next.prev = h
	}
	w.slots[h.slot] = h
}

// unlink takes h out of its list; mu is held.
func (w *wheel) unlink(h *heartbeat) {
	if h.slot < 0 {
		return
	}
	if h.prev != nil {
		h.prev.next = h.next
	} else {
		w.slots[h.slot] = h.next
	}
	if h.next != nil {
		h.next.prev = h.prev
	}
	h.prev, h.next, h.slot = nil, nil, -1
}

// run turns the wheel until there are no sockets.
func (w *wheel) run(stop chan struct{}) {
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			for _, h := range w.turn(stop, now) {
				if next, alive := h.socket.beat(now, now.Add(w.tick)); alive {
					w.reinsert(h, next)
				}
			}
		}
	}
}

// turn takes what is due out of the slots up to now; nothing when this run is
// over.
func (w *wheel) turn(stop chan struct{}, now time.Time) []*heartbeat {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != stop {
		return nil
	}
	var due []*heartbeat
	last := int64(now.Sub(w.start) / w.tick)
	w.current = max(w.current, last-wheelSlots) // no slot needs to be visited twice
	for w.current < last {
		w.current++
		for h := w.slots[w.current%wheelSlots]; h != nil; h = w.slots[w.current%wheelSlots] {
			w.unlink(h)
			due = append(due, h)
		}
	}
	return due
}

func (w *wheel) reinsert(h *heartbeat, due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !h.gone {
		w.insert(h, due)
	}
}

// beat sends the ping that is due before horizon, or ends a session that did not
// answer the last one. It returns when it is to be called again, and false when
// the session is over.
func (s *Socket) beat(now, horizon time.Time) (time.Time, bool) {
	w, h := s.server.wheel, &s.heartbeat
	if !s.silent.Load() {
		due := h.pinged.Add(w.interval)
		if due.After(horizon) {
			return due, true
		}
		if due.Before(now) {
			due = now // the process slept: the peer gets its full time
		}
		h.pinged = due
		s.silent.Store(true)
		s.sendControl(pingPacket)
		return due.Add(min(w.timeout, w.interval)), true
	}
	due := h.pinged.Add(w.timeout)
	if due.After(horizon) {
		return due, true
	}
	if s.transferring() { // the ping stands behind a large transfer that goes on
		h.pinged = now
		return now.Add(w.timeout), true
	}
	s.shut(ReasonPingTimeout)
	return time.Time{}, false
}

// transferring tells whether a write is under way that got on since the last
// call.
func (s *Socket) transferring() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	progress := s.progress
	s.progress = false
	return progress && (s.writing || s.answering)
}

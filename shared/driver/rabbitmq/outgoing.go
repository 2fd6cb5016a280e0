package rabbitmq

import (
	"sync"

	"corsia/shared/collab"
)

// Bounds of what waits to be published. A notice beyond them is dropped and counted: the journal fills the gap.
const (
	maxWaitingNotices = 16384
	maxWaitingBytes   = 32 << 20
	parcelBytes       = 256 << 10 // a parcel that is larger takes no further notice
)

// outgoing is what waits to be published: notices of one room and instance that wait together travel together.
type outgoing struct {
	// Set by newOutgoing, never changed.
	wake chan struct{} // holds a token when something may have been added

	// Guarded by mu.
	mu      sync.Mutex
	isOpen  bool      // the broker takes messages; otherwise all is dropped
	queue   []*parcel // oldest first
	growing map[sender]*parcel
	notices int
	bytes   int
	dropped int // since lost was called
}

type sender struct {
	resource collab.Resource
	from     collab.InstanceID
}

// parcel is a message in the making.
type parcel struct {
	sender  sender
	message []byte
	notices int
}

func newOutgoing() *outgoing {
	return &outgoing{wake: make(chan struct{}, 1), growing: map[sender]*parcel{}}
}

// add copies a notice to the end of the queue. False: it was dropped.
func (o *outgoing) add(n collab.Notice) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.isOpen || o.notices == maxWaitingNotices || o.bytes+noticeBytes(n) > maxWaitingBytes {
		o.dropped++
		return false
	}
	key := sender{n.Resource, n.From}
	p := o.growing[key]
	if p == nil || p.notices == maxTogether || len(p.message)+noticeBytes(n) > parcelBytes {
		p = &parcel{sender: key, message: appendHeader(make([]byte, 0, 256+noticeBytes(n)), n.From, n.Resource)}
		o.growing[key] = p // an older one keeps its place before it
		o.queue = append(o.queue, p)
		o.bytes += len(p.message)
	}
	before := len(p.message)
	p.message = appendNotice(p.message, n)
	p.notices++
	o.notices++
	o.bytes += len(p.message) - before
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return true
}

// take removes the oldest parcel; nil: nothing waits.
func (o *outgoing) take() *parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return nil
	}
	p := o.queue[0]
	o.queue[0] = nil
	o.queue = o.queue[1:]
	if o.growing[p.sender] == p {
		delete(o.growing, p.sender)
	}
	o.notices -= p.notices
	o.bytes -= len(p.message)
	return p
}

// open lets notices in.
func (o *outgoing) open() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.isOpen = true
}

// shut keeps notices out and drops those that wait: they would be old news. It returns how many.
func (o *outgoing) shut() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.notices
	o.dropped += n
	o.isOpen, o.queue, o.notices, o.bytes = false, nil, 0, 0
	clear(o.growing)
	return n
}

func (o *outgoing) accepts() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.isOpen
}

// lost returns how many notices were dropped since it was last called.
func (o *outgoing) lost() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.dropped
	o.dropped = 0
	return n
}

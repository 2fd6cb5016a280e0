package rabbitmq

import (
	"encoding/binary"
	"slices"
	"sync"

	"corsia/shared/collab"
)

// Bounds of what waits to be published. A notice beyond them is dropped and counted: the journal fills the gap.
const (
	maxWaitingNotices = 16384
	maxWaitingBytes   = 32 << 20
	togetherBytes     = 256 << 10 // a message that is larger takes nothing more
)

// outgoing is what waits to be published: what waits together travels together.
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

// parcel is a section in the making.
type parcel struct {
	sender  sender
	encoded []byte
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
	if p == nil || p.notices == maxTogether || len(p.encoded)+noticeBytes(n) > togetherBytes {
		p = &parcel{sender: key, encoded: make([]byte, 0, noticeBytes(n))}
		o.growing[key] = p // an older one keeps its place before it
		o.queue = append(o.queue, p)
	}
	before := len(p.encoded)
	p.encoded = appendNotice(p.encoded, n)
	p.notices++
	o.notices++
	o.bytes += len(p.encoded) - before
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return true
}

// take removes the oldest parcels that make a message; none: nothing waits.
func (o *outgoing) take() []*parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, notices, bytes := 0, 0, 0
	for ; n < min(len(o.queue), maxSections); n++ {
		p := o.queue[n]
		notices += p.notices
		bytes += len(p.encoded)
		if n > 0 && (p.sender.from != o.queue[0].sender.from || notices > maxTogether || bytes > togetherBytes) {
			break
		}
	}
	taken := slices.Clone(o.queue[:n])
	clear(o.queue[:n])
	o.queue = o.queue[n:]
	for _, p := range taken {
		if o.growing[p.sender] == p {
			delete(o.growing, p.sender)
		}
		o.notices -= p.notices
		o.bytes -= len(p.encoded)
	}
	return taken
}

// pack makes the message of parcels, of which there are some.
func pack(parcels []*parcel) (encoded []byte, notices int) {
	size := 2 * maxIDBytes
	for _, p := range parcels {
		size += len(p.encoded) + len(p.sender.resource.Tenant) + len(p.sender.resource.ID) + 3*binary.MaxVarintLen32
	}
	encoded = appendHeader(make([]byte, 0, size), parcels[0].sender.from)
	for _, p := range parcels {
		encoded = appendSection(encoded, p.sender.resource, p.encoded)
		notices += p.notices
	}
	return encoded, notices
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

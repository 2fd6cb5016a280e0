package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// Inbox keeps messages. Accept returns when the message is durable, or ErrOtherBody, ErrInFlight, or why it could not.
type Inbox interface {
	Accept(ctx context.Context, d collab.Delivery) (collab.Accepted, error)
}

// Limits are the bounds of a storm (SPEC F7): beyond them the sender is told to come back.
type Limits struct {
	AddressRate, AddressBurst int // requests of one address, a second and at once
	SourceRate, SourceBurst   int // authenticated requests of one source
	AtOnce                    int // requests whose body is held
	AddressAtOnce             int // likewise, of one address: who sends slowly keeps nobody else out
	AuditRate                 int // refused requests a second that are audited; the next such row tells how many were not
}

// DefaultLimits are far above what a hospital's systems send, and far below what would be felt elsewhere.
func DefaultLimits() Limits {
	return Limits{AddressRate: 100, AddressBurst: 300, SourceRate: 100, SourceBurst: 300, AtOnce: 128, AddressAtOnce: 16, AuditRate: 10}
}

const (
	maxAddresses  = 8192
	acceptTimeout = 5 * time.Second
	auditTimeout  = time.Second
	retryAfter    = time.Second
)

// Options are what a Receiver is made of.
type Options struct {
	Sources Sources
	Inbox   Inbox
	Limits  Limits
	Row     func(audit.Event) collab.AuditRow
	Record  func(context.Context, audit.Event) error // of what was refused
	Told    func(context.Context)                    // there is something new in the inbox; the answer waits for it
	Count   func(result string)                      // of each request: one of Results
	Failed  func(source string, err error)           // the inbox or the trail could not be written
	Now     func() time.Time
}

// Receiver judges requests in the order of SPEC W3. It is safe for concurrent use.
type Receiver struct {
	// Set by NewReceiver, never changed.
	o         Options
	addresses *limiter
	sources   *limiter
	audited   *rate.Limiter

	// Guarded by mu.
	mu        sync.Mutex
	held      map[string]int     // requests whose body is held, by address
	holding   int                // all of them
	inFlight  map[[2]string]bool // source and message
	unaudited int                // refused requests since the last that was audited
}

// NewReceiver returns a receiver.
func NewReceiver(o Options) *Receiver {
	return &Receiver{o: o, addresses: newLimiter(o.Limits.AddressRate, o.Limits.AddressBurst, maxAddresses),
		sources: newLimiter(o.Limits.SourceRate, o.Limits.SourceBurst, len(o.Sources)+1),
		audited: rate.NewLimiter(rate.Limit(o.Limits.AuditRate), o.Limits.AuditRate), held: map[string]int{},
		inFlight: map[[2]string]bool{}}
}

// Request is one request, from an HTTP server or from an event of API Gateway.
type Request struct {
	Method  string
	Source  string // the last part of the path
	Address string // the client's
	Header  http.Header
	Body    io.Reader // of a base64 body: its decoder
}

// call is a request on its way through the checks.
type call struct {
	*Receiver
	Request
	source  *Source
	form    Form
	message Message
	now     time.Time
}

// Receive judges a request and keeps what it brings.
func (r *Receiver) Receive(ctx context.Context, q Request) Answer {
	c := &call{Receiver: r, Request: q, now: r.o.Now()}
	a := c.judge(ctx)
	r.o.Count(a.Result)
	return a
}

func (c *call) judge(ctx context.Context) Answer {
	var known bool
	switch c.source, known = c.o.Sources[c.Source]; {
	case c.Method != http.MethodPost:
		a := c.refuse(http.StatusMethodNotAllowed, ResultRejected, "the method is not POST")
		a.Header.Set("Allow", http.MethodPost)
		return a
	case !known:
		return c.refuse(http.StatusNotFound, ResultRejected, "there is no such source")
	case !c.addresses.allow(c.Address, c.now):
		return c.later(http.StatusTooManyRequests, ResultLimited, "too many requests of this address")
	}
	var taken bool
	if c.form, taken = formOf(single(c.Header, "Content-Type")); !taken || c.Header.Get("Content-Encoding") != "" {
		return c.refuse(http.StatusUnsupportedMediaType, ResultRejected, "the body is none of application/json, application/fhir+json, application/hl7-v2, or is compressed")
	}
	if full := c.hold(); full != 0 {
		return c.later(full, map[int]string{http.StatusTooManyRequests: ResultLimited, http.StatusServiceUnavailable: ResultUnavailable}[full], "too many requests at once")
	}
	defer c.release()
	body, err := io.ReadAll(io.LimitReader(c.Body, MaxBodyBytes+1))
	switch {
	case len(body) > MaxBodyBytes:
		return c.refuse(http.StatusRequestEntityTooLarge, ResultRejected, "the body is larger than 1 MiB")
	case err != nil:
		return c.refuse(http.StatusBadRequest, ResultRejected, "the body could not be read")
	}
	if reason := c.source.Verify(c.Header, body, c.now); reason != "" {
		c.reject(ctx, reason)
		return c.unauthorized()
	}
	if !c.sources.allow(c.source.Name, c.now) {
		return c.later(http.StatusTooManyRequests, ResultLimited, "too many requests of this source")
	}
	if c.message, err = c.source.Read(c.form, c.Header, body, c.now); err != nil {
		return c.unreadable(ctx, err)
	}
	if c.message.Kind != KindEvent {
		return c.greeted()
	}
	return c.keep(ctx)
}

// hold counts a request whose body is read and held. It returns the status of the answer when there are too many.
func (c *call) hold() int {
	r := c.Receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.held[c.Address] >= r.o.Limits.AddressAtOnce:
		return http.StatusTooManyRequests
	case r.holding >= r.o.Limits.AtOnce:
		return http.StatusServiceUnavailable
	}
	r.held[c.Address]++
	r.holding++
	return 0
}

func (c *call) release() {
	r := c.Receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holding--
	if r.held[c.Address]--; r.held[c.Address] == 0 {
		delete(r.held, c.Address)
	}
}

// unreadable answers a body that was not understood.
func (c *call) unreadable(ctx context.Context, err error) Answer {
	if _, notOfItsForm := errors.AsType[*SyntaxError](err); notOfItsForm {
		c.reject(ctx, "not_parseable")
		return c.refuse(http.StatusBadRequest, ResultRejected, err.Error())
	}
	c.reject(ctx, "not_acceptable")
	code := ackError
	if _, unsupported := errors.AsType[*unsupportedError](err); unsupported {
		code = ackRejected
	}
	return c.acknowledged(c.refuse(http.StatusUnprocessableEntity, ResultRejected, err.Error()), code, err.Error())
}

// keep puts the message into the inbox.
func (c *call) keep(ctx context.Context) Answer {
	key := [2]string{c.source.Name, c.message.ID}
	if !c.enter(key) {
		return c.busy()
	}
	defer c.leave(key)
	d := collab.Delivery{ID: collab.NewDeliveryID(), Source: c.source.Name, Message: c.message.ID, Sum: c.message.Sum[:],
		ReceivedAt: c.now.UTC().Truncate(time.Microsecond), Pushes: c.message.Pushes}
	for _, p := range d.Pushes {
		d.Audit = append(d.Audit, c.o.Row(audit.Event{Type: audit.WebhookReceived, Tenant: c.source.Tenant, Address: c.Address, Resource: p.Resource.ID,
			Details: map[string]string{"source": d.Source, "delivery": d.ID, "message": d.Message, "eventType": p.EventType, "form": string(c.message.Form)}}))
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	kept, err := c.o.Inbox.Accept(ctx, d)
	switch {
	case errors.Is(err, collab.ErrOtherBody):
		c.reject(ctx, "id_used_again")
		return c.acknowledged(c.refuse(http.StatusUnprocessableEntity, ResultRejected, collab.ErrOtherBody.Error()), ackError, collab.ErrOtherBody.Error())
	case errors.Is(err, collab.ErrInFlight):
		return c.busy()
	case err != nil:
		c.o.Failed(c.source.Name, err)
		return c.acknowledged(c.later(http.StatusServiceUnavailable, ResultUnavailable, "the message could not be kept"), ackRejected, "try again later")
	}
	if !kept.Replayed {
		c.o.Told(ctx)
	}
	return c.accepted(kept)
}

func (c *call) busy() Answer {
	return c.acknowledged(c.later(http.StatusConflict, ResultConflict, collab.ErrInFlight.Error()), ackRejected, "try again later")
}

// enter notes that a message is being taken in. False: it is already.
func (r *Receiver) enter(key [2]string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inFlight[key] {
		return false
	}
	r.inFlight[key] = true
	return true
}

func (r *Receiver) leave(key [2]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.inFlight, key)
}

// reject audits a refused request, unless there are too many: then the next row tells their number.
func (c *call) reject(ctx context.Context, reason string) {
	r := c.Receiver
	r.mu.Lock()
	if !r.audited.AllowN(c.now, 1) {
		r.unaudited++
		r.mu.Unlock()
		return
	}
	details := map[string]string{"source": c.source.Name}
	if r.unaudited > 0 {
		details["unaudited"] = itoa(r.unaudited)
		r.unaudited = 0
	}
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	e := audit.Event{Type: audit.WebhookRejected, Outcome: audit.Denied, Tenant: c.source.Tenant, Address: c.Address, Reason: reason, Details: details}
	if err := r.o.Record(ctx, e); err != nil {
		r.o.Failed(c.source.Name, err)
	}
}

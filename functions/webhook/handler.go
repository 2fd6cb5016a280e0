package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/trace"
	"corsia/shared/webhook"
)

// store is where messages and audit rows go.
type store interface {
	webhook.Inbox
	Record(ctx context.Context, rows ...collab.AuditRow) error
}

// announcer tells all gateways. It returns when the bus has the notice.
type announcer interface {
	Publish(ctx context.Context, n collab.Notice) error
}

// serve answers one event of API Gateway.
type serve = func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Stages of the work, as X-Ray names them. What is judged is in receive, beside the others.
const (
	stageReceive = "receive"
	stageStore   = "store"
	stagePublish = "publish"
	stageAudit   = "audit"
)

// announceLimit is how long an answer waits for the bus: without its word rooms look within a second all the same.
const announceLimit = time.Second

// options are what a handler is made of.
type options struct {
	Sources  webhook.Sources
	Store    func(context.Context) (store, error) // opened when it is needed
	Bus      announcer
	Recorder *audit.Recorder
	Instance collab.InstanceID
	Log      *slog.Logger
	Now      func() time.Time
}

// handler is the surroundings of the receiver that it shares with the gateway: the store, the bus, the log. Its limits on
// addresses and sources count what this process gets: API Gateway's and the WAF's count all.
type handler struct {
	options
	receiver *webhook.Receiver
}

func newHandler(o options) *handler {
	h := &handler{options: o}
	h.receiver = webhook.NewReceiver(webhook.Options{Sources: o.Sources, Inbox: h, Limits: webhook.DefaultLimits(), Row: o.Recorder.Row,
		Record: h.record, Told: h.announce, Count: func(string) {}, Failed: h.failed, Now: o.Now})
	return h
}

// handle answers an event. What could not be kept is an answer too, and no error: its sender is told to come back.
func (h *handler) handle(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	begin := h.Now()
	var a webhook.Answer
	_ = trace.Stage(ctx, stageReceive, func(ctx context.Context) error {
		a = h.receiver.Receive(ctx, request(&e))
		return nil
	})
	h.Log.Info("webhook: answered", slog.Int(obs.KeyStatus, a.Status), slog.String(obs.KeyOutcome, a.Result), obs.Duration(h.Now().Sub(begin)))
	return response(a), nil
}

// Accept keeps a message in the store.
func (h *handler) Accept(ctx context.Context, d collab.Delivery) (kept collab.Accepted, err error) {
	var refused error // that is an answer, and no failure of the store
	err = trace.Stage(ctx, stageStore, func(ctx context.Context) error {
		s, err := h.Store(ctx)
		if err == nil {
			kept, err = s.Accept(ctx, d)
		}
		if errors.Is(err, collab.ErrOtherBody) || errors.Is(err, collab.ErrInFlight) {
			refused, err = err, nil
		}
		return err
	})
	return kept, errors.Join(refused, err)
}

func (h *handler) record(ctx context.Context, e audit.Event) error {
	return trace.Stage(ctx, stageAudit, func(ctx context.Context) error {
		s, err := h.Store(ctx)
		if err != nil {
			return err
		}
		return s.Record(ctx, h.Recorder.Row(e))
	})
}

// announce tells all gateways that the inbox has something new, before the process stands still.
func (h *handler) announce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, announceLimit)
	defer cancel()
	err := trace.Stage(ctx, stagePublish, func(ctx context.Context) error { return h.Bus.Publish(ctx, collab.InboxNotice(h.Instance)) })
	if err != nil {
		h.Log.Warn("webhook: the rooms look within a second", obs.Err(err))
	}
}

func (h *handler) failed(source string, err error) {
	h.Log.Error("webhook: the message could not be kept", slog.String(obs.KeySource, source), obs.Err(err))
}

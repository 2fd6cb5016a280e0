package app

import (
	"context"
	"log/slog"
	"time"

	"corsia/gateway/inbox"
	"corsia/gateway/room"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/webhook"
)

// openWebhooks builds what takes in webhooks, and what tells the rooms of them.
func (a *App) openWebhooks() (*webhook.Receiver, error) {
	sources, err := webhook.OpenSources(a.config.WebhookSources, a.config.Production)
	if err != nil {
		return nil, err
	}
	a.inbox = inbox.New(inbox.Options{Store: a.drivers.store, Rooms: a.rooms, Bus: a.drivers.bus, Instance: a.config.Instance, Metrics: a.metrics, Log: a.log, Now: time.Now})
	return webhook.NewReceiver(webhook.Options{Sources: sources, Inbox: a.drivers.store, Limits: webhook.DefaultLimits(), Row: a.trail.Row, Record: a.trail.Record,
		Told: func(context.Context) { a.inbox.Announce() }, Count: a.metrics.CountWebhook, Now: time.Now,
		Failed: func(source string, err error) {
			a.log.Error("webhook: the message could not be kept", slog.String(obs.KeySource, source), obs.Err(err))
		}}), nil
}

// recent returns what other systems have said of a resource since a time.
func (a *App) recent(res collab.Resource, since time.Time) []room.Notification {
	return a.inbox.Recent(res, since)
}

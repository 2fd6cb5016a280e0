package app

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"corsia/gateway/inbox"
	"corsia/gateway/room"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/webhook"
)

// openWebhooks builds what takes in webhooks, and what tells the rooms of them.
func (a *App) openWebhooks() (*webhook.Receiver, error) {
	sources := webhook.Sources{}
	if config := a.config.WebhookSources; config != "" {
		text := []byte(config)
		if !strings.HasPrefix(config, "{") {
			var err error
			if text, err = os.ReadFile(config); err != nil {
				return nil, fmt.Errorf("read webhook sources: %w", err)
			}
		}
		var err error
		if sources, err = webhook.ParseSources(text, a.config.Production); err != nil {
			return nil, err
		}
	}
	a.inbox = inbox.New(inbox.Options{Store: a.drivers.store, Rooms: a.rooms, Bus: a.drivers.bus, Instance: a.config.Instance, Metrics: a.metrics, Log: a.log, Now: time.Now})
	return webhook.NewReceiver(webhook.Options{Sources: sources, Inbox: a.drivers.store, Limits: webhook.DefaultLimits(), Row: a.trail.Row, Record: a.trail.Record,
		Told: a.inbox.Announce, Count: a.metrics.CountWebhook, Now: time.Now,
		Failed: func(source string, err error) {
			a.log.Error("webhook: the message could not be kept", slog.String(obs.KeySource, source), obs.Err(err))
		}}), nil
}

// recent returns what other systems have said of a resource since a time.
func (a *App) recent(res collab.Resource, since time.Time) []room.Notification {
	return a.inbox.Recent(res, since)
}

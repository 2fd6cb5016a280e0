// Command webhook is the function behind API Gateway that takes in what EMR and PACS systems send (SPEC W). It judges and keeps
// a message with the same code as the gateway does at the same path; rooms are the gateways' own.
package main

import (
	"context"
	"errors"
	"time"

	"corsia/functions/start"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/postgres"
	"corsia/shared/driver/rabbitmq"
	"corsia/shared/obs"
	"corsia/shared/webhook"
)

func main() {
	start.Run([]string{"ENV", "LOG_LEVEL", "STORE_URL", "BUS_URL", "WEBHOOK_SOURCES"}, open)
}

// open picks the drivers. A store that is away now is tried again with each message.
func open(ctx context.Context, s *start.Settings) (serve, error) {
	storeURL, busURL := s.Store(), s.Service("BUS_URL", "amqp", "amqps")
	sources, err := webhook.OpenSources(s.Text("WEBHOOK_SOURCES"), s.Production)
	if err := errors.Join(s.Err(), err); err != nil {
		return nil, err
	}
	bus, err := rabbitmq.OpenAnnouncer(busURL, rabbitmq.Options{Instance: s.Instance})
	if err != nil {
		return nil, err
	}
	recorder := audit.NewRecorder(s.Instance, s.Log)
	store := &start.Door[store]{Open: func(ctx context.Context) (store, error) {
		return postgres.Open(ctx, storeURL, postgres.Options{Log: s.Log, OnAudit: func(rows []collab.AuditRow) { recorder.Log(context.Background(), rows...) }})
	}}
	if _, err := store.Get(ctx); err != nil {
		s.Log.Warn("webhook: the store is away at the start", obs.Err(err))
	}
	return newHandler(options{Sources: sources, Store: store.Get, Bus: bus, Recorder: recorder, Instance: s.Instance, Log: s.Log, Now: time.Now}).handle, nil
}

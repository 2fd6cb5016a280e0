// Command locksweep is the function that EventBridge runs every minute to end locks that no gateway has ended (SPEC L5): the
// backstop behind the sweeps of the gateways, for when none of them runs or can.
package main

import (
	"context"
	"time"

	"corsia/functions/start"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/postgres"
	"corsia/shared/driver/rabbitmq"
	"corsia/shared/driver/redis"
	"corsia/shared/obs"
)

func main() {
	start.Run([]string{"ENV", "LOG_LEVEL", "STORE_URL", "STATE_URL", "BUS_URL"}, open)
}

// open picks the drivers. A store that is away now is tried again with each event.
func open(ctx context.Context, s *start.Settings) (sweep, error) {
	storeURL, stateURL, busURL := s.Store(), s.Service("STATE_URL", "redis", "rediss"), s.Service("BUS_URL", "amqp", "amqps")
	if err := s.Err(); err != nil {
		return nil, err
	}
	bus, err := rabbitmq.OpenAnnouncer(busURL, rabbitmq.Options{Instance: s.Instance})
	if err != nil {
		return nil, err
	}
	state, err := redis.Open(stateURL, redis.Options{Log: s.Log})
	if err != nil {
		return nil, err
	}
	recorder := audit.NewRecorder(s.Instance, s.Log)
	store := &start.Door[store]{Open: func(ctx context.Context) (store, error) {
		return postgres.Open(ctx, storeURL, postgres.Options{Log: s.Log, OnAudit: func(rows []collab.AuditRow) { recorder.Log(context.Background(), rows...) }})
	}}
	if _, err := store.Get(ctx); err != nil {
		s.Log.Warn("locksweep: the store is away at the start", obs.Err(err))
	}
	return newSweeper(options{Store: store.Get, State: state, Bus: bus, Row: recorder.Row, Instance: s.Instance, Log: s.Log, Now: time.Now}).handle, nil
}

// Package app builds the gateway from its parts, starts it, and stops it in reverse order.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corsia/gateway/auth"
	"corsia/gateway/cluster"
	"corsia/gateway/document"
	"corsia/gateway/engineio"
	"corsia/gateway/httpapi"
	"corsia/gateway/inbox"
	"corsia/gateway/lock"
	"corsia/gateway/presence"
	"corsia/gateway/room"
	"corsia/gateway/session"
	"corsia/gateway/socketio"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/privacy"
	"corsia/widget"
)

// Version of the gateway, as /health and `corsia version` tell it. The build may set it.
var Version = "0.1.0"

const (
	roomLinger        = 2 * time.Second // a room stays open for those who reload the page
	roomTTL           = 600 * time.Second
	revocationRefresh = 2 * time.Second
	firstMeeting      = 5 * time.Second // for the bus to connect, before anybody is told that it is away
	meetEvery         = 50 * time.Millisecond
	houseKeeping      = time.Second
	gaugeSample       = time.Second
	drainSpread       = 5 * time.Second
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute // longer than that of a load balancer, who may use the connection at any moment
	maxHeaderBytes    = 32 << 10        // a token in a header is at most 16 KiB
)

// App is one gateway.
type App struct {
	// Set by New, never changed.
	config    Config
	log       *slog.Logger
	metrics   *obs.Metrics
	trail     *trail
	coverer   *audit.Coverer
	sealer    *audit.Sealer
	notary    *audit.Notary
	drivers   *drivers
	revoked   *auth.RevocationList
	recovery  *room.RecoveryList
	presence  *presence.Tracker
	compactor *document.Compactor
	rooms     *room.Registry
	inbox     *inbox.Reader
	directory *cluster.Directory // nil: this instance is alone
	cleaner   *cluster.Cleaner   // likewise
	forwarder *cluster.Forwarder // nil: requests are not passed on
	locks     *lock.Manager
	gate      *session.Gate
	sockets   *socketio.Server
	health    *httpapi.Health
	server    *http.Server

	// Set by Start.
	listener net.Listener
	stop     context.CancelFunc
	running  sync.WaitGroup
	logged   sync.WaitGroup
	failed   chan error // room for one: the HTTP server ended by itself
}

// New opens the drivers and builds the graph. Nothing runs yet.
func New(ctx context.Context, c Config, log *slog.Logger) (*App, error) {
	a := &App{config: c, log: log, metrics: obs.NewMetrics(prometheus.NewRegistry()), revoked: &auth.RevocationList{}, recovery: &room.RecoveryList{}, failed: make(chan error, 1)}
	a.trail = newTrail(audit.NewRecorder(c.Instance, log), a.metrics)
	a.logged.Go(a.trail.run)
	var err error
	if a.drivers, err = openDrivers(ctx, c, a.metrics, log, hooks{
		committed:   func(rows []collab.AuditRow) { a.trail.committed <- rows },
		reconnected: func() { a.rooms.Refresh() },
		replaced:    func() { a.presence.Repair() },
	}); err != nil {
		close(a.trail.committed)
		a.logged.Wait()
		return nil, err
	}
	a.trail.store = a.drivers.store
	if err := errors.Join(a.openTrail(), a.build()); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *App) build() error {
	c, m, d, trail := a.config, a.metrics, a.drivers, a.trail
	keys, issuer, err := openKeys(c)
	if err != nil {
		return err
	}
	var policy auth.Policy
	if c.RolePolicy != "" {
		if policy, err = auth.LoadPolicy(c.RolePolicy); err != nil {
			return err
		}
	}
	verifier := auth.NewVerifier(auth.Settings{Keys: keys, Issuer: c.JWTIssuer, Audience: c.JWTAudience, Revocations: a.revoked})
	grants := auth.NewGrants(policy, !c.Production)
	a.presence = presence.New(presence.Options{Sessions: d.state, Rooms: d.state, Log: a.log, Now: time.Now, ActivityTTL: c.ActivityTTL, RoomTTL: roomTTL})
	a.compactor = document.NewCompactor(document.CompactorOptions{States: d.store, Cache: d.cache, Metrics: m, Log: a.log, Now: time.Now, After: c.CompactAfter})
	limits := document.DefaultLimits()
	limits.UpdateBytes, limits.DocumentBytes = c.UpdateBytes, c.DocumentBytes
	a.rooms = room.NewRegistry(room.Options{Instance: c.Instance, Journal: d.store, Rosters: d.state, Bus: d.bus, Compactor: a.compactor, Limits: limits, Recent: a.recent,
		Audit: trail.refused, Heals: a.recovery.Heals, Healed: trail.healed, Metrics: m, Log: a.log, Now: time.Now}, roomLinger)
	a.locks = lock.New(lock.Options{Leases: d.state, Expired: d.state.Expirations(), Alone: d.instances == nil, Store: d.store, Bus: d.bus, Rooms: a.rooms, Audit: trail, Metrics: m, Log: a.log, Now: time.Now,
		Instance: c.Instance, TTL: c.LockTTL})
	a.gate = session.NewGate(session.Options{Instance: c.Instance, Verifier: verifier, Grants: grants, Revocations: a.revoked,
		Presence: a.presence, Rooms: a.rooms, Locks: a.locks, Store: d.store, Audit: trail, Metrics: m, Log: a.log, Now: time.Now,
		HeartbeatInterval: c.PingInterval, MessagesPerSecond: c.MessagesPerSecond, SessionsPerUser: c.SessionsPerUser, RoomsPerSession: c.RoomsPerSession,
		ResumeGrace: c.ResumeGrace, Patience: c.RedisGrace, Doubt: a.doubt})
	if err := a.join(); err != nil {
		return err
	}
	webhooks, err := a.openWebhooks()
	if err != nil {
		return err
	}
	a.sockets = a.newSockets()
	a.health = a.newHealth()
	routes, err := httpapi.Routes(httpapi.Options{Sockets: a.entrance(), Health: a.health, Metrics: m, Widget: widget.Files, Issuer: issuer, Notify: a.rooms.Notify, Webhooks: webhooks, Log: a.log,
		Admin: httpapi.Admin{Verifier: verifier, Grants: grants, Revoker: d.store, Row: trail.Row, Record: trail.Record, Log: a.log, Now: time.Now,
			Address:    httpapi.ClientAddress(c.TrustedProxies),
			Revoked:    func(ctx context.Context) error { return a.revoked.Refresh(ctx, d.store) },
			Recoveries: d.store, Recovered: func(ctx context.Context) error { return a.recovery.Refresh(ctx, d.store) }}})
	if err != nil {
		return err
	}
	a.server = &http.Server{Handler: routes, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
	a.sampleMetrics()
	return nil
}

func (a *App) newSockets() *socketio.Server {
	c := a.config
	o := engineio.Options{PingInterval: c.PingInterval, PingTimeout: c.PingTimeout, MaxOutboxBytes: c.OutboxBytes,
		ClientAddress: httpapi.ClientAddress(c.TrustedProxies)}
	if len(c.AllowedOrigins) > 0 {
		o.AllowOrigin = func(r *http.Request, origin string) bool {
			return slices.Contains(c.AllowedOrigins, origin) || engineio.SameOrigin(r, origin)
		}
	}
	a.named(&o)
	malformed := func(address string, err error) {
		a.metrics.CountError(collab.CodeBadRequest)
		a.log.Warn("socket: malformed packet", slog.String(obs.KeyAddress, address), obs.Err(err))
	}
	return socketio.NewServer(o, socketio.Options{OnMalformed: malformed}, map[string]socketio.Handler{"/": a.gate})
}

func (a *App) newHealth() *httpapi.Health {
	d, b := a.drivers, a.drivers.breakers
	return httpapi.NewHealth(httpapi.HealthOptions{
		Version: Version, Instance: a.config.Instance, Log: a.log, Now: time.Now,
		Dependencies: []httpapi.Dependency{
			{Name: storeName, Breaker: b[storeName], Ping: d.store.Ping, Required: true},
			{Name: stateName, Breaker: b[stateName], Ping: d.state.Ping, Grace: a.config.RedisGrace},
			{Name: busName, Breaker: b[busName], Ping: d.bus.Ping},
			{Name: archiveName, Breaker: b[archiveName], Ping: d.archive.Ping},
		},
		Changed: func(name string, since time.Time) {
			if since.IsZero() {
				if name == stateName {
					a.presence.Rebuild() // it may have lost everything
					a.gate.Readmit()
				}
				a.gate.Recovered(name)
			} else {
				a.gate.Degraded(name, since)
			}
		},
		Overdue: func(string) { a.gate.Suspend(drainSpread) },
	})
}

// sampleMetrics names the functions behind figures that are asked for at each scrape.
func (a *App) sampleMetrics() {
	a.metrics.ActiveUsers.Set(func() float64 { return float64(a.presence.ActiveUsers()) })
	a.metrics.Serving.Set(func() float64 { return zeroOne(a.health.Serves()) })
	a.metrics.OldestUncommitted.Set(func() float64 {
		_, oldest := a.drivers.store.Stats()
		if oldest.IsZero() {
			return 0
		}
		return time.Since(oldest).Seconds()
	})
}

// openKeys returns the keys that verify tokens, and in development the issuer of this installation.
func openKeys(c Config) (auth.KeySource, *auth.Issuer, error) {
	switch {
	case c.JWKSURL != "":
		keys, err := auth.NewRemoteKeys(c.JWKSURL, http.DefaultClient)
		return keys, nil, err
	case len(c.JWTKeys) > 0:
		keys, err := auth.LoadKeys(strings.Join(c.JWTKeys, ","))
		return keys, nil, err
	}
	keys, err := auth.OpenDevKeys(c.KeyFolder())
	if err != nil {
		return nil, nil, err
	}
	return keys, keys.Issuer(c.JWTIssuer, c.JWTAudience), nil
}

// meetBus waits until the bus answers, or has had time enough: it connects by itself, after the start.
func (a *App) meetBus(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstMeeting)
	defer cancel()
	tick := time.NewTicker(meetEvery)
	defer tick.Stop()
	for a.drivers.bus.Ping(ctx) != nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Start listens and serves. It returns when clients can connect.
func (a *App) Start(ctx context.Context) error {
	if err := errors.Join(a.revoked.Refresh(ctx, a.drivers.store), a.recovery.Refresh(ctx, a.drivers.store)); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", a.config.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	a.listener = listener
	if err := a.announce(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	running, stop := context.WithCancel(context.Background())
	a.stop = stop
	for _, run := range a.drivers.run {
		a.running.Go(func() { run(running) })
	}
	a.running.Go(func() { a.presence.Run(running) })
	a.running.Go(func() { a.compactor.Run(running) })
	a.running.Go(func() { a.coverer.Run(running) })
	a.running.Go(func() { a.sealer.Run(running) })
	a.running.Go(func() { a.notary.Run(running) })
	if a.drivers.trail != nil {
		a.running.Go(func() { a.archiveDaily(running) })
	}
	if a.config.JournalRetention != privacy.KeepForever {
		a.running.Go(func() { a.newRetention().Run(running) })
	}
	a.running.Go(func() { a.watchProofs(running) })
	a.watch(running)
	a.running.Go(func() { a.inbox.Run(running) })
	a.running.Go(func() { a.locks.Run(running, a.gate) })
	a.running.Go(func() { a.gate.Run(running, min(houseKeeping, a.config.ActivityTTL/4)) })
	a.running.Go(func() {
		a.meetBus(running)
		a.health.Run(running)
	})
	a.running.Go(func() { a.keepHouse(running) })
	a.running.Go(func() {
		if err := a.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- err
		}
	})
	a.log.Info("gateway: listening", slog.String(obs.KeyURL, "http://"+a.Addr()), obs.Instance(a.config.Instance), slog.String(obs.KeyVersion, Version))
	return nil
}

// keepHouse refreshes what this instance knows of revocations and recoveries, and samples gauges.
func (a *App) keepHouse(ctx context.Context) {
	refresh, sample := time.NewTicker(revocationRefresh), time.NewTicker(gaugeSample)
	defer refresh.Stop()
	defer sample.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-refresh.C:
			err := errors.Join(a.revoked.Refresh(ctx, a.drivers.store), a.recovery.Refresh(ctx, a.drivers.store))
			if err != nil && ctx.Err() == nil {
				a.log.Warn("gateway: revocations and recoveries", obs.Err(err))
			}
		case <-sample.C:
			a.metrics.Connections.Set(float64(a.sockets.Len()))
			a.metrics.OutboxBytes.Set(float64(a.gate.Backlog()))
		}
	}
}

// Addr returns the address that the gateway listens on.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Failed reports an HTTP server that ended by itself.
func (a *App) Failed() <-chan error { return a.failed }

// Stop drains the gateway and closes everything in reverse order, within ctx: readiness fails, sessions are told and
// closed, rooms finish what is under way, the drivers close last (SPEC C6).
func (a *App) Stop(ctx context.Context) error {
	a.health.Drain()
	err := a.gate.Drain(ctx, drainSpread, a.drainGrace())
	err = errors.Join(err, a.sockets.Close(ctx))
	if a.forwarder != nil {
		a.forwarder.Close() // what was passed on would hold the server
	}
	err = errors.Join(err, a.server.Shutdown(ctx))
	if err != nil {
		err = errors.Join(err, a.server.Close()) // what did not end in time
	}
	err = errors.Join(err, a.rooms.Close(ctx))
	a.stop()
	a.running.Wait()
	a.finishTrail(ctx)
	return errors.Join(err, a.close())
}

// drainGrace returns how long sessions wait for another instance to resume them. With the embedded state none can.
func (a *App) drainGrace() time.Duration {
	if strings.HasPrefix(a.config.StateURL, "inproc:") {
		return 0
	}
	return a.config.ResumeGrace
}

// close closes the drivers, and writes what they committed last to the log.
func (a *App) close() error {
	d := a.drivers
	err := errors.Join(d.state.Close(), d.store.Close(), d.archive.Close())
	close(a.trail.committed)
	a.logged.Wait()
	return err
}

// Abandon closes the drivers of an App that did not start.
func (a *App) Abandon() {
	if err := a.close(); err != nil {
		a.log.Error("gateway: close drivers", obs.Err(err))
	}
}

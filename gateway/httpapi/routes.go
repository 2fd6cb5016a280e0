package httpapi

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"corsia/gateway/auth"
	"corsia/gateway/room"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Paths of the sockets (SPEC C1).
const (
	socketPath         = "/ws/"
	standardSocketPath = "/socket.io/"
)

// Options are the parts that the routes lead to.
type Options struct {
	Sockets http.Handler // Engine.IO
	Health  *Health
	Metrics *obs.Metrics
	Widget  fs.FS        // dist/ and demo/
	Issuer  *auth.Issuer // of development tokens; nil: there is no demo
	Notify  func(room.Notification) bool
	Admin   Admin
	Log     *slog.Logger

	Webhooks Receiver
}

// Routes returns everything that the gateway serves.
func Routes(o Options) (http.Handler, error) {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) { mux.Handle(pattern, wrap(o.Log, h)) }
	sockets := o.Sockets
	admin := func(pattern string, h handler) { mux.Handle(pattern, wrap(o.Log, h)) }
	if o.Issuer != nil {
		sockets = o.here(sockets)
		admin = func(pattern string, h handler) { mux.Handle(pattern, o.here(wrap(o.Log, h))) }
	}
	mux.Handle(socketPath, sockets)
	mux.Handle(standardSocketPath, sockets)
	handle("GET /health", o.Health.serve)
	handle("GET /health/ready", o.Health.ready)
	handle("GET /health/live", o.Health.live)
	mux.Handle("GET /metrics", o.Metrics.Handler())
	built, err := fs.Sub(o.Widget, "dist")
	if err == nil {
		err = serveScripts(built, handle)
	}
	if err != nil {
		return nil, fmt.Errorf("widget files: %w", err)
	}
	admin("POST /api/revocations", o.Admin.revoke)
	admin("GET /api/recovery", o.Admin.recovery)
	admin("POST /api/recovery", o.Admin.openRecovery)
	admin("DELETE /api/recovery", o.Admin.closeRecovery)
	mux.HandleFunc("/api/webhooks/{source}", o.webhook)
	if o.Issuer == nil {
		return guard(mux), nil
	}
	files, err := fs.Sub(o.Widget, "demo")
	if err != nil {
		return nil, fmt.Errorf("demo files: %w", err)
	}
	d, err := newDemo(o.Issuer, files, o.Notify)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /{$}", http.RedirectHandler("/demo/", http.StatusFound))
	mux.Handle("GET /demo", http.RedirectHandler("/demo/", http.StatusMovedPermanently))
	mux.Handle("GET /demo/", http.StripPrefix("/demo/", http.FileServerFS(files)))
	handle("GET /demo/{$}", d.ward)
	handle("GET /demo/index.html", d.ward)
	handle("GET /demo/pane", d.pane)
	handle("GET /demo/split", d.split)
	handle("GET /demo/split.html", d.split)
	mux.Handle("POST /demo/push", o.here(wrap(o.Log, d.push)))
	handle("GET /token", d.token)
	handle("POST /token", d.token)
	return guard(mux), nil
}

// here lets only clients on this machine use development keys (SPEC 1).
func (o Options) here(next http.Handler) http.Handler {
	return wrap(o.Log, func(w http.ResponseWriter, r *http.Request) error {
		if !loopback(o.Admin.Address(r)) {
			return collab.NewError(collab.CodePermissionDenied, "development keys work on this machine alone; set JWT_KEYS or JWKS_URL")
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

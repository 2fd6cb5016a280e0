package httpapi

import (
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"corsia/gateway/auth"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Options are the parts that the routes lead to.
type Options struct {
	Sockets http.Handler // Engine.IO
	Health  *Health
	Metrics *obs.Metrics
	Widget  fs.FS        // dist/ and demo/
	Issuer  *auth.Issuer // of development tokens; nil: there is no demo
	Admin   Admin
	Log     *slog.Logger
}

// Routes returns everything that the gateway serves.
func Routes(o Options) (http.Handler, error) {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) { mux.Handle(pattern, wrap(o.Log, h)) }
	sockets, revoke := o.Sockets, wrap(o.Log, o.Admin.revoke)
	if o.Issuer != nil {
		sockets, revoke = o.here(sockets), o.here(revoke)
	}
	mux.Handle("/ws/", sockets)
	mux.Handle("/socket.io/", sockets)
	handle("GET /health", o.Health.serve)
	handle("GET /health/ready", o.Health.ready)
	handle("GET /health/live", o.Health.live)
	mux.Handle("GET /metrics", o.Metrics.Handler())
	for _, pattern := range []string{"dist/*.js", "dist/*.mjs"} {
		scripts, err := fs.Glob(o.Widget, pattern)
		if err != nil {
			return nil, fmt.Errorf("widget files: %w", err)
		}
		for _, name := range scripts {
			handle("GET /"+path.Base(name), script(o.Widget, name))
		}
	}
	mux.Handle("POST /api/revocations", revoke)
	if o.Issuer == nil {
		return mux, nil
	}
	files, err := fs.Sub(o.Widget, "demo")
	if err != nil {
		return nil, fmt.Errorf("demo files: %w", err)
	}
	d, err := newDemo(o.Issuer, files)
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
	handle("GET /token", d.token)
	handle("POST /token", d.token)
	return mux, nil
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

// script serves a file of the widget to pages of any origin, as a CDN would. Parts have the hash of their content in
// their names and never change.
func script(files fs.FS, name string) handler {
	cache := "no-cache"
	if strings.Contains(name, ".part-") {
		cache = "public, max-age=31536000, immutable"
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.Header().Set("Cache-Control", cache)
		http.ServeFileFS(w, r, files, name)
		return nil
	}
}

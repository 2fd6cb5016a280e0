package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// handler answers a request or returns why it could not; serve maps the error.
type handler func(w http.ResponseWriter, r *http.Request) error

// statuses are the HTTP answers to codes; every other is 500.
var statuses = map[collab.Code]int{
	collab.CodeBadRequest:       http.StatusBadRequest,
	collab.CodeUnauthorized:     http.StatusUnauthorized,
	collab.CodePermissionDenied: http.StatusForbidden,
	collab.CodeRateLimited:      http.StatusTooManyRequests,
	collab.CodeUnavailable:      http.StatusServiceUnavailable,
	collab.CodeDraining:         http.StatusServiceUnavailable,
}

// wrap adapts a handler: it logs and maps its error.
func wrap(log *slog.Logger, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		e := collab.AsError(err)
		status, known := statuses[e.Code]
		if !known {
			status = http.StatusInternalServerError
		}
		if status >= http.StatusInternalServerError {
			log.Error("http: request", slog.String(obs.KeyMethod, r.Method), slog.String(obs.KeyPath, r.URL.Path), obs.Code(e.Code), obs.Err(err))
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
		}
		_ = writeJSON(w, status, map[string]any{"ok": false, "error": map[string]any{"code": e.Code, "message": e.Msg}}) // the client is gone
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(body)
}

package httpapi

import (
	"net/http"
	"strings"
	"time"
)

const (
	// answerTimeout is how long a client may take to read an answer. Sockets bound each of their writes themselves.
	answerTimeout = time.Minute
	// strictPolicy lets a browser do nothing with an answer that it takes for a page. The demo's pages have their own.
	strictPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	// strictTransport keeps browsers that came by TLS from coming without it, for a year.
	strictTransport = "max-age=31536000; includeSubDomains"
)

// guard stands before all routes. It adds the headers that every answer has, and bounds how long a client may take over
// its request: the server waits for the rest of a body that no handler has read, before it looks at the connection again.
//
// Sockets set those headers themselves, as their answers may have come from another instance already.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, control := w.Header(), http.NewResponseController(w)
		if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
			h.Set("Strict-Transport-Security", strictTransport)
		}
		if !isSocket(r.URL.Path) {
			_ = control.SetWriteDeadline(time.Now().Add(answerTimeout)) // not every writer has one; the next request has another
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Content-Security-Policy", strictPolicy)
		}
		next.ServeHTTP(w, r)
		if r.ContentLength != 0 {
			_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // the next request has another
		}
	})
}

func isSocket(path string) bool {
	return strings.HasPrefix(path, socketPath) || strings.HasPrefix(path, standardSocketPath)
}

// readWithin bounds how long a handler waits for a body.
func readWithin(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // where the connection has one
}

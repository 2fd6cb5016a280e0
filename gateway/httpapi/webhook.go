package httpapi

import (
	"context"
	"maps"
	"net/http"

	"corsia/shared/webhook"
)

// Receiver judges what other systems send (SPEC W3).
type Receiver interface {
	Receive(ctx context.Context, q webhook.Request) webhook.Answer
}

// webhook serves /api/webhooks/{source}.
func (o Options) webhook(w http.ResponseWriter, r *http.Request) {
	readWithin(w)
	a := o.Webhooks.Receive(r.Context(), webhook.Request{Method: r.Method, Source: r.PathValue("source"), Address: o.Admin.Address(r), Header: r.Header, Body: r.Body})
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client may be gone: it will send again
}

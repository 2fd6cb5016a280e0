package httpapi

import (
	"encoding/json"
	"mime"
	"net/http"
	"time"
	"unicode/utf8"

	"corsia/gateway/room"
	"corsia/shared/collab"
)

// Bounds of a demonstrated push.
const (
	maxPushBody      = 64 << 10
	maxEventType     = 100 // bytes
	demoSource       = "demo"
	defaultEventType = "resource.updated"
)

// push serves POST /demo/push: it tells a room that its resource has changed in another system, so that the demo can show
// what an EMR's webhook does. Like the rest of the demo it is for this machine alone.
func (d *demo) push(w http.ResponseWriter, r *http.Request) error {
	if !local(r) {
		return errNotLocal
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" { // a form of another page is none
		return collab.NewError(collab.CodeBadRequest, "the body is not application/json")
	}
	readWithin(w)
	var q struct {
		ResourceID string          `json:"resourceId"`
		EventType  string          `json:"eventType"`
		Data       json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPushBody)).Decode(&q); err != nil {
		return badRequest("the body is not an object of at most 64 KiB", err)
	}
	id, err := collab.ParseResourceID(q.ResourceID)
	if err != nil {
		return badRequest("the body names no resource", err)
	}
	if len(q.EventType) > maxEventType || !utf8.ValidString(q.EventType) {
		return collab.NewError(collab.CodeBadRequest, "eventType is too long")
	}
	n := room.Notification{Delivery: collab.NewDeliveryID(), Resource: collab.Resource{Tenant: collab.DefaultTenant, ID: id}, Source: demoSource,
		EventType: or(q.EventType, defaultEventType), OccurredAt: time.Now(), Data: q.Data}
	if !d.notify(n) {
		return &collab.Error{Code: collab.CodeUnavailable, Msg: "the room takes nothing at the moment", RetryAfter: time.Second}
	}
	return writeJSON(w, http.StatusAccepted, map[string]any{"ok": true, "deliveryId": n.Delivery})
}

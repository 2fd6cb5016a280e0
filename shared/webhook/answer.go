package webhook

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"corsia/shared/collab"
)

// Results of requests, for metrics.
const (
	ResultAccepted     = "accepted"
	ResultReplayed     = "replayed" // accepted before
	ResultGreeted      = "greeted"  // a handshake or a heartbeat
	ResultUnauthorized = "unauthorized"
	ResultRejected     = "rejected"
	ResultConflict     = "conflict" // the same message is being taken in
	ResultLimited      = "limited"
	ResultUnavailable  = "unavailable"
)

// Results are all of them.
var Results = []string{ResultAccepted, ResultReplayed, ResultGreeted, ResultUnauthorized, ResultRejected, ResultConflict, ResultLimited, ResultUnavailable}

// Answer is what a sender gets.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Result string
}

const (
	typeJSON = "application/json"
	typeHL7  = "application/hl7-v2"
)

func itoa(n int) string { return strconv.Itoa(n) }

func answer(status int, result string, body any) Answer {
	encoded, _ := json.Marshal(body) // maps of texts always encode
	return Answer{Status: status, Result: result, Body: append(encoded, '\n'),
		Header: http.Header{"Content-Type": {typeJSON}, "Cache-Control": {"no-store"}}}
}

var codes = map[int]collab.Code{
	http.StatusUnauthorized: collab.CodeUnauthorized, http.StatusTooManyRequests: collab.CodeRateLimited,
	http.StatusUnprocessableEntity: collab.CodeInvalid, http.StatusServiceUnavailable: collab.CodeUnavailable,
	http.StatusConflict: collab.CodeUnavailable,
}

func (c *call) refuse(status int, result, msg string) Answer {
	code, known := codes[status]
	if !known {
		code = collab.CodeBadRequest
	}
	return answer(status, result, map[string]any{"ok": false, "error": map[string]any{"code": code, "message": msg}})
}

// later is refuse for what may work in a moment.
func (c *call) later(status int, result, msg string) Answer {
	a := c.refuse(status, result, msg)
	a.Header.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	return a
}

// unauthorized is the one answer to whatever is wrong with who a request is from.
func (c *call) unauthorized() Answer {
	a := c.refuse(http.StatusUnauthorized, ResultUnauthorized, "the request is not authenticated")
	switch c.source.Profile {
	case Bearer:
		a.Header.Set("Www-Authenticate", "Bearer")
	case Basic:
		a.Header.Set("Www-Authenticate", `Basic realm="corsia"`)
	default:
		a.Header.Set("Www-Authenticate", "Webhook")
	}
	return a
}

// greeted answers a handshake or a heartbeat.
func (c *call) greeted() Answer {
	return answer(http.StatusOK, ResultGreeted, map[string]any{"ok": true, "kind": c.message.Kind})
}

// accepted answers what is in the inbox. A message that was there already gets the same answer as then.
func (c *call) accepted(kept collab.Accepted) Answer {
	a := answer(http.StatusAccepted, ResultAccepted, map[string]any{"ok": true, "deliveryId": kept.ID})
	if c.message.header != nil {
		a.Body = ack(c.message.header, ackAccepted, kept.ID, "", kept.ReceivedAt)
		a.Header.Set("Content-Type", typeHL7)
	}
	if kept.Replayed {
		a.Result = ResultReplayed
		a.Header.Set("Idempotent-Replayed", "true")
	}
	return a
}

// acknowledged puts an acknowledgement in the place of the body when an HL7 message is answered.
func (c *call) acknowledged(a Answer, code, text string) Answer {
	if c.message.header != nil {
		a.Body = ack(c.message.header, code, collab.NewDeliveryID(), text, c.now)
		a.Header.Set("Content-Type", typeHL7)
	}
	return a
}

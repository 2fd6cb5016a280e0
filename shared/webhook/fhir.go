package webhook

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"corsia/shared/collab"
)

// bundle is what is read of a notification (R4 backport, R4B, R5): its status, and of the resources in it no more than
// their ids, versions and what was done to them.
type bundle struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	Type         string `json:"type"`
	Timestamp    string `json:"timestamp"`
	Entry        []struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
		Request  struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
	} `json:"entry"`
}

// status is a SubscriptionStatus (R4B, R5), or a Parameters resource that says the same (R4 backport).
type status struct {
	ResourceType string              `json:"resourceType"`
	Type         string              `json:"type"`
	Subscription reference           `json:"subscription"`
	Topic        string              `json:"topic"`
	Events       []notificationEvent `json:"notificationEvent"`
	Parameter    []parameter         `json:"parameter"`
}

type notificationEvent struct {
	Number    any       `json:"eventNumber"` // a text in R4B and R5; senders write numbers too
	Timestamp string    `json:"timestamp"`
	Focus     reference `json:"focus"`
}

type reference struct {
	Reference string `json:"reference"`
}

type parameter struct {
	Name      string      `json:"name"`
	Reference reference   `json:"valueReference"`
	Code      string      `json:"valueCode"`
	Canonical string      `json:"valueCanonical"`
	Text      string      `json:"valueString"`
	Number    json.Number `json:"valueUnsignedInt"`
	Instant   string      `json:"valueInstant"`
	DateTime  string      `json:"valueDateTime"`
	Part      []parameter `json:"part"`
}

// fhirReference is the last part of a literal reference, relative or not: Type/id, perhaps with a version.
var fhirReference = regexp.MustCompile(`(?:^|/)([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?$`)

func (s *Source) readFHIR(m *Message, h http.Header, body []byte, now time.Time) error {
	var b bundle
	if json.Unmarshal(body, &b) != nil {
		return content("the body is no FHIR Bundle")
	}
	if b.ResourceType != "Bundle" || b.Type != "history" && b.Type != "subscription-notification" || len(b.Entry) == 0 {
		return content("the body is no Bundle of a subscription notification")
	}
	var st status
	if json.Unmarshal(b.Entry[0].Resource, &st) != nil || st.ResourceType != "SubscriptionStatus" && st.ResourceType != "Parameters" {
		return content("the Bundle's first entry is no status of a subscription")
	}
	st.readParameters()
	switch st.Type {
	case "handshake":
		m.Kind = KindHandshake
		return nil
	case "heartbeat":
		m.Kind = KindHeartbeat
		return nil
	case "event-notification":
	default:
		return content("the notification is none of handshake, heartbeat, event-notification")
	}
	if len(st.Events) == 0 {
		return content("the notification has no events")
	}
	if len(st.Events) > maxPushes {
		return content("the message is about more than %d resources", maxPushes)
	}
	var numbers []string
	for _, e := range st.Events {
		numbers = append(numbers, eventNumber(e.Number))
		p, err := s.fhirPush(&b, &st, e, now)
		if err != nil {
			return err
		}
		m.Pushes = append(m.Pushes, p)
	}
	var err error
	m.ID, err = s.identify(m, h, b.ID, func(expression string) string {
		switch expression {
		case "bundle":
			return b.ID
		case "events":
			return strings.Join(numbers, ",")
		}
		return st.value(expression, "")
	})
	return err
}

// eventNumber returns the number as a text.
func eventNumber(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// fhirPush returns what an event says about its focus.
func (s *Source) fhirPush(b *bundle, st *status, e notificationEvent, now time.Time) (collab.Push, error) {
	p := collab.Push{OccurredAt: now}
	for _, text := range []string{e.Timestamp, b.Timestamp} {
		if t, ok := instant(text); ok {
			p.OccurredAt = t
			break
		}
	}
	focus := fhirReference.FindStringSubmatch(e.Focus.Reference)
	if e.Focus.Reference != "" && focus == nil {
		return p, content("a focus is no reference to a resource")
	}
	id, ok := or(s.resource, fhirResource).expand(func(expression string) string { return st.value(expression, e.Focus.Reference) })
	if !ok {
		return p, content("an event has no focus, of which this source makes the resource's id: ask for the payload id-only")
	}
	p.Resource.ID = collab.ResourceID(id)
	p.EventType = "changed"
	if focus == nil {
		return p, nil
	}
	done, version := b.done(focus[1] + "/" + focus[2])
	if focus[3] != "" {
		version = focus[3]
	}
	p.EventType = focus[1] + "." + done
	if version != "" && len(version) <= maxVersionBytes && printable(version) {
		p.Version, _ = versionOf(version)
	}
	p.Data, _ = json.Marshal(map[string]string{"focus": focus[1] + "/" + focus[2], "topic": clip(st.Topic)}) // texts always encode
	return p, nil
}

const maxTopicBytes = 512

func clip(s string) string {
	if len(s) > maxTopicBytes || !printable(s) {
		return ""
	}
	return s
}

// value returns what an expression of a template means for an event with a focus.
func (st *status) value(expression, focus string) string {
	match := fhirReference.FindStringSubmatch(focus)
	switch {
	case expression == "topic":
		return st.Topic
	case expression == "subscription":
		return st.Subscription.Reference
	case match == nil:
		return ""
	case expression == "reference":
		return match[1] + "/" + match[2]
	case expression == "type":
		return match[1]
	case expression == "id":
		return match[2]
	}
	return ""
}

// done returns what was done to a resource of the bundle, and its version, as far as its entries say so.
func (b *bundle) done(name string) (what, version string) {
	what = "changed"
	for _, e := range b.Entry[1:] {
		match := fhirReference.FindStringSubmatch(e.FullURL)
		if match == nil {
			match = fhirReference.FindStringSubmatch(e.Request.URL)
		}
		if match == nil || match[1]+"/"+match[2] != name {
			continue
		}
		if did := map[string]string{"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}[e.Request.Method]; did != "" {
			what = did
		}
		var r struct {
			Meta struct {
				VersionID string `json:"versionId"`
			} `json:"meta"`
		}
		if len(e.Resource) > 0 && json.Unmarshal(e.Resource, &r) == nil && r.Meta.VersionID != "" {
			version = r.Meta.VersionID
		}
	}
	return what, version
}

// readParameters takes over what the R4 backport says in Parameters.
func (st *status) readParameters() {
	for _, p := range st.Parameter {
		switch p.Name {
		case "subscription":
			st.Subscription = p.Reference
		case "topic":
			st.Topic = p.Canonical
		case "type":
			st.Type = p.Code
		case "notification-event":
			var e notificationEvent
			for _, part := range p.Part {
				switch part.Name {
				case "event-number":
					e.Number = part.Text + part.Number.String()
				case "timestamp":
					e.Timestamp = part.Instant + part.DateTime
				case "focus":
					e.Focus = part.Reference
				}
			}
			st.Events = append(st.Events, e)
		}
	}
}

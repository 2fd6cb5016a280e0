package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"corsia/shared/collab"
	"corsia/shared/webhook"
)

const (
	webhookUsage      = "usage: corsia webhook send -profile standard|github|bearer|basic [flags]\n"
	defaultWebhookURL = "http://127.0.0.1:8080/api/webhooks/resource-updated"
	sendTimeout       = 30 * time.Second
	maxShownAnswer    = 64 << 10
)

// message is what `corsia webhook send` is asked to send.
type message struct {
	url, profile, secretFile, id       string
	kind, file                         string
	resource, eventType, version, data string
}

// sendWebhook serves `corsia webhook send`: it signs a message as an EMR would, sends it, and prints the answer.
func sendWebhook(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] != "send" {
		fmt.Fprint(stderr, webhookUsage)
		return 2
	}
	var m message
	set := flag.NewFlagSet("corsia webhook send", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&m.url, "url", defaultWebhookURL, "where the source's messages go")
	set.StringVar(&m.profile, "profile", string(webhook.Standard), "how the source proves who it is: standard, github, bearer or basic (user:password)")
	set.StringVar(&m.secretFile, "secret-file", "", "file with the secret; default: the environment variable WEBHOOK_SECRET")
	set.StringVar(&m.id, "id", "", "id of the message: the same one again is a retry; default: a new one")
	set.StringVar(&m.kind, "content-type", "application/json", "application/json, application/fhir+json or application/hl7-v2")
	set.StringVar(&m.file, "file", "", "file with the body, - for standard input; default: made of the following")
	set.StringVar(&m.resource, "resource", "", "resource id, such as page:/patient/12345")
	set.StringVar(&m.eventType, "event-type", "resource.updated", "what happened")
	set.StringVar(&m.version, "version", "", "version of the resource, JSON; default: none")
	set.StringVar(&m.data, "data", "", "what is shown to who is in the room, JSON; default: none")
	if err := set.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if set.NArg() > 0 {
		fmt.Fprint(stderr, webhookUsage)
		return 2
	}
	q, err := m.request(getenv, time.Now())
	if err != nil {
		fmt.Fprintf(stderr, "corsia webhook send: %v\n", err)
		return 2
	}
	return send(q, stdout, stderr)
}

// request returns the signed request.
func (m message) request(getenv func(string) string, now time.Time) (*http.Request, error) {
	secret := getenv("WEBHOOK_SECRET")
	if m.secretFile != "" {
		text, err := os.ReadFile(m.secretFile)
		if err != nil {
			return nil, errors.New("the file with the secret cannot be read")
		}
		secret = string(text)
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return nil, errors.New("there is no secret: set WEBHOOK_SECRET or -secret-file")
	}
	body, err := m.body(now)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(context.Background(), http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("-url is no URL")
	}
	if m.id == "" {
		m.id = "msg_" + strings.TrimPrefix(collab.NewDeliveryID(), "d_")
	}
	q.Header.Set("Content-Type", m.kind)
	q.Header.Set("User-Agent", "corsia-webhook-send")
	return q, webhook.Sign(q.Header, webhook.Profile(m.profile), secret, m.id, now, body)
}

func (m message) body(now time.Time) ([]byte, error) {
	switch {
	case m.file == "-":
		return io.ReadAll(io.LimitReader(os.Stdin, webhook.MaxBodyBytes+1))
	case m.file != "":
		return os.ReadFile(m.file)
	case m.resource == "":
		return nil, errors.New("there is nothing to send: -resource or -file is required")
	}
	fields := map[string]any{"resourceId": m.resource, "eventType": m.eventType, "occurredAt": now.UTC().Format(time.RFC3339Nano)}
	for name, text := range map[string]string{"version": m.version, "data": m.data} {
		if text == "" {
			continue
		}
		if !json.Valid([]byte(text)) {
			return nil, errors.New("-" + name + " is no JSON: a text stands in double quotes")
		}
		fields[name] = json.RawMessage(text)
	}
	return json.Marshal(fields)
}

// send sends the request and prints the answer. The status is 0 when the gateway has taken the message.
func send(q *http.Request, stdout, stderr io.Writer) int {
	client := http.Client{Timeout: sendTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if id := q.Header.Get("Webhook-Id"); id != "" {
		fmt.Fprintf(stdout, "Webhook-Id: %s\n", id)
	}
	start := time.Now()
	answer, err := client.Do(q)
	if err != nil {
		fmt.Fprintf(stderr, "corsia webhook send: %v\n", err)
		return 1
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxShownAnswer))
	if err != nil {
		fmt.Fprintf(stderr, "corsia webhook send: read the answer: %v\n", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s in %v\n", answer.Status, time.Since(start).Round(time.Millisecond))
	for _, name := range []string{"Idempotent-Replayed", "Retry-After", "Allow"} {
		if value := answer.Header.Get(name); value != "" {
			fmt.Fprintf(stdout, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintln(stdout, strings.TrimSpace(strings.ReplaceAll(string(body), "\r", "\n")))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return 1
	}
	return 0
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

const (
	tellLimit    = 5 * time.Second
	pagerDutyURL = "https://events.pagerduty.com/v2/enqueue"
)

// people are a channel of Slack and whoever PagerDuty wakes.
type people struct {
	slack     string // URL of an incoming webhook, which is a secret; empty: none
	pagerDuty string // routing key of a service; empty: none
	pagerURL  string
	source    string // what is released where, such as "corsia production"
	client    *http.Client
	log       *slog.Logger
}

// Tell sends a text to Slack, and an incident to PagerDuty too. A release does not wait long for either.
func (p *people) Tell(ctx context.Context, text string, incident bool) {
	p.log.Info(text)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellLimit)
	defer cancel()
	if p.slack != "" {
		p.post(ctx, "Slack", p.slack, map[string]any{"text": p.source + ": " + text})
	}
	if incident && p.pagerDuty != "" {
		// https://developer.pagerduty.com/docs/send-alert-event
		p.post(ctx, "PagerDuty", p.pagerURL, map[string]any{"routing_key": p.pagerDuty, "event_action": "trigger", "dedup_key": p.source,
			"payload": map[string]any{"summary": text, "source": p.source, "severity": "critical"}})
	}
}

func (p *people) post(ctx context.Context, to, url string, body map[string]any) {
	err := func() error {
		payload, err := json.Marshal(body)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := p.client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= http.StatusMultipleChoices {
			return fmt.Errorf("it answers %s", resp.Status)
		}
		return nil
	}()
	if err != nil {
		p.log.Warn("a message was not sent", "to", to, "error", hideURL(err))
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	answerLimit   = 10 * time.Second
	maxAnswer     = 4 << 20 // bytes of /metrics
	smokeMetric   = "websocket_connections_total"
	engineOpen    = "0" // Engine.IO packets, and the Socket.IO packets in them
	enginePing    = "2"
	enginePong    = "3"
	socketConnect = "40"
	socketError   = "44"
	socketEvent   = "42"
)

// probe tries a side by the same load balancer that clients use: a header leads to the side that it names, whatever weight that has.
type probe struct {
	url     string // https://…
	header  string // its value is a colour
	token   string // of a test user
	version string // that /health must tell; empty: any
	client  *http.Client
}

// Try asks for /health, connects a socket with a token, and reads /metrics (SPEC O2).
func (p *probe) Try(ctx context.Context, c Colour) error {
	if err := p.health(ctx, c); err != nil {
		return fmt.Errorf("/health: %w", err)
	}
	if err := p.socket(ctx, c); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	body, err := p.get(ctx, c, "/metrics")
	if err == nil && !strings.Contains(string(body), "\n"+smokeMetric+" ") {
		err = fmt.Errorf("there is no %s", smokeMetric)
	}
	if err != nil {
		return fmt.Errorf("/metrics: %w", err)
	}
	return nil
}

func (p *probe) choose(c Colour) http.Header {
	return http.Header{http.CanonicalHeaderKey(p.header): {string(c)}}
}

func (p *probe) get(ctx context.Context, c Colour, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header = p.choose(c)
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return body, err
}

func (p *probe) health(ctx context.Context, c Colour) error {
	body, err := p.get(ctx, c, "/health")
	if err != nil {
		return err
	}
	var answer struct{ Status, Version string }
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	switch {
	case answer.Status != "healthy":
		return fmt.Errorf("it is %s", answer.Status)
	case p.version != "" && answer.Version != p.version:
		return fmt.Errorf("it is version %s, not %s", answer.Version, p.version)
	}
	return nil
}

// socket connects as the widget does, and waits for the word that it is in.
func (p *probe) socket(ctx context.Context, c Colour) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(p.url, "http")+"/ws/?EIO=4&transport=websocket", p.choose(c))
	if resp != nil {
		defer resp.Body.Close()
	}
	if err != nil && resp != nil {
		return errors.New(resp.Status)
	}
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it has said what is asked
	deadline, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(deadline)
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		answer := ""
		switch text := string(frame); {
		case strings.HasPrefix(text, socketError):
			return fmt.Errorf("it was refused: %s", text[len(socketError):])
		case strings.HasPrefix(text, socketEvent+`["CONNECTED"`):
			return nil
		case strings.HasPrefix(text, engineOpen):
			payload, err := json.Marshal(map[string]string{"token": p.token})
			if err != nil {
				return err
			}
			answer = socketConnect + string(payload)
		case text == enginePing:
			answer = enginePong
		default:
			continue
		}
		if err := conn.WriteMessage(websocket.TextMessage, []byte(answer)); err != nil {
			return err
		}
	}
}

// Package obs owns what operators see of a running process: the log with its closed set of keys and the metrics.
package obs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// NewLogger returns a logger that writes one JSON object a line to w (T6). It writes known keys alone; a line that had
// others says how many under "dropped". Its messages are constants; everything that varies is an attribute.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(&handler{next: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})})
}

// TB is what TestLogger needs of a testing.TB.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// TestLogger returns a logger of every level that writes to w and fails the test on an attribute outside the closed set.
func TestLogger(t TB, w io.Writer) *slog.Logger {
	return slog.New(&handler{next: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}), test: t})
}

// ParseLevel returns the level that LOG_LEVEL names: debug, info, warn or error.
func ParseLevel(name string) (slog.Level, error) {
	switch strings.ToLower(name) {
	case "debug":
		return slog.LevelDebug, nil
	case "info", "":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return slog.LevelInfo, fmt.Errorf("log level %q is not debug, info, warn or error", clip(name, maxNameBytes))
}

// handler lets known keys with harmless values through. It is immutable; its copies share the writer of next.
type handler struct {
	next    slog.Handler
	dropped int // attributes that With lost
	test    TB  // nil in production
}

// Enabled reports whether the level is written.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle writes the record, reduced to what may be logged.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time.UTC(), r.Level, cleanText(r.Message, maxTextBytes), 0)
	dropped := h.dropped
	r.Attrs(func(a slog.Attr) bool {
		kept, ok := h.admit(a)
		if !ok {
			dropped++
			return true
		}
		out.AddAttrs(kept)
		return true
	})
	if dropped > 0 {
		out.AddAttrs(slog.Int(KeyDropped, dropped))
	}
	return h.next.Handle(ctx, out)
}

// WithAttrs returns a handler that adds the attributes to every line.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	kept := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if a, ok := h.admit(a); ok {
			kept = append(kept, a)
		} else {
			with.dropped++
		}
	}
	with.next = h.next.WithAttrs(kept)
	return &with
}

// WithGroup is outside the closed set: the lines stay flat, and each says that something was dropped.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h.refuse(name, "a group")
	with := *h
	with.dropped++
	return &with
}

// admit returns the attribute as it may be written, and whether it may be.
func (h *handler) admit(a slog.Attr) (slog.Attr, bool) {
	if a.Equal(slog.Attr{}) {
		return a, true // slog's handlers ignore it
	}
	if !known[a.Key] {
		h.refuse(a.Key, "not a known key")
		return a, false
	}
	value, ok := cleanValue(a.Key, a.Value.Resolve())
	if !ok {
		h.refuse(a.Key, "of a type whose text nobody bounded")
		return a, false
	}
	return slog.Attr{Key: a.Key, Value: value}, true
}

func (h *handler) refuse(key, why string) {
	if h.test != nil {
		h.test.Helper()
		h.test.Errorf("log attribute %q is %s (T6)", key, why)
	}
}

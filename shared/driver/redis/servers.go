package redis

import (
	"context"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// servers notices that another server answers than before. A server has a random id for its life, `run_id` of INFO.
type servers struct {
	// Set by Open, never changed.
	replaced func()

	// Guarded by mu.
	mu sync.Mutex
	id string // of the last one met; empty: none yet
}

// met looks at a new connection. Where INFO is not allowed nothing is noticed, and nothing else is lost.
func (s *servers) met(ctx context.Context, c *redis.Conn) error {
	info, err := c.Info(ctx, "server").Result()
	id := runID(info)
	if err != nil || id == "" {
		return nil
	}
	s.mu.Lock()
	another := s.id != "" && s.id != id
	s.id = id
	s.mu.Unlock()
	if another {
		s.replaced()
	}
	return nil
}

// runID finds the server's id in the answer to INFO.
func runID(info string) string {
	for line := range strings.Lines(info) {
		if id, found := strings.CutPrefix(line, "run_id:"); found {
			return strings.TrimSpace(id)
		}
	}
	return ""
}

package main

import (
	"context"
	"fmt"
	"time"
)

// clusterRates sends at one rate after the other, each from new sockets into new records. The members of a room are spread
// over the instances, so that most deliveries go from one to another.
func clusterRates(ctx context.Context, b *bench) error {
	if len(b.settings.Rates) == 0 {
		return fmt.Errorf("a cluster needs -rates")
	}
	first := b.run
	b.results = nil
	for _, messages := range b.settings.Rates {
		b.settings.Rate = messages / float64(b.settings.Sockets)
		b.run = fmt.Sprintf("%s-%.0f", first, messages)
		b.report(b.settings.Scenario)
		b.result.Step = fmt.Sprintf("%.0f/s", messages)
		if err := rate(ctx, b); err != nil {
			return fmt.Errorf("%.0f messages a second: %w", messages, err)
		}
	}
	return nil
}

// limit returns the limit of the latency of deliveries, which a cluster must keep up to a rate.
func (b *bench) limit() time.Duration {
	s := b.settings
	if s.UpTo > 0 && s.Rate*float64(s.Sockets) > s.UpTo {
		return 0
	}
	return s.MaxP99
}

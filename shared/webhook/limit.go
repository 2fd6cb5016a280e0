package webhook

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter bounds how often something happens, by key. It remembers the keys of at least the last maxKeys requests, and no
// more than twice as many: who comes back after that begins anew.
type limiter struct {
	// Set by newLimiter, never changed.
	perSecond rate.Limit
	burst     int
	maxKeys   int

	// Guarded by mu.
	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

func newLimiter(perSecond, burst, maxKeys int) *limiter {
	return &limiter{perSecond: rate.Limit(perSecond), burst: burst, maxKeys: maxKeys, young: map[string]*rate.Limiter{}}
}

// allow counts an event and reports whether it is within the bound.
func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.young[key]
	if one == nil {
		if one = l.old[key]; one == nil {
			one = rate.NewLimiter(l.perSecond, l.burst)
		}
		if len(l.young) >= l.maxKeys {
			l.young, l.old = map[string]*rate.Limiter{}, l.young
		}
		l.young[key] = one
	}
	return one.AllowN(now, 1)
}

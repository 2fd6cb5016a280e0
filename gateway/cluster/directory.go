// Package cluster owns what the instances of a gateway do for each other: they know who lives, pass requests on to the
// instance that a session id names, and clean up after one that died.
package cluster

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

// Registry keeps which instances live: those whose announcement is not older than its TTL.
type Registry interface {
	Announce(ctx context.Context, i collab.Instance, ttl time.Duration) (known bool, err error)
	Withdraw(ctx context.Context, i collab.Instance) error
	Instances(ctx context.Context) ([]collab.Instance, error)
}

// DefaultTTL is how long an instance is known without a renewal (SPEC C3).
const DefaultTTL = 15 * time.Second

const (
	renewals       = 3                      // times that an instance is announced within its TTL
	refreshEvery   = time.Second            // how old the address of an instance may be
	missEvery      = 100 * time.Millisecond // how often the registry is asked for instances that are not known
	operationLimit = 2 * time.Second
)

// DirectoryOptions configures a Directory.
type DirectoryOptions struct {
	Registry Registry
	Instance collab.InstanceID
	Version  string
	TTL      time.Duration // 0: DefaultTTL
	// Lost is called by Run when the registry had forgotten this instance: most likely it lost everything, so what else it
	// knew of this instance must be told again (SPEC R5). It must not wait: renewals wait for it.
	Lost func()
	Log  *slog.Logger
	Now  func() time.Time
}

// Directory announces this instance and knows the addresses of the others.
type Directory struct {
	// Set by NewDirectory, never changed.
	DirectoryOptions

	asking singleflight.Group // of those who want an instance that is not known

	// Guarded by mu.
	mu     sync.Mutex
	self   collab.Instance
	others map[collab.InstanceID]sighting
	asked  time.Time // when the registry was asked last
	calm   time.Time // until then nobody is declared dead: everybody has to be announced again
}

// sighting is when an instance was seen last, and where.
type sighting struct {
	addr string
	at   time.Time
}

// NewDirectory returns a directory that knows nobody. The owner calls Announce and then Run.
func NewDirectory(o DirectoryOptions) *Directory {
	o.TTL = cmp.Or(o.TTL, DefaultTTL)
	return &Directory{DirectoryOptions: o, others: map[collab.InstanceID]sighting{}}
}

// Announce makes this instance known at an address, before it serves its first client.
func (d *Directory) Announce(ctx context.Context, addr string) error {
	now := d.Now()
	d.mu.Lock()
	d.self = collab.Instance{ID: d.Instance, Addr: addr, Version: d.Version, StartedAt: now}
	d.calm = now.Add(d.TTL)
	d.mu.Unlock()
	_, err := d.announce(ctx)
	return err
}

// Run renews the announcement and looks at the others until ctx ends. Then it withdraws: nobody finds this instance any
// more, so its clients are gone before.
func (d *Directory) Run(ctx context.Context) {
	renew, refresh := time.NewTicker(d.TTL/renewals), time.NewTicker(min(refreshEvery, d.TTL/renewals))
	defer renew.Stop()
	defer refresh.Stop()
	for {
		select {
		case <-ctx.Done():
			d.withdraw()
			return
		case <-renew.C:
			d.renew(ctx)
		case <-refresh.C:
			if _, err := d.refresh(ctx); err != nil && ctx.Err() == nil {
				d.Log.Warn("cluster: look for instances", obs.Err(err))
			}
		}
	}
}

func (d *Directory) renew(ctx context.Context) {
	known, err := d.announce(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		d.Log.Warn("cluster: announce this instance", obs.Err(err))
	case err == nil && !known:
		d.Log.Warn("cluster: this instance was forgotten; it is announced again")
		d.mu.Lock()
		d.calm = d.Now().Add(d.TTL)
		d.mu.Unlock()
		if d.Lost != nil {
			d.Lost()
		}
	}
}

func (d *Directory) announce(ctx context.Context) (known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	return d.Registry.Announce(ctx, d.me(), d.TTL)
}

func (d *Directory) withdraw() {
	ctx, cancel := context.WithTimeout(context.Background(), operationLimit)
	defer cancel()
	if err := d.Registry.Withdraw(ctx, d.me()); err != nil {
		d.Log.Warn("cluster: withdraw this instance", obs.Err(err)) // it expires by itself
	}
}

func (d *Directory) me() collab.Instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.self
}

// Lookup returns the address of an instance. An address that is known is used without asking, while the registry is away
// for as long as it may be. One that the registry forgot is kept for another TTL: it may have forgotten everybody, and who
// is dead does not answer. Names that nobody has cost the registry few questions, however many there are.
func (d *Directory) Lookup(ctx context.Context, id collab.InstanceID) (addr string, found bool) {
	if addr, found = d.known(id); found {
		return addr, true
	}
	_, err, _ := d.asking.Do("", func() (any, error) {
		if d.askedJust() {
			return nil, nil
		}
		return d.refresh(context.WithoutCancel(ctx)) // others wait for it too
	})
	if err != nil {
		d.Log.Warn("cluster: look for an instance", obs.Instance(id), obs.Err(err))
		return "", false
	}
	return d.known(id)
}

func (d *Directory) known(id collab.InstanceID) (addr string, found bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, found := d.others[id]
	return s.addr, found
}

func (d *Directory) askedJust() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Now().Sub(d.asked) < missEvery
}

// refresh asks the registry who lives.
func (d *Directory) refresh(ctx context.Context) ([]collab.Instance, error) {
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	now := d.Now()
	d.mu.Lock()
	d.asked = now
	d.mu.Unlock()
	all, err := d.Registry.Instances(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range all {
		if i.ID != d.Instance {
			d.others[i.ID] = sighting{i.Addr, now}
		}
	}
	for id, s := range d.others {
		if now.Sub(s.at) > d.TTL {
			delete(d.others, id)
		}
	}
	return all, nil
}

// live returns who lives, and whether that is the whole truth: not right after the start or a loss, nor when this instance
// itself is missing.
func (d *Directory) live(ctx context.Context) (map[collab.InstanceID]bool, bool, error) {
	all, err := d.refresh(ctx)
	if err != nil {
		return nil, false, err
	}
	live := make(map[collab.InstanceID]bool, len(all))
	for _, i := range all {
		live[i.ID] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return live, live[d.Instance] && !d.Now().Before(d.calm), nil
}

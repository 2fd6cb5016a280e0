package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"corsia/gateway/cluster"
	"corsia/gateway/engineio"
	"corsia/gateway/httpapi"
	"corsia/shared/collab"
)

// join builds what makes this instance one of several: where the others are, and the way of requests to them. Without a
// shared state driver it is alone; without a key among instances requests are not passed on.
func (a *App) join() error {
	c := a.config
	if a.drivers.instances == nil {
		return nil
	}
	a.directory = cluster.NewDirectory(cluster.DirectoryOptions{Registry: a.drivers.instances, Instance: c.Instance, Version: Version,
		Lost: a.presence.Repair, Log: a.log, Now: time.Now})
	a.cleaner = cluster.NewCleaner(cluster.CleanerOptions{Directory: a.directory, Estate: a.drivers.instances, Rooms: a.rooms,
		Store: a.drivers.store, Audit: a.trail, Grace: c.ResumeGrace, Log: a.log, Now: time.Now})
	if c.ClusterKey == "" {
		return nil
	}
	var err error
	a.forwarder, err = cluster.NewForwarder(cluster.ForwarderOptions{Instance: c.Instance, Key: []byte(c.ClusterKey), Addresses: a.directory,
		Address: httpapi.ClientAddress(c.TrustedProxies), Patience: c.PingInterval + c.PingTimeout, Log: a.log, Now: time.Now})
	return err
}

// announce makes this instance known to the others, before its first client, and takes over what an earlier life of the
// same name left.
func (a *App) announce(ctx context.Context) error {
	if a.directory == nil {
		return nil
	}
	if err := a.directory.Announce(ctx, a.instanceAddr()); err != nil {
		return fmt.Errorf("announce this instance: %w", err)
	}
	return a.cleaner.Inherit(ctx)
}

// watch looks after the cluster until ctx ends.
func (a *App) watch(running context.Context) {
	if a.directory == nil {
		a.running.Go(func() { a.rooms.RunAlone(running) })
		return
	}
	a.running.Go(func() { a.directory.Run(running) })
	a.running.Go(func() { a.cleaner.Run(running) })
	a.running.Go(func() { a.rooms.Run(running) })
}

// doubt has the cleaner settle a claim of unknown outcome.
func (a *App) doubt(c collab.Claim) {
	if a.cleaner != nil {
		a.cleaner.Doubt(c)
	}
}

// named gives sockets ids that name this instance, so that others can pass their requests on to it (SPEC C3).
func (a *App) named(o *engineio.Options) {
	if a.forwarder != nil {
		o.SessionID, o.ClientAddress = cluster.NewSessionID(a.config.Instance), a.forwarder.ClientAddress
	}
}

// entrance is where sockets come in: here, or on their way to another instance.
func (a *App) entrance() http.Handler {
	if a.forwarder == nil {
		return a.sockets
	}
	return a.forwarder.Handler(a.sockets)
}

// instanceAddr returns where the others reach this instance: as configured, or where it listens. Who listens everywhere is
// reached at the machine's first address of the network.
func (a *App) instanceAddr() string {
	if a.config.InstanceAddr != "" {
		return a.config.InstanceAddr
	}
	listening := a.Addr()
	at, err := netip.ParseAddrPort(listening)
	if err != nil || !at.Addr().IsUnspecified() {
		return listening
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return listening
	}
	host := netip.IPv6Loopback()
	if at.Addr().Is4() {
		host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	for _, addr := range all {
		if prefix, err := netip.ParsePrefix(addr.String()); err == nil && prefix.Addr().IsGlobalUnicast() && prefix.Addr().Is4() {
			host = prefix.Addr()
			break
		}
	}
	return netip.AddrPortFrom(host, at.Port()).String()
}

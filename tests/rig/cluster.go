// Package rig runs gateways on this machine for programs that are no tests: one alone, or several on a PostgreSQL, a Redis
// and a RabbitMQ of their own, with HAProxy before them. Everything listens on loopback, keeps its files in temporary folders
// and is ended by process id.
package rig

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/drivertest/rabbittest"
	"corsia/shared/driver/drivertest/redistest"
)

// ClusterOptions are how a cluster starts.
type ClusterOptions struct {
	Folder    string // working folder of the gateways, and so where their development keys lie
	Command   []string
	Instances int
	Settings  func(instance int) []string // of the instances, from 0; nil: none
}

// Cluster is several gateways and the services behind them.
type Cluster struct {
	Postgres *pgtest.Server
	Redis    *redistest.Server
	RabbitMQ *rabbittest.Server
	Gateways []*Gateway // nil where one did not start
}

// postgresSettings make the server one whose commits are on the disk, unlike that of tests, and with room for all pools.
var postgresSettings = []string{"fsync=on", "max_connections=300"}

// redisSettings keep leases: a Redis that is full must refuse, not forget.
var redisSettings = []string{"--maxmemory-policy", "noeviction", "--notify-keyspace-events", "Ex"}

// OpenCluster starts the services, then the gateways, and waits until each finds all services.
func OpenCluster(ctx context.Context, o ClusterOptions) (*Cluster, error) {
	c := &Cluster{Gateways: make([]*Gateway, o.Instances)}
	var services errgroup.Group
	services.Go(func() (err error) { c.Postgres, err = pgtest.Open(postgresSettings...); return err })
	services.Go(func() (err error) { c.Redis, err = redistest.Open(redisSettings...); return err })
	services.Go(func() (err error) { c.RabbitMQ, err = rabbittest.Open(); return err })
	if err := services.Wait(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	var gateways errgroup.Group
	for i := range c.Gateways {
		gateways.Go(func() (err error) {
			c.Gateways[i], err = StartGateway(ctx, o.Folder, fmt.Sprintf("gateway-%d.log", i+1), o.Command, c.settings(o, i))
			if err == nil {
				err = c.Gateways[i].awaitHealthy(ctx)
			}
			return err
		})
	}
	if err := gateways.Wait(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) settings(o ClusterOptions, i int) []string {
	s := []string{"ADDR=127.0.0.1:0", fmt.Sprintf("INSTANCE_ID=instance-%d", i+1), "CLUSTER_KEY=of a cluster that ends with its terminal",
		"STORE_URL=" + c.Postgres.URL(), "STATE_URL=" + c.Redis.URL, "BUS_URL=" + c.RabbitMQ.URL}
	if o.Settings != nil {
		s = append(s, o.Settings(i)...)
	}
	return s
}

// Close ends the gateways in order, all at once, then the services.
func (c *Cluster) Close() error {
	stops := make([]error, len(c.Gateways))
	var stopping errgroup.Group
	for i, g := range c.Gateways {
		if g != nil {
			stopping.Go(func() error { stops[i] = g.Stop(); return nil })
		}
	}
	_ = stopping.Wait() // the errors are in stops
	if c.RabbitMQ != nil {
		c.RabbitMQ.Close()
	}
	if c.Redis != nil {
		c.Redis.Close()
	}
	if c.Postgres != nil {
		c.Postgres.Close()
	}
	return errors.Join(stops...)
}

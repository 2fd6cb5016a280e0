package testkit

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

const (
	usualInstances = 3
	clusterKey     = "the secret that the instances of a test's cluster share"
)

// ClusterOptions are how a cluster starts. The zero value is three instances on the shared services.
type ClusterOptions struct {
	Services  *Services // nil: those that all tests of the package share
	Instances int       // 0: three
	Proxied   bool      // every way between instances and services leads through a proxy of its own
	Env       []string  // settings of all instances, such as "LOCK_TTL=2s"
}

// Cluster is several gateways on the same services.
type Cluster struct {
	Place
	Services  *Services
	Instances []*Instance
}

// Instance is one gateway of a cluster. The proxies are nil unless the cluster is proxied.
type Instance struct {
	*Gateway
	ID string

	Postgres, Redis, RabbitMQ *Proxy // its ways to the services
	Peers                     *Proxy // the other instances' way to it
}

// StartCluster starts the gateways, all at once, and waits until clients can connect to each. They end with the test, as
// those of Start do.
func StartCluster(t testing.TB, o ClusterOptions) *Cluster {
	t.Helper()
	Build(t)
	c := &Cluster{Services: o.Services}
	if c.Services == nil {
		c.Services = SharedServices(t)
	}
	c.Place = c.Services.Place(t)
	key := PublicKey(t)
	if o.Instances == 0 {
		o.Instances = usualInstances
	}
	for i := range o.Instances {
		c.Instances = append(c.Instances, c.newInstance(t, i, o, key))
	}
	starts := make([]error, len(c.Instances))
	var starting sync.WaitGroup
	for n, i := range c.Instances {
		starting.Go(func() { starts[n] = i.start() })
	}
	starting.Wait()
	for _, i := range c.Instances {
		t.Cleanup(func() { i.finish(t) })
	}
	for _, err := range starts {
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *Cluster) newInstance(t testing.TB, n int, o ClusterOptions, key string) *Instance {
	t.Helper()
	addr := Port(t)
	i := &Instance{ID: fmt.Sprintf("instance-%d", n+1)}
	reached, place := addr, c.Place
	if o.Proxied {
		i.Postgres, i.Redis = NewProxy(t, address(t, place.StoreURL)), NewProxy(t, address(t, place.StateURL))
		i.RabbitMQ, i.Peers = NewProxy(t, address(t, place.BusURL)), NewProxy(t, addr)
		place = Place{through(t, place.StoreURL, i.Postgres), through(t, place.StateURL, i.Redis), through(t, place.BusURL, i.RabbitMQ)}
		reached = i.Peers.Addr
	}
	env := append([]string{"ADDR=" + addr, "INSTANCE_ID=" + i.ID, "INSTANCE_ADDR=" + reached, "CLUSTER_KEY=" + clusterKey, "JWT_KEYS=" + key,
		"STORE_URL=" + place.StoreURL, "STATE_URL=" + place.StateURL, "BUS_URL=" + place.BusURL}, o.Env...)
	i.Gateway = newGateway(t.TempDir(), env)
	i.URL, i.postgres = "http://"+addr, c.StoreURL
	return i
}

// Add makes one more instance, which Restart starts, of another program when one is named. It has the options' settings.
func (c *Cluster) Add(t testing.TB, o ClusterOptions, program string) *Instance {
	t.Helper()
	i := c.newInstance(t, len(c.Instances), o, PublicKey(t))
	i.program = program
	c.Instances = append(c.Instances, i)
	t.Cleanup(func() { i.finish(t) })
	return i
}

// PublicKey writes the public half of the tests' key, for JWT_KEYS: development keys are for one machine and for no proxy.
func PublicKey(t testing.TB) (path string) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(Key(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "jwt.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Store opens the cluster's store for reading.
func (c *Cluster) Store(t testing.TB) *Store {
	t.Helper()
	return c.Instances[0].Store(t)
}

// Keys returns a plain client of the cluster's Redis, past any proxy.
func (c *Cluster) Keys(t testing.TB) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(c.StateURL)
	if err != nil {
		t.Fatal("STATE_URL is no URL of Redis")
	}
	client := redis.NewClient(o)
	t.Cleanup(func() { client.Close() })
	return client
}

// Front starts a load balancer before all instances.
func (c *Cluster) Front(t testing.TB) *Front {
	t.Helper()
	urls := make([]string, len(c.Instances))
	for n, i := range c.Instances {
		urls[n] = i.URL
	}
	return NewFront(t, urls...)
}

// ExpectError allows errors of these messages in the logs of all instances.
func (c *Cluster) ExpectError(msgs ...string) {
	for _, i := range c.Instances {
		for _, msg := range msgs {
			i.Gateway.ExpectError(msg)
		}
	}
}

// Restart stops each instance that runs in an orderly way, and starts all again.
func (c *Cluster) Restart(t testing.TB) {
	t.Helper()
	for _, i := range c.Instances {
		if i.Running() {
			i.Signal(t, syscall.SIGTERM)
		}
	}
	for _, i := range c.Instances {
		if status := i.Wait(t); status != 0 && !i.killed {
			t.Fatalf("%s ended with status %d", i.ID, status)
		}
	}
	for _, i := range c.Instances {
		i.Gateway.Restart(t)
	}
}

// Freeze stops the process without closing its connections (SIGSTOP), until Thaw.
func (g *Gateway) Freeze(t testing.TB) { g.Signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen gateway go on.
func (g *Gateway) Thaw(t testing.TB) { g.Signal(t, syscall.SIGCONT) }

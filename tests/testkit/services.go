package testkit

import (
	"context"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/drivertest/rabbittest"
	"corsia/shared/driver/drivertest/redistest"
)

const (
	redisDatabases      = 256 // of a private server
	givenRedisDatabases = 15  // of one that TEST_REDIS_URL names; 0 is left alone
)

// Services are the servers behind clusters. A server is nil when TEST_POSTGRES_URL, TEST_REDIS_URL or TEST_AMQP_URL names
// one to use instead: that one cannot be killed.
type Services struct {
	Postgres *pgtest.Server
	Redis    *redistest.Server
	RabbitMQ *rabbittest.Server

	// Guarded by mu.
	mu    sync.Mutex
	given int // databases of Redis and vhosts that were given out
}

// StartServices starts servers for one test alone, which it may kill and freeze. They end with it.
func StartServices(t testing.TB) *Services {
	t.Helper()
	s := &Services{}
	if os.Getenv("TEST_POSTGRES_URL") == "" {
		s.Postgres = pgtest.Start(t, "max_connections=300")
	}
	if os.Getenv("TEST_REDIS_URL") == "" {
		s.Redis = StartRedis(t)
	}
	if os.Getenv("TEST_AMQP_URL") == "" {
		s.RabbitMQ = startRabbitMQ(t)
	}
	return s
}

// common is what all tests of a package use.
var common struct {
	mu       sync.Mutex
	services *Services
	cluster  *Cluster
}

// SharedServices returns the servers that all tests of a package use. They are started for the first test that asks, and
// ended by Main. Who breaks one mends it, and runs alone meanwhile.
func SharedServices(t testing.TB) *Services {
	t.Helper()
	common.mu.Lock()
	defer common.mu.Unlock()
	return sharedServices(t)
}

func sharedServices(t testing.TB) *Services {
	t.Helper()
	if common.services == nil {
		whole.during(t, func(t testing.TB) { common.services = StartServices(t) })
	}
	return common.services
}

// SharedCluster returns three instances with default settings that all tests of a package use, each with resources and
// users of its own. No test stops one of them, or breaks a service below them.
func SharedCluster(t testing.TB) *Cluster {
	t.Helper()
	common.mu.Lock()
	defer common.mu.Unlock()
	services := sharedServices(t)
	if common.cluster == nil {
		whole.during(t, func(t testing.TB) { common.cluster = StartCluster(t, ClusterOptions{Services: services}) })
	}
	return common.cluster
}

// Place is where a cluster keeps its things, apart from those of other clusters on the same servers.
type Place struct{ StoreURL, StateURL, BusURL string }

// Place makes a database, and gives out a database of Redis and a vhost. Clusters on a broker that TEST_AMQP_URL names
// share its vhost.
func (s *Services) Place(t testing.TB) Place {
	t.Helper()
	s.mu.Lock()
	n := s.given
	s.given++
	s.mu.Unlock()
	var p Place
	if s.Postgres == nil {
		p.StoreURL = pgtest.Database(t)
	} else {
		p.StoreURL = s.Postgres.Database(t)
	}
	if s.Redis == nil {
		given, err := url.Parse(os.Getenv("TEST_REDIS_URL"))
		if err != nil {
			t.Fatal("TEST_REDIS_URL is not a URL")
		}
		given.Path = "/" + strconv.Itoa(1+n%givenRedisDatabases)
		p.StateURL = given.String()
	} else {
		p.StateURL = "redis://" + s.Redis.Addr + "/" + strconv.Itoa(n%redisDatabases)
	}
	if s.RabbitMQ == nil {
		p.BusURL = os.Getenv("TEST_AMQP_URL")
	} else {
		p.BusURL = "amqp://guest:guest@" + s.RabbitMQ.Addr + "/" + vhost(n%vhosts)
	}
	return p
}

// address returns host and port of a URL.
func address(t testing.TB, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil || u.Port() == "" {
		t.Fatal("a service's URL names no port")
	}
	return u.Host
}

// through returns a URL with another host and port.
func through(t testing.TB, rawURL string, p *Proxy) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal("a service's URL is none")
	}
	u.Host = p.Addr
	return u.String()
}

// StartRedis starts a Redis with as many databases as there may be clusters. It ends with the test.
func StartRedis(t testing.TB) *redistest.Server {
	t.Helper()
	return redistest.Start(t, "--databases", strconv.Itoa(redisDatabases))
}

// StartReplica starts a replica of the private Redis. What it hears of its primary comes through link; frozen, it loses
// the last writes. Promote makes it the primary.
func (s *Services) StartReplica(t testing.TB) (replica *redistest.Server, link *Proxy) {
	t.Helper()
	link = NewProxy(t, s.Redis.Addr)
	replica = redistest.Start(t, "--databases", strconv.Itoa(redisDatabases), "--replicaof", "127.0.0.1 "+port(link.Addr))
	return replica, link
}

// port returns the port of an address.
func port(addr string) string {
	_, port, _ := strings.Cut(addr, ":")
	return port
}

// Promote makes a replica the primary, as a fail-over does.
func Promote(t testing.TB, replica *redistest.Server) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: replica.Addr})
	defer client.Close()
	if err := client.ReplicaOf(context.Background(), "NO", "ONE").Err(); err != nil {
		t.Fatalf("promote the replica: %v", err)
	}
}

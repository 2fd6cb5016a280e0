// Command cluster starts three gateways with a PostgreSQL, a Redis and a RabbitMQ of their own behind HAProxy, for trying
// out, and ends all of it with Ctrl-C. Nothing is kept.
//
//	go run ./scripts/cluster
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"corsia/tests/rig"
)

//go:embed haproxy.cfg
var frontConfig []byte

// instances is how many gateways the front knows.
const instances = 3

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address of the front")
	gateway := flag.String("gateway", "", "the gateway's program; without it ./gateway is built")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *gateway); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// run keeps the cluster until ctx ends.
func run(ctx context.Context, addr, gateway string) (err error) {
	folder, err := os.MkdirTemp("", "corsia-cluster-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if gateway == "" {
		fmt.Println("building the gateway")
		if gateway, err = rig.Build(ctx, folder); err != nil {
			return err
		}
	}
	fmt.Println("starting PostgreSQL, Redis, RabbitMQ and three gateways: some seconds")
	cluster, err := rig.OpenCluster(ctx, rig.ClusterOptions{Folder: folder, Command: []string{gateway, "serve"}, Instances: instances})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	front, err := rig.OpenFront(ctx, folder, addr, frontConfig, cluster.Gateways)
	if err != nil {
		return err
	}
	defer front.Close()
	tell(folder, front, cluster)
	<-ctx.Done()
	fmt.Println("stopping")
	return nil
}

// tell says what there is and what can be done to it.
func tell(folder string, front *rig.Front, c *rig.Cluster) {
	fmt.Println()
	for i, g := range c.Gateways {
		fmt.Printf("  gateway    instance-%d  %s  kill -9 %d\n", i+1, g.URL, g.PID)
	}
	fmt.Printf("  PostgreSQL %s\n  Redis      %s\n  RabbitMQ   %s\n  logs       %s\n", c.Postgres.URL(), c.Redis.URL, c.RabbitMQ.URL, folder)
	fmt.Printf("\nOpen %s/demo/ in two windows, kill a gateway, go on. %s/health says who answers.\nCtrl-C ends all of it.\n", front.URL, front.URL)
}

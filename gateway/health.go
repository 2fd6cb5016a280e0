package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	defaultAddr   = "127.0.0.1:8080" // that of the settings
	healthTimeout = 3 * time.Second  // longer than a gateway takes that knows its dependencies already
)

// health asks the gateway on this machine how it is: the health check of its image, in which there is no other program. It
// reads no setting but ADDR, and so needs no secret.
func health(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("corsia health", flag.ContinueOnError)
	set.SetOutput(stderr)
	addr := set.String("addr", "", "as the environment variable ADDR")
	live := set.Bool("live", false, "ask only whether the process runs, not whether it can save: for who starts it again when it is not well")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if set.NArg() > 0 {
		fmt.Fprintf(stderr, "corsia health: there is no argument %q\n", set.Arg(0))
		return 2
	}
	if *addr == "" {
		*addr = getenv("ADDR")
	}
	host, err := reachable(*addr)
	if err != nil {
		fmt.Fprintf(stderr, "corsia health: %v\n", err)
		return 2
	}
	path := "/health"
	if *live {
		path = "/health/live"
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	status, err := ask(ctx, "http://"+host+path)
	if err != nil {
		fmt.Fprintf(stderr, "corsia health: %v\n", err)
		return 1
	}
	fmt.Fprintln(stdout, status)
	if status != http.StatusOK {
		return 1
	}
	return 0
}

// reachable returns where this machine reaches what listens on an address: on all interfaces means on the loopback one too.
func reachable(addr string) (string, error) {
	if addr == "" {
		addr = defaultAddr
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("ADDR: %w", err)
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "" || err == nil && ip == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && ip == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// ask returns the status of an answer. No proxy stands between a machine and itself, whatever HTTP_PROXY says.
func ask(ctx context.Context, address string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, err
	}
	direct := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := direct.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, nil
}

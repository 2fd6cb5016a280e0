package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Front is an HAProxy before the gateways of a cluster.
type Front struct {
	URL string

	command *exec.Cmd
	exited  chan struct{} // closed when it has ended
}

// OpenFront starts HAProxy with a configuration that reads its own address from the environment variable FRONT and those of
// the gateways from INSTANCE_1, INSTANCE_2 and so on, and waits until it accepts connections.
func OpenFront(ctx context.Context, folder, addr string, config []byte, gateways []*Gateway) (*Front, error) {
	file := filepath.Join(folder, "haproxy.cfg")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	var out bytes.Buffer // written until exited is closed
	f := &Front{URL: "http://" + addr, exited: make(chan struct{}), command: exec.Command("haproxy", "-db", "-f", file)}
	f.command.Dir, f.command.SysProcAttr = folder, endWithUs()
	f.command.Stdout, f.command.Stderr = &out, &out
	f.command.Env = append(os.Environ(), "FRONT="+addr)
	for i, g := range gateways {
		f.command.Env = append(f.command.Env, fmt.Sprintf("INSTANCE_%d=%s", i+1, strings.TrimPrefix(g.URL, "http://")))
	}
	if err := f.command.Start(); err != nil {
		return nil, fmt.Errorf("start haproxy (Debian: apt-get install haproxy): %w", err)
	}
	go func() { // Close waits for it
		defer close(f.exited)
		_ = f.command.Wait() // how it ended is in what it wrote
	}()
	if err := f.await(ctx, addr); err != nil {
		f.Close()
		return nil, fmt.Errorf("start haproxy: %w: %s", err, out.Bytes())
	}
	return f, nil
}

func (f *Front) await(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		select {
		case <-f.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(startPoll):
		}
		if conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
			return conn.Close()
		}
	}
}

// Close ends it at once.
func (f *Front) Close() {
	_ = f.command.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	<-f.exited
}

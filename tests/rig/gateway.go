package rig

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 26 * time.Second // SPEC C6: it exits within 25 s
	startPoll    = 20 * time.Millisecond
)

// Gateway is a gateway's process.
type Gateway struct {
	URL    string
	PID    int
	Exited chan struct{} // closed when it has ended

	log     string // file
	command *exec.Cmd
	outcome error // of its end; set before Exited is closed
}

// Build compiles the gateway into a folder and returns the path of the program.
func Build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "corsia")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "corsia/gateway")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the gateway: %w: %s", err, out)
	}
	return binary, nil
}

// StartGateway starts a gateway in a folder by a command such as corsia serve, with settings beside the environment, and
// waits until it listens. It writes its log to a file of the folder.
func StartGateway(ctx context.Context, folder, log string, command []string, settings []string) (*Gateway, error) {
	g := &Gateway{log: filepath.Join(folder, log), Exited: make(chan struct{})}
	out, err := os.Create(g.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	g.command = exec.Command(command[0], command[1:]...)
	g.command.Dir, g.command.SysProcAttr = folder, endWithUs()
	g.command.Stdout, g.command.Stderr = out, out
	g.command.Env = append(os.Environ(), settings...)
	if err := g.command.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	g.PID = g.command.Process.Pid
	go func() { // Stop waits for it
		defer close(g.Exited)
		g.outcome = g.command.Wait()
	}()
	if err := g.awaitListening(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the gateway: %w", err), g.Stop())
	}
	return g, nil
}

// awaitListening reads the log until the gateway says where it listens.
func (g *Gateway) awaitListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		data, err := os.ReadFile(g.log)
		if err != nil {
			return err
		}
		if g.URL = listeningURL(data); g.URL != "" {
			return nil
		}
		select {
		case <-g.Exited:
			return fmt.Errorf("it ended: %w: %s", cmp.Or(g.outcome, errors.New("exit status 0")), data)
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), data)
		case <-time.After(startPoll):
		}
	}
}

// awaitHealthy asks the gateway until it finds all that it needs: it listens while its bus still starts.
func (g *Gateway) awaitHealthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		health, err := g.health(ctx)
		if err == nil && health == "healthy" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is %s: %w", g.URL, health, errors.Join(err, context.Cause(ctx)))
		case <-time.After(startPoll):
		}
	}
}

// health returns the status of /health.
func (g *Gateway) health(ctx context.Context) (status string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL+"/health", nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var answer struct {
		Status string `json:"status"`
	}
	err = json.NewDecoder(res.Body).Decode(&answer)
	return answer.Status, err
}

// listeningURL finds the line of the log that names the address.
func listeningURL(log []byte) string {
	lines := bufio.NewScanner(bytes.NewReader(log))
	for lines.Scan() {
		var line struct {
			Msg string `json:"msg"`
			URL string `json:"url"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "gateway: listening" {
			return line.URL
		}
	}
	return ""
}

// Signal sends the process a signal.
func (g *Gateway) Signal(s os.Signal) error { return g.command.Process.Signal(s) }

// Stop ends the process in order. One that has been killed by a signal is no error.
func (g *Gateway) Stop() error {
	if err := g.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-g.Exited:
		if status, ok := g.command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return nil
		}
		if g.outcome != nil {
			return fmt.Errorf("the gateway ended with: %w", g.outcome)
		}
		return nil
	case <-time.After(stopTimeout):
		err := g.command.Process.Kill()
		<-g.Exited
		return errors.Join(fmt.Errorf("the gateway did not stop within %v", stopTimeout), err)
	}
}

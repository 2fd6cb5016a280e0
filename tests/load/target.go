package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"corsia/tests/load/measure"
)

// progress is where people read how far it is.
type progress = io.Writer

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 26 * time.Second // SPEC C6: it exits within 25 s
	startPoll    = 20 * time.Millisecond
)

// target is the gateway that is loaded.
type target struct {
	url     string
	keys    string          // folder of its development keys
	store   string          // its SQLite file; empty: unknown
	process measure.Process // 0: unknown

	// Of a gateway that was started.
	folder  string
	keep    bool
	command *exec.Cmd
	exited  chan struct{} // closed when it has ended
	outcome error         // of its end; set before exited is closed
}

// openTarget returns the gateway that the settings name, or starts one.
func openTarget(ctx context.Context, s settings, log progress) (*target, error) {
	if s.URL != "" {
		return &target{url: s.URL, keys: s.Keys, store: s.Store, process: measure.Process(s.PID)}, nil
	}
	folder, err := os.MkdirTemp("", "corsia-load-")
	if err != nil {
		return nil, err
	}
	t := &target{folder: folder, keep: s.Keep, keys: folder, store: filepath.Join(folder, "corsia.db")}
	if err := t.start(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("start the gateway: %w", err), t.stop())
	}
	fmt.Fprintf(log, "gateway: %s, process %d, folder %s\n", t.url, t.process, t.folder)
	return t, nil
}

func (t *target) start(ctx context.Context, s settings) error {
	binary, err := t.binary(ctx, s)
	if err != nil {
		return err
	}
	args := []string{binary, "serve"}
	if s.CPUs != "" {
		args = append([]string{"taskset", "-c", s.CPUs}, args...) // becomes the gateway: the process stays the same
	}
	logFile := filepath.Join(t.folder, "gateway.log")
	out, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer out.Close()
	t.command = exec.Command(args[0], args[1:]...)
	t.command.Stdout, t.command.Stderr = out, out
	t.command.Env = append(os.Environ(), "ADDR=127.0.0.1:0", "STORE_URL=sqlite:"+t.store,
		"ARCHIVE_URL=file:"+filepath.Join(t.folder, "archive"))
	t.command.Env = append(t.command.Env, s.Set...)
	if s.Profile != "" {
		t.command.Env = append(t.command.Env, profileFolder+"="+s.Profile)
	}
	if err := t.command.Start(); err != nil {
		return err
	}
	t.process = measure.Process(t.command.Process.Pid)
	t.exited = make(chan struct{})
	go func() { // stop waits for it
		defer close(t.exited)
		t.outcome = t.command.Wait()
	}()
	return t.awaitListening(ctx, logFile)
}

// binary returns the program to start: the one that was named, this one for profiles, or one that is built now.
func (t *target) binary(ctx context.Context, s settings) (string, error) {
	switch {
	case s.Profile != "":
		if err := os.MkdirAll(s.Profile, 0o750); err != nil {
			return "", err
		}
		return os.Executable()
	case s.Gateway != "":
		return s.Gateway, nil
	}
	binary := filepath.Join(t.folder, "corsia")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "corsia/gateway")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}

// awaitListening reads the log until the gateway says where it listens.
func (t *target) awaitListening(ctx context.Context, logFile string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		data, err := os.ReadFile(logFile)
		if err != nil {
			return err
		}
		if t.url = listeningURL(data); t.url != "" {
			return nil
		}
		select {
		case <-t.exited:
			return fmt.Errorf("it ended: %w: %s", cmp.Or(t.outcome, errors.New("exit status 0")), data)
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), data)
		case <-time.After(startPoll):
		}
	}
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

// stop ends a gateway that was started, and removes its folder.
func (t *target) stop() error {
	if t.folder == "" {
		return nil
	}
	var err error
	if t.exited != nil {
		err = t.end()
	}
	if !t.keep {
		err = errors.Join(err, os.RemoveAll(t.folder))
	}
	return err
}

func (t *target) end() error {
	if err := t.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-t.exited:
		if t.outcome != nil {
			return fmt.Errorf("the gateway ended with: %w", t.outcome)
		}
		return nil
	case <-time.After(stopTimeout):
		err := t.command.Process.Kill()
		<-t.exited
		return errors.Join(fmt.Errorf("the gateway did not stop within %v", stopTimeout), err)
	}
}

// signal tells a gateway that profiles itself what to do; any other is left alone.
func (t *target) signal(s settings, sig syscall.Signal) error {
	if s.Profile == "" {
		return nil
	}
	return t.command.Process.Signal(sig)
}

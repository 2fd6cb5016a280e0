// Package start is how the process of a function begins: its settings, which may be secrets, its log, its time limits, and
// what it opens once for all events. Which driver is behind a setting is chosen in each function's main.go.
package start

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/secret"
)

const (
	openLimit  = 8 * time.Second        // Lambda gives the start of a process ten
	answerTime = 500 * time.Millisecond // is left of an event's time, to say that something was too slow
)

// Settings are what a function reads, by the names that the gateway's settings have (SPEC 1).
type Settings struct {
	Production bool
	Instance   collab.InstanceID // this process
	Log        *slog.Logger

	getenv func(string) string
	wrong  []error
}

// Text returns a setting, empty when it is not there.
func (s *Settings) Text(name string) string { return strings.TrimSpace(s.getenv(name)) }

// Service returns the URL of a service, whose scheme is one of those. It notes what is wrong for Err, without the URL, which may
// have a password.
func (s *Settings) Service(name string, schemes ...string) string {
	value := s.Text(name)
	u, err := url.Parse(value)
	switch {
	case err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "":
		s.wrong = append(s.wrong, fmt.Errorf("%s is no URL of a service with a scheme of %s", name, strings.Join(schemes, ", ")))
	case s.Production && !encrypted(u):
		s.wrong = append(s.wrong, fmt.Errorf("%s is not encrypted, which ENV=production refuses", name))
	}
	return value
}

// Store returns STORE_URL, with few connections: one event at a time needs no more, and there may be hundreds of processes.
func (s *Settings) Store() string {
	value := s.Service("STORE_URL", "postgres")
	u, err := url.Parse(value)
	if err != nil || u.Query().Has("pool_max_conns") {
		return value
	}
	query := u.Query()
	query.Set("pool_max_conns", "2")
	u.RawQuery = query.Encode()
	return u.String()
}

// Err returns all that was wrong.
func (s *Settings) Err() error { return errors.Join(s.wrong...) }

func encrypted(u *url.URL) bool {
	if u.Scheme == "postgres" {
		return slices.Contains([]string{"require", "verify-ca", "verify-full"}, u.Query().Get("sslmode"))
	}
	return strings.HasSuffix(u.Scheme, "s")
}

// ErrFailed is what Lambda is told of work that failed. Why is in the log.
var ErrFailed = errors.New("the work failed: the log says why")

// Run reads the settings of those names, opens the function and serves its events until the process ends. What open opens is
// used for all events: the first one pays for it.
func Run[Event, Answer any](names []string, open func(context.Context, *Settings) (func(context.Context, Event) (Answer, error), error)) {
	begin := time.Now()
	log := obs.NewLogger(os.Stdout, slog.LevelInfo)
	slog.SetDefault(log) // what libraries write goes the same way
	ctx, cancel := context.WithTimeout(context.Background(), openLimit)
	s, err := load(ctx, os.Getenv, names)
	var handle func(context.Context, Event) (Answer, error)
	if err == nil {
		slog.SetDefault(s.Log)
		handle, err = open(ctx, s)
	}
	cancel()
	if err != nil {
		log.Error("function: it cannot start", obs.Err(err))
		os.Exit(1)
	}
	s.Log.Info("function: started", obs.Duration(time.Since(begin)), obs.Instance(s.Instance))
	lambda.Start(func(ctx context.Context, e Event) (Answer, error) {
		ctx, cancel := inTime(ctx)
		defer cancel()
		answer, err := handle(ctx, e)
		if err != nil {
			s.Log.Error("function: the work failed", obs.Err(err))
			err = ErrFailed
		}
		return answer, err
	})
}

func load(ctx context.Context, getenv func(string) string, names []string) (*Settings, error) {
	getenv, err := secret.Resolve(ctx, getenv, names)
	if err != nil {
		return nil, err
	}
	s := &Settings{getenv: getenv, Instance: collab.NewInstanceID()}
	level, err := obs.ParseLevel(s.Text("LOG_LEVEL"))
	if err != nil {
		return nil, err
	}
	switch env := s.Text("ENV"); env {
	case "", "development":
	case "production":
		s.Production = true
	default:
		return nil, errors.New("ENV is none of development, production")
	}
	s.Log = obs.NewLogger(os.Stdout, level)
	return s, nil
}

// inTime returns the context of an event's work, which ends a little before Lambda ends the process.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(answerTime, time.Until(deadline)/2)))
}

// Door is something that is opened at its first use and then kept. What could not be opened is tried again at the next use: a
// service that is away when the process starts does not end it.
type Door[T any] struct {
	Open func(context.Context) (T, error)

	turn   sync.Mutex // held while it is being opened: there is one event at a time
	opened bool
	value  T
}

// Get returns what is behind the door.
func (d *Door[T]) Get(ctx context.Context) (T, error) {
	d.turn.Lock()
	defer d.turn.Unlock()
	if d.opened {
		return d.value, nil
	}
	value, err := d.Open(ctx)
	if err == nil {
		d.value, d.opened = value, true
	}
	return value, err
}

package start

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func settings(t *testing.T, pairs ...string) (*Settings, error) {
	t.Helper()
	env := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return load(t.Context(), func(name string) string { return env[name] }, nil)
}

func TestAFunctionRefusesEmbeddedDriversAndInProductionPlainConnections(t *testing.T) { // SPEC 1
	for _, tt := range []struct {
		env, store, bus string
		wrong           []string
	}{
		{"development", "postgres://u:hunter2@h/d", "amqp://u:hunter2@h/", nil},
		{"production", "postgres://u:hunter2@h/d?sslmode=verify-full", "amqps://u:hunter2@h/", nil},
		{"production", "postgres://u:hunter2@h/d?sslmode=prefer", "amqp://u:hunter2@h/", []string{"STORE_URL is not encrypted", "BUS_URL is not encrypted"}},
		{"development", "sqlite:corsia.db", "", []string{"STORE_URL is no URL", "BUS_URL is no URL"}},
		{"development", "postgres://u:hunter2@h:%/d", "amqp://", []string{"STORE_URL is no URL", "BUS_URL is no URL"}},
	} {
		s, err := settings(t, "ENV", tt.env, "STORE_URL", tt.store, "BUS_URL", tt.bus)
		if err != nil {
			t.Fatal(err)
		}
		s.Store()
		s.Service("BUS_URL", "amqp", "amqps")
		said := ""
		if s.Err() != nil {
			said = s.Err().Error()
		}
		for _, want := range tt.wrong {
			if !strings.Contains(said, want) {
				t.Errorf("%s %s %s: %q, want %q", tt.env, tt.store, tt.bus, said, want)
			}
		}
		if len(tt.wrong) == 0 && said != "" || strings.Contains(said, "hunter2") {
			t.Errorf("%s %s %s: %q", tt.env, tt.store, tt.bus, said)
		}
	}
	for _, wrong := range [][]string{{"ENV", "staging"}, {"LOG_LEVEL", "loud"}} {
		if _, err := settings(t, wrong...); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestAProcessThatServesOneEventAtATimeHasFewConnections(t *testing.T) {
	for given, want := range map[string]string{
		"postgres://h/d?sslmode=require": "postgres://h/d?pool_max_conns=2&sslmode=require", "postgres://h/d?pool_max_conns=9": "postgres://h/d?pool_max_conns=9",
	} {
		s, err := settings(t, "STORE_URL", given)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Store(); got != want {
			t.Errorf("%s becomes %s", given, got)
		}
	}
}

func TestWorkEndsALittleBeforeTheProcessIsEnded(t *testing.T) {
	for _, left := range []time.Duration{10 * time.Second, 400 * time.Millisecond} {
		deadline := time.Now().Add(left)
		ctx, cancel := context.WithDeadline(t.Context(), deadline)
		ctx, stop := inTime(ctx)
		got, _ := ctx.Deadline()
		if early := deadline.Sub(got); early <= 0 || early > answerTime || early > left/2 {
			t.Errorf("of %v it leaves %v", left, early)
		}
		stop()
		cancel()
	}
}

func TestADoorThatDidNotOpenIsTriedAgainAndOneThatDidIsNot(t *testing.T) {
	tries := 0
	d := Door[int]{Open: func(context.Context) (int, error) {
		if tries++; tries == 1 {
			return 0, errors.New("away")
		}
		return tries, nil
	}}
	if _, err := d.Get(t.Context()); err == nil {
		t.Error("it opened")
	}
	for range 3 {
		if got, err := d.Get(t.Context()); got != 2 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	}
}

//go:build integration

package testkit

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"
)

type toyEvent struct{ Do, Text string }

type toyAnswer struct {
	Text string
	Left time.Duration
	Nth  int
}

func startToy(t *testing.T, env ...string) *Function {
	t.Helper()
	return startBootstrap(t, "toyfunction", buildBootstrap(t, "corsia/tests/testkit/toyfunction", runtime.GOARCH), env)
}

func (v *Invocation) toy(t *testing.T) (a toyAnswer) {
	t.Helper()
	if err := json.Unmarshal(v.Response, &a); err != nil || v.ErrorType != "" {
		t.Fatalf("the answer %q, error %s %s", v.Response, v.ErrorType, v.Error)
	}
	return a
}

func TestAFunctionTakesQueuedEventsOneAfterTheOther(t *testing.T) {
	f := startToy(t)
	var outcomes []func() *Invocation
	for range 5 {
		outcomes = append(outcomes, f.Send(t, toyEvent{Do: "echo", Text: "x"}, time.Minute))
	}
	for i, outcome := range outcomes {
		v := outcome()
		if a := v.toy(t); a.Text != "x" || a.Nth != i+1 || a.Left < 30*time.Second || a.Left > time.Minute {
			t.Errorf("event %d: %+v", i, a)
		}
		if v.Cold != (i == 0) || v.Took <= 0 {
			t.Errorf("event %d: cold %v, took %v", i, v.Cold, v.Took)
		}
	}
	if f.ColdStart() <= 0 || f.Starts() != 1 {
		t.Errorf("cold start %v, %d processes", f.ColdStart(), f.Starts())
	}
	f.Invoke(t, []byte(`{"Do":"log","Text":"said"}`)).toy(t)
	Eventually(t, answerTime, "line in the log", func() bool { lines := f.Log(); return len(lines) == 1 && lines[0].Text("msg") == "said" })
}

func TestAFunctionThatFailsIsUsedAgainAndOneThatEndsIsStartedAgain(t *testing.T) {
	f := startToy(t)
	if v := f.Invoke(t, toyEvent{Do: "fail", Text: "why"}); v.ErrorType != "errorString" || v.Error != "why" {
		t.Errorf("it fails with %s %s", v.ErrorType, v.Error)
	}
	if a := f.Invoke(t, toyEvent{}).toy(t); a.Nth != 2 {
		t.Errorf("%+v after a failure", a)
	}
	if v := f.Invoke(t, toyEvent{Do: "exit"}); v.ErrorType != ErrorExit {
		t.Errorf("it ends with %s %s", v.ErrorType, v.Error)
	}
	if v := f.Send(t, toyEvent{Do: "sleep"}, 300*time.Millisecond)(); v.ErrorType != ErrorTimeout || !v.Cold {
		t.Errorf("too slow: %s %s, cold %v", v.ErrorType, v.Error, v.Cold)
	}
	if a := f.Invoke(t, toyEvent{}).toy(t); a.Nth != 1 || f.Starts() != 3 {
		t.Errorf("%+v, %d processes", a, f.Starts())
	}
	f.Freeze(t)
	outcome := f.Send(t, toyEvent{}, 0)
	f.Thaw(t)
	outcome().toy(t)
}

func TestAFunctionForArm64Compiles(t *testing.T) {
	buildBootstrap(t, "corsia/tests/testkit/toyfunction", "arm64")
}

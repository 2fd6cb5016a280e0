package measure

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestBusyTimeLeavesOutIdlingAndWaiting(t *testing.T) {
	tests := []struct {
		name, line string
		want       int64
		wantErr    bool
	}{
		{"all kinds", "cpu  1 2 4 1000 2000 8 16 32 64 128", 63, false}, // guests are in the first two already
		{"another line", "cpu0 1 2 4 8 16 32 64 128 256 512", 0, true},
		{"too short", "cpu 1 2 3", 0, true},
		{"no number", "cpu a 2 4 1000 2000 8 16 32 0 0", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := busyTicks(tt.line)
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want one: %v", err, tt.wantErr)
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestAProcessTellsWhatItUses(t *testing.T) {
	own := Process(os.Getpid())
	if !own.Alive() {
		t.Error("this process is not alive")
	}
	if got := own.Resident(); got < 1<<20 || got > 16<<30 {
		t.Errorf("this process has %d bytes", got)
	}
	for start := time.Now(); own.CPU() == 0 && time.Since(start) < time.Second; {
	}
	if own.CPU() == 0 {
		t.Error("this process has used no time after a second of work")
	}
	if none := Process(0); none.Alive() || none.CPU() != 0 || none.Resident() != 0 {
		t.Error("no process uses something")
	}
}

func TestUsageOfOthersIsWhatNeitherSideUsed(t *testing.T) {
	u := Usage{Elapsed: 10 * time.Second, Servers: []time.Duration{2 * time.Second}, Own: time.Second, Machine: 3 * time.Second}
	if got := u.Others(); got != 0 {
		t.Errorf("others used %v: want 0", got)
	}
	u.Machine += time.Second
	if got := u.Others(); got <= 0 || got > 0.1 {
		t.Errorf("others used %v: want one second of ten, of one core of all", got)
	}
}

func TestMetricsAreRead(t *testing.T) {
	page := "# HELP sessions Authenticated clients.\n# TYPE sessions gauge\nsessions 12\n\n" +
		"errors_total{code=\"A B\"} 3\nprocess_resident_memory_bytes 4.2e+07\n"
	got, err := parseMetrics(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got["sessions"] != 12 || got["process_resident_memory_bytes"] != 42e6 || got[`errors_total{code="A B"}`] != 3 {
		t.Errorf("got %v", got)
	}
	for _, wrong := range []string{"sessions many\n", "sessions\n"} {
		if _, err := parseMetrics(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

func TestAResultFailsWhenAFigureIsOutOfItsLimit(t *testing.T) {
	var l Latency
	l.Add(80 * time.Millisecond)
	r := Result{Scenario: "rate"}
	r.Equal("lost", 0, 0)
	r.AddLatency("delivery", &l, 100*time.Millisecond)
	r.Add("deliveries", 20000.0004, "/s")
	r.Problem(nil)
	if failed := r.Failed(); len(failed) != 0 {
		t.Fatalf("failed: %q", failed)
	}
	if got := r.Get("deliveries"); got != 20000 {
		t.Errorf("deliveries are %v: want 20000", got)
	}
	r.Equal("twice", 3, 0)
	r.AddLatency("answer", &l, 50*time.Millisecond)
	failed := r.Failed()
	if len(failed) != 2 || failed[0] != "twice is 3 : want = 0" || !strings.HasPrefix(failed[1], "answer P99 is 79") {
		t.Errorf("failed: %q", failed)
	}
	var table strings.Builder
	WriteTable(&table, []*Result{&r, {Step: "second", Figures: []Figure{{Name: "lost", Value: 7}}}})
	for _, want := range []string{"FAILS: want = 0", "second\n", "7   ok, = 0\n"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not show %q:\n%s", want, table.String())
		}
	}
}

func TestALimitOnNotANumberFails(t *testing.T) {
	r := Result{}
	r.Under("memory", r.Get("nothing"), "KiB", 40)
	if len(r.Failed()) != 1 {
		t.Error("a figure that was not measured keeps its limit")
	}
}

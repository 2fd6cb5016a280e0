package trace

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The library takes the address of the daemon from the environment when the program starts: so the test is a program of its own.
const child = "TRACE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) == "1" {
		work()
		return
	}
	os.Exit(m.Run())
}

const (
	traceID  = "1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
	parentID = "9a9197af755a6419"
	hidden   = "page:/patient/12345"
)

func work() {
	ctx := context.WithValue(context.Background(), "x-amzn-trace-id", "Root="+traceID+";Parent="+parentID+";Sampled=1") //nolint:staticcheck // it is Lambda's key
	_ = Stage(ctx, "outer", func(ctx context.Context) error {
		return Stage(ctx, "inner", func(context.Context) error { return errors.New(hidden) })
	})
	_ = Stage(context.Background(), "elsewhere", func(context.Context) error { return nil })
}

type segment struct {
	Name, Type  string
	TraceID     string `json:"trace_id"`
	ParentID    string `json:"parent_id"`
	Fault       bool
	Start       float64 `json:"start_time"`
	End         float64 `json:"end_time"`
	Subsegments []segment
}

func TestStagesAreSubsegmentsOfTheInvocationAndShowNoText_T6(t *testing.T) {
	daemon, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	run(t, "AWS_XRAY_DAEMON_ADDRESS="+daemon.LocalAddr().String())
	_ = daemon.SetReadDeadline(time.Now().Add(30 * time.Second))
	packet := make([]byte, 64<<10)
	n, _, err := daemon.ReadFrom(packet)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(packet[:n]), "\n")
	var s segment
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	if s.Name != "outer" || s.Type != "subsegment" || s.TraceID != traceID || s.ParentID != parentID || !s.Fault || s.End < s.Start || s.Start == 0 {
		t.Errorf("got %+v", s)
	}
	if len(s.Subsegments) != 1 || s.Subsegments[0].Name != "inner" || !s.Subsegments[0].Fault {
		t.Errorf("its stages are %+v", s.Subsegments)
	}
	if strings.Contains(body, hidden) {
		t.Errorf("the segment shows what an error says: %s", body)
	}
}

func TestWithoutADaemonNothingIsTracedAndTheWorkIsDone(t *testing.T) {
	run(t, "AWS_XRAY_DAEMON_ADDRESS=")
	done := false
	want := errors.New("why")
	if err := Stage(context.Background(), "stage", func(context.Context) error { done = true; return want }); !errors.Is(err, want) || !done {
		t.Errorf("done %v, %v", done, err)
	}
}

// run runs the work in a program of its own, which prints nothing.
func run(t *testing.T, env string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), child+"=1", env)
	if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
}

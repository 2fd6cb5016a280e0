//go:build integration

package cluster

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/tests/deploy/standin"
	"corsia/tests/rig"
	"corsia/tests/testkit"
)

//go:embed bluegreen.cfg
var twoSides []byte

const (
	oldVersion, newVersion = "1.0.0", "2.0.0"
	alarm                  = "corsia-test-error-rate"
	releaseTime            = 2 * time.Minute // for one release of this test
)

// stage is two versions of the gateway behind HAProxy, which does with them what the stand-in of AWS is told.
type stage struct {
	t       *testing.T
	cloud   *standin.Cloud
	cluster *testkit.Cluster
	sides   map[string][]*testkit.Instance
	front   *rig.Front
	socket  string // HAProxy's
	program string // deploy
	config  string // its file

	work sync.WaitGroup // starts and stops that are under way

	mu     sync.Mutex
	shifts []shift
}

// shift is one change of the weights.
type shift struct {
	at    time.Time
	green int // percent
}

func newStage(t *testing.T) *stage {
	t.Helper()
	newOne := testkit.BuildVersion(t, newVersion)
	o := testkit.ClusterOptions{Instances: 2}
	s := &stage{t: t, cluster: testkit.StartCluster(t, o), program: testkit.BuildProgram(t, "corsia/scripts/deploy"), cloud: standin.New(t, "corsia:"+oldVersion)}
	for range 2 {
		s.cluster.Add(t, o, newOne)
	}
	all := s.cluster.Instances
	s.sides = map[string][]*testkit.Instance{"blue": all[:2], "green": all[2:]}
	folder := t.TempDir()
	s.socket = filepath.Join(folder, "haproxy")
	t.Setenv("SOCKET", s.socket)
	var gateways []*rig.Gateway
	for _, i := range all {
		gateways = append(gateways, &rig.Gateway{URL: i.URL})
	}
	var err error
	if s.front, err = rig.OpenFront(t.Context(), folder, testkit.Port(t), twoSides, gateways); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.front.Close)
	t.Cleanup(s.work.Wait)
	s.cloud.Do(func() { s.cloud.Rolled, s.cloud.Shifted, s.cloud.Healthy = s.rolled, s.shifted, s.healthy })
	s.config = filepath.Join(folder, "deploy.json")
	config, err := json.Marshal(fields{"environment": "test", "cluster": standin.Cluster, "listener_arn": standin.Listener, "least_tasks": 2,
		"families": fields{"blue": standin.Family("blue"), "green": standin.Family("green")}, "scalable_targets": fields{"blue": standin.Target("blue"), "green": standin.Target("green")},
		"services":      fields{"blue": standin.Service("blue"), "green": standin.Service("green")},
		"target_groups": fields{"blue": standin.TargetGroup("blue"), "green": standin.TargetGroup("green")},
		"alarms":        []string{alarm}, "url": s.front.URL, "colour_header": "X-Corsia-Colour", "profile": "fast"})
	if err == nil {
		err = os.WriteFile(s.config, config, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rolled starts or stops the processes of a side, as ECS does with tasks.
func (s *stage) rolled(colour string, task map[string]any, wanted int) {
	image := standin.Image(task, "corsia")
	if wanted > 0 && image != "corsia:"+newVersion && image != "corsia:"+oldVersion {
		s.cloud.Services[colour].Failed = "tasks failed to start" // ECS's circuit breaker
		return
	}
	s.work.Go(func() {
		for n, i := range s.sides[colour] {
			switch {
			case n < wanted && !i.Running():
				i.Gateway.Restart(s.t)
			case n >= wanted && i.Running():
				if status, took := i.Stop(s.t); status != 0 {
					s.t.Errorf("%s ended with status %d after %v", i.ID, status, took)
				}
			}
		}
	})
}

// healthy counts the gateways of a side that are ready.
func (s *stage) healthy(colour string) (n int) {
	client := http.Client{Timeout: time.Second}
	for _, i := range s.sides[colour] {
		if resp, err := client.Get(i.URL + "/health/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				n++
			}
		}
	}
	return n
}

// shifted sets the weights in HAProxy, before the call that moved them is answered.
func (s *stage) shifted(weights map[string]int) {
	for colour, weight := range weights {
		for n := range s.sides[colour] {
			if err := s.tell(fmt.Sprintf("set weight all/%s-%d %d", colour, n+1, weight)); err != nil {
				s.t.Error(err)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shifts = append(s.shifts, shift{time.Now(), weights["green"]})
}

func (s *stage) tell(command string) error {
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(command + "\n")); err != nil {
		return err
	}
	answer := make([]byte, 1024)
	n, _ := conn.Read(answer) // the end comes at once after a command that has nothing to say
	if text := strings.TrimSpace(string(answer[:n])); text != "" {
		return fmt.Errorf("%s: %s", command, text)
	}
	return nil
}

// percent is the weight of green.
func (s *stage) percent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shifts) == 0 {
		return 0
	}
	return s.shifts[len(s.shifts)-1].green
}

// share is how many of a hundred new requests green gets.
func (s *stage) share() (n int) {
	s.t.Helper()
	client := http.Client{Timeout: eventually, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 100 {
		resp, err := client.Get(s.front.URL + "/health")
		if err != nil {
			s.t.Fatal(err)
		}
		var health struct{ Version string }
		err = json.NewDecoder(resp.Body).Decode(&health)
		resp.Body.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		if health.Version == newVersion {
			n++
		}
	}
	return n
}

// release is a run of deploy.
type release struct {
	*exec.Cmd
	out  bytes.Buffer // read after ended is closed
	done chan struct{}
}

func (s *stage) deploy(args ...string) *release {
	s.t.Helper()
	r := &release{Cmd: exec.Command(s.program, append(args, "-config", s.config, "-poll", "200ms", "-standby", "1s")...), done: make(chan struct{})}
	r.Env = append(os.Environ(), s.cloud.Env()...)
	r.Env = append(r.Env, "SMOKE_TOKEN="+s.cluster.Instances[0].Token("usr_smoke"))
	r.Stdout, r.Stderr = &r.out, &r.out
	if err := r.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = r.Wait() // the status is in ProcessState
		close(r.done)
	}()
	s.t.Cleanup(func() { _ = r.Process.Kill(); <-r.done })
	return r
}

// ends waits for the end of a release, and checks its status.
func (r *release) ends(t *testing.T, status int) {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(releaseTime):
		t.Fatal("the release does not end")
	}
	if got := r.ProcessState.ExitCode(); got != status {
		t.Fatalf("status %d, want %d:\n%s", got, status, r.out.Bytes())
	}
}

func (s *stage) reaches(percent int) {
	s.t.Helper()
	testkit.Eventually(s.t, releaseTime, fmt.Sprintf("%d %% on green", percent), func() bool { return s.percent() == percent })
}

// People type all the time; a bad release never gets all of them, a good one does, and nobody loses a word.
func TestReleasesUnderLoadLoseNothingAndABadOneGoesBackAtOnce_O2_F6(t *testing.T) {
	s := newStage(t)
	front := &testkit.Cluster{Instances: []*testkit.Instance{{Gateway: &testkit.Gateway{URL: s.front.URL}}}}
	people := caravanOf(t, front, 20, "page:/release", 100*time.Millisecond)
	const good = "corsia:" + newVersion

	s.deploy("run", "-image", "corsia:crashes").ends(t, 1)
	if s.percent() != 0 || len(s.shifts) > 0 {
		t.Fatalf("an image that does not start had clients: %v", s.shifts)
	}

	bad := s.deploy("run", "-image", good, "-version", newVersion, "-hold", "2s")
	s.reaches(50)
	if got := s.share(); got < 40 || got > 60 {
		t.Errorf("green got %d of 100 requests at 50 %%", got)
	}
	ill := time.Now()
	s.cloud.Do(func() { s.cloud.Alarms[alarm] = "ALARM" })
	bad.ends(t, 1)
	s.mu.Lock()
	last := s.shifts[len(s.shifts)-1]
	for _, one := range s.shifts {
		if one.green == 100 {
			t.Error("a bad release had all clients")
		}
	}
	s.mu.Unlock()
	if took := last.at.Sub(ill); last.green != 0 || took > 10*time.Second {
		t.Errorf("the roll-back took %v and left green %d %%", took, last.green)
	} else {
		t.Logf("rolled back %v after the alarm", took.Round(time.Millisecond))
	}
	s.work.Wait() // green has ended, and its people are back
	s.cloud.Do(func() { s.cloud.Alarms[alarm] = "OK" })
	if got := s.share(); got != 0 {
		t.Errorf("green got %d of 100 requests after the roll-back", got)
	}

	killed := s.deploy("run", "-image", good, "-version", newVersion, "-hold", "1m")
	s.reaches(5)
	_ = killed.Process.Kill()
	<-killed.done
	s.deploy("run", "-image", good, "-version", newVersion, "-hold", "2s").ends(t, 0)
	if s.percent() != 100 || s.share() != 100 {
		t.Errorf("green has %d %%", s.percent())
	}
	time.Sleep(time.Second) // the standby
	s.deploy("retire").ends(t, 0)
	s.work.Wait()
	for _, i := range s.sides["blue"] {
		if i.Running() {
			t.Errorf("%s still runs", i.ID)
		}
	}
	people.settle(t, 2*eventually)
	t.Logf("%d words", people.judge(t, s.sides["green"][0].Store(t), healed+3*time.Second))
	for _, p := range people {
		if _, _, visits := p.words(); visits < 2 {
			t.Errorf("%s did not move", p.user)
		}
	}
	s.cloud.Do(func() {
		if n := len(s.cloud.Tasks); n != 4 { // the first of each side, the one that crashes, the good one: once
			t.Errorf("%d task definitions", n)
		}
		t.Log(strings.Join(s.cloud.Log, ", "))
	})
}

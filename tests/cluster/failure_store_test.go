//go:build integration

package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

func TestWithoutPostgreSQLNothingIsAcknowledgedOrShownAndThenAllInOrder_F4(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Env: []string{"MAX_MESSAGES_PER_SECOND=100000"}})
	c.ExpectError(troubles...)
	for _, f := range []fault{cut, frozen} {
		t.Run(f.name, func(t *testing.T) {
			resource := "page:/failure/f4/" + f.name
			anna, bruno, carla := three(t, c, resource, "f4"+f.name)
			near := join(t, c.Instances[0], "usr_near_f4"+f.name, resource)
			anna.write("notes", "|")
			for _, p := range []*person{bruno, carla, near} {
				p.shows(eventually, "notes", "|")
			}
			rows := len(c.Store(t).Journal(resource, 0))
			mend := f.strike(t, storeOf, c.Instances...)
			broken := time.Now()
			answers := make([]func() fields, 30)
			for i := range answers {
				answers[i] = anna.send(anna.insert("notes", fmt.Sprintf("%d;", i)))
			}
			anna.Emit("AWARENESS", fields{"resourceId": resource, "state": fields{"field": "notes"}})
			near.Next("AWARENESS") // presence goes on
			time.Sleep(time.Until(broken.Add(4 * time.Second)))
			for _, p := range []*person{bruno, carla, near} {
				if shown := p.Waiting("Y_UPDATE"); len(shown) > 0 {
					t.Errorf("%s was shown %d updates that are not saved", p.user, len(shown))
				}
			}
			if n := len(c.Store(t).Journal(resource, 0)); n != rows {
				t.Errorf("the journal has %d rows, want %d", n, rows)
			}
			mend()
			for i, answer := range answers {
				if got := answer(); got["ok"] != true || got.Int("revision") != int64(3+i) {
					t.Errorf("update %d: %v", i, got)
				}
			}
			converge(t, healed+time.Second, c.Store(t), anna, bruno, carla, near)
			isHealthy(t, 3*eventually, c.Instances...)
		})
	}
}

func TestMoreThanTheBufferHoldsIsToldToWait_F4(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{Proxied: true, Instances: 1, Env: []string{"MAX_MESSAGES_PER_SECOND=100000"}})
	c.ExpectError(troubles...)
	const resource, n = "page:/failure/backpressure", 4600 // the buffer holds 4096
	anna := join(t, c.Instances[0], "usr_anna_bp", resource)
	mend := cut.strike(t, storeOf, c.Instances...)
	answers, updates := make([]func() fields, n), make([][]byte, n)
	for i := range answers {
		updates[i] = anna.insert(fmt.Sprintf("field%d", i%50), "x")
		answers[i] = anna.send(updates[i])
	}
	last := answers[n-1]()
	refusal, _ := last["error"].(fields)
	if refusal.Text("code") != "BACKPRESSURE" || refusal.Int("retryAfterMs") <= 0 {
		t.Errorf("the last of %d: %v", n, last)
	}
	mend()
	refused := 0
	for i, answer := range answers {
		if got := answer(); got["ok"] != true {
			refused++
			anna.OK("Y_UPDATE", fields{"resourceId": resource, "update": updates[i]})
		}
	}
	t.Logf("%d of %d were refused", refused, n)
	converge(t, eventually, c.Store(t), anna)
}

// caravanOf sends travellers over all instances.
func caravanOf(t *testing.T, c *testkit.Cluster, n int, resource string, pause time.Duration) caravan {
	t.Helper()
	var people caravan
	for i := range n {
		people = append(people, depart(c, i, fmt.Sprintf("usr_%d", i), resource, pause))
	}
	t.Cleanup(people.end)
	for _, p := range people {
		testkit.Eventually(t, 2*eventually, "first word of "+p.user, func() bool { _, acked, _ := p.words(); return acked > 0 })
	}
	return people
}

func TestARestartOfPostgreSQLInTheMiddleOfCommitsLosesNothing_F4_D2(t *testing.T) {
	t.Parallel()
	shared := testkit.SharedServices(t)
	own := &testkit.Services{Redis: shared.Redis, RabbitMQ: shared.RabbitMQ, Postgres: pgtest.Start(t)}
	c := testkit.StartCluster(t, testkit.ClusterOptions{Services: own})
	c.ExpectError(troubles...)
	people := caravanOf(t, c, 9, "page:/failure/f4/restart", 5*time.Millisecond)
	for range 3 {
		time.Sleep(700 * time.Millisecond)
		own.Postgres.Kill() // pg_ctl stop -m immediate
		time.Sleep(500 * time.Millisecond)
		own.Postgres.Restart(t)
		healedBy := time.Now().Add(10 * time.Second)
		_, before, _ := people[0].words()
		for _, acked, _ := people[0].words(); acked <= before+1; _, acked, _ = people[0].words() {
			if time.Now().After(healedBy) {
				t.Fatal("10 s after its return nothing is saved")
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	people.settle(t, 2*eventually)
	words := people.judge(t, c.Store(t), healed+2*time.Second)
	t.Logf("%d words", words)
	isHealthy(t, 3*eventually, c.Instances...)
}

// smallDisk mounts a file system of so many bytes until the test ends.
func smallDisk(t *testing.T, bytes int) (path string) {
	t.Helper()
	path, err := os.MkdirTemp("", "corsia-disk-") // where PostgreSQL's own user may go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	args := []string{"mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d,mode=1777", bytes), "tmpfs", path}
	unmount := []string{"umount", "-l", path}
	if os.Getuid() != 0 {
		args, unmount = append([]string{"sudo", "-n"}, args...), append([]string{"sudo", "-n"}, unmount...)
	}
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("a small disk needs root, or sudo without a password: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command(unmount[0], unmount[1:]...).Run() })
	return path
}

// fill takes all the space of a disk but so many bytes, and returns how to give it back.
func fill(t *testing.T, disk string, leave uint64) (free func()) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(disk, &st); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(disk, "ballast")
	available := st.Bavail * uint64(st.Bsize)
	if available > leave {
		if err := os.WriteFile(path, make([]byte, available-leave), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// noise returns text that no database makes smaller.
func noise(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(' ' + rand.IntN(95))
	}
	return string(text)
}

const letter = 64 << 10 // bytes of one update that fills disks

// overflow types until nothing is saved any more, gives the space back, and returns what all the answers were.
func overflow(t *testing.T, p *person, free func()) {
	t.Helper()
	var kept [][]byte
	var answers []func() fields
	for i := range 120 {
		kept = append(kept, p.insert("notes", noise(letter)))
		answers = append(answers, p.send(kept[i]))
	}
	time.Sleep(3 * time.Second)
	free()
	refused := 0
	for i, answer := range answers {
		got := answer()
		for tries := 0; got["ok"] != true; tries++ { // as a widget does
			refused++
			refusal, _ := got["error"].(fields)
			if code := refusal.Text("code"); code != "BACKPRESSURE" && code != "UNAVAILABLE" && code != "MISSING_DEPENDENCY" || tries > 50 {
				t.Fatalf("update %d: %v", i, got)
			}
			time.Sleep(200 * time.Millisecond)
			got = p.Call("Y_UPDATE", fields{"resourceId": p.resource, "update": kept[i]})
		}
	}
	t.Logf("%d answers asked to send again", refused)
}

func TestAFullDiskUnderPostgreSQLDelaysAndLosesNothing_F4(t *testing.T) {
	disk := smallDisk(t, 160<<20)
	usual := os.TempDir()
	t.Setenv("TMPDIR", disk)
	server := pgtest.Start(t, "min_wal_size=32MB", "max_wal_size=32MB")
	t.Setenv("TMPDIR", usual)
	shared := testkit.SharedServices(t)
	own := &testkit.Services{Redis: shared.Redis, RabbitMQ: shared.RabbitMQ, Postgres: server}
	c := testkit.StartCluster(t, testkit.ClusterOptions{Services: own, Env: []string{"MAX_MESSAGES_PER_SECOND=100000", "MAX_OUTBOX_BYTES=67108864"}})
	c.ExpectError(troubles...)
	const resource = "page:/failure/disk/postgres"
	anna, bruno := join(t, c.Instances[0], "usr_anna_disk", resource), join(t, c.Instances[1], "usr_bruno_disk", resource)
	anna.write("notes", "before;")
	overflow(t, anna, fill(t, disk, 1<<20))
	converge(t, eventually, c.Store(t), anna, bruno)
	if !strings.Contains(server.Log(), "No space left on device") {
		t.Error("the disk was never full")
	}
	isHealthy(t, 3*eventually, c.Instances...)
}

func TestAFullDiskUnderSQLiteDelaysAndLosesNothing_F4(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 24<<20)
	g := testkit.Start(t, "STORE_URL=sqlite:"+filepath.Join(disk, "corsia.db"), "MAX_MESSAGES_PER_SECOND=100000", "MAX_OUTBOX_BYTES=67108864", "JWT_KEYS="+testkit.PublicKey(t))
	for _, msg := range troubles {
		g.ExpectError(msg)
	}
	const resource = "page:/failure/disk/sqlite"
	one := &testkit.Instance{Gateway: g}
	anna, bruno := join(t, one, "usr_anna_disk", resource), join(t, one, "usr_bruno_disk", resource)
	anna.write("notes", "before;")
	overflow(t, anna, fill(t, disk, 1<<20))
	g.WaitLog(t, "a full disk", func(l testkit.Line) bool { return strings.Contains(l.Text("err"), "disk is full") })
	bruno.shows(eventually, "notes", anna.text("notes"))
	late := view(t, one, "usr_late_disk", resource)
	if err := ydoc.Equal(late.doc, anna.doc); err != nil {
		t.Errorf("who joins then: %v", err)
	}
}

// F8: one bad row. It is changed under the gateways' feet, as no gateway would.
func TestADocumentThatCannotBeReadDisturbsNoOtherOnAnyInstance_F8(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{})
	c.ExpectError(append(troubles, "room: document is quarantined")...)
	const broken, sound = "page:/failure/f8/broken", "page:/failure/f8/sound"
	p := join(t, c.Instances[0], "usr_f8", broken)
	p.write("notes", "text")
	p.Disconnect()
	s := c.Store(t)
	testkit.Eventually(t, eventually, "state of revision 2", func() bool { _, revision := s.State(broken); return revision == 2 })
	time.Sleep(3 * time.Second) // until the room is closed
	garbage := bytes.Repeat([]byte{0xff}, 64)
	if _, err := plain(t, c).Exec(t.Context(), "UPDATE yjs_states SET state = $1 WHERE resource_id = $2", garbage, broken); err != nil {
		t.Fatal(err)
	}
	anna, bruno, carla := three(t, c, sound, "f8")
	for _, i := range c.Instances {
		visitor := i.Connect(t, "usr_visitor_f8")
		if code := visitor.Refusal("JOIN_RESOURCE", fields{"resourceId": broken, "mode": "editor"}).Text("code"); code != "DOCUMENT_QUARANTINED" {
			t.Errorf("%s answers %s", i.ID, code)
		}
		visitor.OK("JOIN_RESOURCE", fields{"resourceId": sound, "mode": "viewer"})
	}
	follows(t, healed, anna, "notes", bruno, carla)
	if state, revision := s.State(broken); revision != 2 || !bytes.Equal(state, garbage) {
		t.Errorf("the bad row was changed: revision %d", revision)
	}
}

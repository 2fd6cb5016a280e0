//go:build integration

package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/postgres"
	"corsia/shared/obs"
	"corsia/shared/ydoc"
	"corsia/tests/testkit"
)

type fields = testkit.Fields

// commandTime is for any command, on a slow machine.
const commandTime = 5 * time.Minute

// server is the PostgreSQL that all tests of the package use, each with databases of its own.
var server struct {
	sync.Mutex
	*pgtest.Server
}

func TestMain(m *testing.M) {
	code := testkit.Main(m)
	if server.Server != nil {
		server.Close()
	}
	os.Exit(code)
}

func postgresServer(t *testing.T) *pgtest.Server {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.Server == nil {
		s, err := pgtest.Open("max_connections=200")
		if err != nil {
			t.Fatal(err)
		}
		server.Server = s
	}
	return server.Server
}

// ward is a hospital: a gateway on PostgreSQL, with an archive beside it.
type ward struct {
	*testkit.Gateway
	store string // URL
}

// open starts a gateway on a database.
func open(t *testing.T, store string, env ...string) *ward {
	t.Helper()
	g := testkit.Start(t, append([]string{"ADDR=" + testkit.Port(t), "STORE_URL=" + store}, env...)...)
	return &ward{g, store}
}

// person is somebody who edits a document.
type person struct {
	*testkit.Client
	resource string
	client   ydoc.ClientID
	doc      *ydoc.Doc
	joined   fields
}

// join opens a document as an editor.
func (w *ward) join(t *testing.T, user, resource string, claims ...fields) *person {
	t.Helper()
	c := w.Connect(t, user, claims...)
	s := c.OK("JOIN_RESOURCE", fields{"resourceId": resource, "mode": "editor"})
	doc, err := ydoc.Load(s.Bytes("state"))
	if err != nil {
		t.Fatal(err)
	}
	return &person{Client: c, resource: resource, client: ydoc.ClientID(s.Int("clientId")), doc: doc, joined: s}
}

// write types a text at the beginning of a field, and returns the revision when it is saved.
func (p *person) write(t *testing.T, field, text string) int64 {
	t.Helper()
	update, err := p.doc.Transact(p.client, func(e *ydoc.Edit) { e.InsertText(field, 0, text) })
	if err != nil {
		t.Fatal(err)
	}
	return p.OK("Y_UPDATE", fields{"resourceId": p.resource, "update": update}).Int("revision")
}

// day makes a day's work, and stops the gateway: its trail is sealed and signed to its end.
func day(t *testing.T, w *ward) {
	t.Helper()
	for n := range 3 {
		p := w.join(t, "usr_anna", fmt.Sprintf("page:/patient/%d", n))
		for i := range 5 {
			p.write(t, "notes", fmt.Sprintf("%d ", i))
		}
		p.OK("SEED", fields{"resourceId": p.resource, "values": fields{"dose": "5 mg"}})
		lock := p.OK("LOCK_ACQUIRE", fields{"resourceId": p.resource, "field": "notes"})
		if n > 0 { // that of the first patient stays open: it is known when the process dies
			p.OK("LOCK_RELEASE", fields{"lockId": lock.Text("lockId")})
		}
		p.Disconnect()
	}
	if status, _ := w.Stop(t); status != 0 {
		t.Fatalf("the gateway ends with status %d", status)
	}
}

// corsia runs the program in the ward's folder, with its settings.
func (w *ward) corsia(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, testkit.Build(t), args...)
	cmd.Dir, cmd.Env = w.Dir, w.Env()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("run corsia %v: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs the program, which must end well.
func (w *ward) must(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, status := w.corsia(t, args...)
	if status != 0 {
		t.Fatalf("corsia %v: status %d\n%s%s", args, status, out, errs)
	}
	return out
}

// beside returns the URL of another database of the same server, which is not there.
func beside(t *testing.T, store string) string {
	t.Helper()
	u, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = fmt.Sprintf("/corsia_restored_%d", time.Now().UnixNano())
	name := strings.TrimPrefix(u.Path, "/")
	t.Cleanup(func() { exec1(t, store, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return u.String()
}

// exec1 executes statements as one who may do everything.
func exec1(t *testing.T, store string, statements ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// number returns the one number of a query.
func number(t *testing.T, store, query string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// archive opens the ward's archive.
func (w *ward) archive(t *testing.T) *folder.Folder {
	t.Helper()
	f, err := folder.Open(filepath.Join(w.Dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// drill restores a backup to a scratch database, as `corsia drill` does.
func (w *ward) drill(t *testing.T, id string) (*backup.Report, error) {
	t.Helper()
	public, err := audit.PublicKey(w.auditKey(t))
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	to, err := postgres.OpenBackup(t.Context(), beside(t, w.store))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	return backup.Drill(t.Context(), backup.Restoration{Objects: w.archive(t), ID: id, To: to, Trust: backup.Trust{Keys: []note.Verifier{key}},
		Recorder: audit.NewRecorder("i_drill", obs.NewLogger(os.Stderr, nil)), By: collab.UserID("system:test"), Now: time.Now})
}

// back makes a backup of a store into the ward's archive.
func (w *ward) back(t *testing.T, store string) *backup.Manifest {
	t.Helper()
	from, err := postgres.OpenBackup(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	w.apart(t)
	m, err := backup.Make(t.Context(), w.archive(t), "postgres", from, backup.Options{Program: "test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// apart waits until a backup that begins now has another name than those that are there: they are named by the second.
func (w *ward) apart(t *testing.T) {
	t.Helper()
	newest, err := backup.Newest(t.Context(), w.archive(t))
	if errors.Is(err, backup.ErrNone) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the next second", func() bool { return time.Now().UTC().Format("20060102T150405Z") > newest })
}

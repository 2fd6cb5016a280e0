package app

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/gateway/auth"
	"corsia/gateway/room"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/driver/sqlite"
	"corsia/shared/obs"
	"corsia/tests/testkit"
)

// settings returns a configuration on a folder of its own.
func settings(t *testing.T, dir string, more ...string) Config {
	t.Helper()
	c, err := Load(env(append([]string{"ADDR", "127.0.0.1:0", "STORE_URL", "sqlite:" + filepath.Join(dir, "corsia.db"),
		"ARCHIVE_URL", "file:" + filepath.Join(dir, "archive")}, more...)...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lines is a log in memory.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func running(t *testing.T, c Config, log io.Writer) *App {
	t.Helper()
	a, err := New(t.Context(), c, obs.TestLogger(t, log))
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	if err := a.Start(t.Context()); err != nil {
		a.Abandon()
		t.Fatalf("start: %v", err)
	}
	return a
}

func stop(t *testing.T, a *App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestGatewayStartsServesAndLeavesNothingBehind(t *testing.T) { // C6, H1
	before := runtime.NumGoroutine()
	log := &lines{}
	dir := t.TempDir()
	for range 2 { // the second finds what the first has left
		a := running(t, settings(t, dir), log)
		client := &http.Client{Transport: &http.Transport{}}
		res, err := client.Get("http://" + a.Addr() + "/health")
		if err != nil {
			t.Fatalf("health: %v", err)
		}
		var health struct{ Status, Version string }
		if err := json.NewDecoder(res.Body).Decode(&health); err != nil || health.Status != "healthy" || health.Version != Version {
			t.Errorf("health %+v, %v", health, err)
		}
		res.Body.Close()
		client.CloseIdleConnections()
		(&testkit.Gateway{URL: "http://" + a.Addr()}).Refused(t, testkit.Options{})
		stop(t, a)
	}
	testkit.Eventually(t, 5*time.Second, "end of all goroutines", func() bool { return runtime.NumGoroutine() <= before })
	if info, err := os.Stat(filepath.Join(dir, "corsia-dev.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the development key: %v, %v", info, err)
	}
	for line := range strings.Lines(log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
	}
	if text := log.String(); !strings.Contains(text, `"msg":"gateway: listening"`) || !strings.Contains(text, `"msg":"audit"`) {
		t.Errorf("the log lacks a start or the refused client:\n%s", text)
	}
}

func TestBadStartSaysWhyInOneLine(t *testing.T) { // SPEC 1
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rubbish := file("rubbish", "this is no key and no database, and it is long enough to be looked at twice")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used := t.TempDir()
	lock, err := sqlite.Open(t.Context(), filepath.Join(used, "corsia.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	tests := []struct {
		name string
		set  []string
		want string
	}{
		{"a port in use", []string{"ADDR", taken.Addr().String()}, "address already in use"},
		{"a store in a file", []string{"STORE_URL", "sqlite:" + rubbish + "/corsia.db"}, "its folder cannot be written"},
		{"a store that is none", []string{"STORE_URL", "sqlite:" + rubbish}, "not a SQLite database"},
		{"a store that another uses", []string{"STORE_URL", "sqlite:" + filepath.Join(used, "corsia.db")}, "another corsia is using it"},
		{"an archive in a file", []string{"ARCHIVE_URL", "file:" + rubbish + "/archive"}, "open archive"},
		{"keys that are none", []string{"JWT_KEYS", rubbish}, rubbish},
		{"a policy that is none", []string{"ROLE_POLICY", rubbish}, "role policy"},
		{"a policy with a wrong mode", []string{"ROLE_POLICY", file("policy", `{"nurse":{"page:*":"owner"}}`)}, "nurse"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			a, err := New(t.Context(), settings(t, t.TempDir(), tt.set...), obs.TestLogger(t, t.Output()))
			if err == nil {
				if err = a.Start(t.Context()); err == nil {
					stop(t, a)
				} else {
					a.Abandon()
				}
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %v, want %q in one line", err, tt.want)
			}
			testkit.Eventually(t, 5*time.Second, "end of all goroutines", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

func TestOriginsOfTheListAreLetInAndNoOthers(t *testing.T) { // C9
	a := running(t, settings(t, t.TempDir(), "ALLOWED_ORIGINS", "https://emr.example"), t.Output())
	defer stop(t, a)
	for origin, want := range map[string]int{"https://emr.example": 204, "http://" + a.Addr(): 204, "": 204,
		"https://emr.example.evil": 403, "http://emr.example": 403, "https://evil.example": 403, "null": 403} {
		r, err := http.NewRequest("OPTIONS", "http://"+a.Addr()+"/ws/?EIO=4&transport=polling", nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("origin %q: %d, want %d", origin, res.StatusCode, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestRefusedUpdateHasItsAuditRow(t *testing.T) { // L6, D7, T1
	log := obs.TestLogger(t, t.Output())
	tr := newTrail(audit.NewRecorder("i_1", log), nil)
	member := collab.Member{User: "anna", Session: "s_1", Role: "nurse"}
	res := collab.Resource{Tenant: "ward", ID: "page:/1"}
	locked := &collab.Error{Code: collab.CodeUpdateRejected, Detail: room.Rejected{Revision: 7}}
	for want, err := range map[string]*collab.Error{"locked": locked, "FOREIGN_CLIENT": collab.NewError(collab.CodeForeignClient, "m")} {
		row := tr.refused(room.Refusal{Resource: res, Member: member, Err: err, Revision: 7})
		e, parseErr := audit.Parse(row.Body)
		if parseErr != nil || e.Type != audit.UpdateRejected || e.Outcome != audit.Denied || e.Reason != want || e.Actor != "anna" || e.RevisionTo != 7 || e.Tenant != "ward" {
			t.Errorf("got %+v, %v, want %s", e, parseErr, want)
		}
	}
}

func TestKeysComeFromFilesOrFromAnotherServer(t *testing.T) { // A2
	dir := t.TempDir()
	if _, err := auth.OpenDevKeys(dir); err != nil {
		t.Fatal(err)
	}
	keys, issuer, err := openKeys(settings(t, dir))
	if err != nil || issuer == nil || keys == nil {
		t.Errorf("development: %v", err)
	}
	if keys, issuer, err = openKeys(settings(t, dir, "JWKS_URL", "https://keys.example/jwks.json")); err != nil || issuer != nil || keys == nil {
		t.Errorf("a key server: issuer %v, %v", issuer, err)
	}
}

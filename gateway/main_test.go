package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/gateway/app"
	"corsia/gateway/auth"
	"corsia/shared/obs"
	"corsia/tests/testkit"
)

// env is an environment with a store and an archive in a folder of the test.
func env(t *testing.T, settings ...string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	values := map[string]string{"ADDR": "127.0.0.1:0", "STORE_URL": "sqlite:" + filepath.Join(dir, "corsia.db"), "ARCHIVE_URL": "file:" + filepath.Join(dir, "archive")}
	for i := 0; i < len(settings); i += 2 {
		values[settings[i]] = settings[i+1]
	}
	return func(name string) string { return values[name] }
}

// output is what a command wrote.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func TestCommandsEndWithTheStatusOfTheirOutcome(t *testing.T) { // SPEC 1
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	rubbish := filepath.Join(t.TempDir(), "rubbish")
	if err := os.WriteFile(rubbish, []byte("no database at all, but long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name           string
		args, settings []string
		status         int
		stdout, stderr string // parts of it; "": nothing is written
	}{
		{"version", []string{"version"}, nil, 0, app.Version, ""},
		{"help", []string{"help"}, nil, 0, "usage: corsia", ""},
		{"help of a command", []string{"serve", "-help"}, nil, 0, "", "-lock-ttl"},
		{"help without a command", []string{"--help"}, nil, 0, "", "-store-url"},
		{"help of token", []string{"token", "-h"}, nil, 0, "", "-permissions"},
		{"an unknown command", []string{"bake"}, nil, 2, "", `there is no command "bake"`},
		{"no command", []string{""}, nil, 2, "", `there is no command ""`},
		{"an unknown flag", []string{"-colour", "red"}, nil, 2, "", "flag provided but not defined"},
		{"an argument too many", []string{"serve", "now"}, nil, 2, "", `there is no argument "now"`},
		{"a wrong setting", []string{"serve"}, []string{"LOCK_TTL", "soon", "ENV", "moon"}, 2, "", "  LOCK_TTL is not a duration"},
		{"a wrong flag", []string{"-lock-ttl", "soon"}, nil, 2, "", "LOCK_TTL is not a duration"},
		{"a port in use", []string{"serve", "-addr", taken.Addr().String()}, nil, 1, "", "address already in use"},
		{"a store that is none", nil, []string{"STORE_URL", "sqlite:" + rubbish}, 1, "", "not a SQLite database"},
		{"a folder that cannot be written", nil, []string{"STORE_URL", "sqlite:" + rubbish + "/corsia.db"}, 1, "", "its folder cannot be written"},
		{"help of audit", []string{"audit", "help"}, nil, 0, "", "corsia audit <command>"},
		{"help of audit verify", []string{"audit", "verify", "-h"}, nil, 0, "", "-checkpoint"},
		{"an audit command that is none", []string{"audit", "bake"}, nil, 2, "", `there is no command "bake"`},
		{"an export in a form that is none", []string{"audit", "export", "-format", "pdf"}, nil, 2, "", "-format is ndjson or fhir"},
		{"an export since no time", []string{"audit", "export", "-from", "soon"}, nil, 2, "", "cannot parse"},
		{"an export of what is no store", []string{"audit", "export"}, []string{"STORE_URL", "sqlite:" + rubbish}, 1, "", "not a SQLite database"},
		{"an audit key that is none", []string{"serve"}, []string{"AUDIT_KEY", "PRIVATE+KEY+hunter2"}, 2, "", "AUDIT_KEY is no key"},
		{"a token for nobody", []string{"token"}, nil, 2, "", "-user is required"},
		{"a token with wrong permissions", []string{"token", "-user", "usr_1", "-permissions", `[{"resource":7}]`}, nil, 2, "", "-permissions must be"},
		{"a token with an argument", []string{"token", "-user", "usr_1", "now"}, nil, 2, "", "there are no arguments"},
		{"a token for a wrong tenant", []string{"token", "-user", "usr_1", "-tenant", "a b"}, nil, 1, "", "INVALID_TENANT"},
		{"a token with a wrong flag", []string{"token", "-colour"}, nil, 2, "", "flag provided but not defined"},
		{"a token in a wrong configuration", []string{"token", "-user", "usr_1"}, []string{"ENV", "moon"}, 2, "", "ENV is none of"},
		{"a token where keys are another's", []string{"token", "-user", "usr_1"}, []string{"JWKS_URL", "https://keys.example"}, 2, "", "development keys alone"},
		{"a token where there is no folder", []string{"token", "-user", "usr_1"}, []string{"STORE_URL", "sqlite:/no/such/folder/corsia.db"}, 1, "", "development key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr output
			if got := run(tt.args, env(t, tt.settings...), &stdout, &stderr); got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
			for name, out := range map[string][2]string{"stdout": {stdout.String(), tt.stdout}, "stderr": {stderr.String(), tt.stderr}} {
				if out[1] == "" && out[0] != "" || !strings.Contains(out[0], out[1]) {
					t.Errorf("%s is %q, want %q", name, out[0], out[1])
				}
			}
			if lines := strings.Count(stderr.String(), "\n"); tt.status == 1 && lines != 1 {
				t.Errorf("%d lines, want one: %s", lines, stderr.String())
			}
		})
	}
}

func TestTokenIsGoodForTheGatewayOfTheSameFolder(t *testing.T) { // SPEC 1, A3
	getenv := env(t)
	var stdout, stderr output
	args := []string{"token", "-user", "usr_001", "-name", "Dr Rossi", "-role", "surgeon", "-tenant", "ward", "-permissions", "admin,break_glass", "-ttl", "1h"}
	if status := run(args, getenv, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	keys, err := auth.OpenDevKeys(filepath.Dir(strings.TrimPrefix(getenv("STORE_URL"), "sqlite:")))
	if err != nil {
		t.Fatal(err)
	}
	id, err := auth.NewVerifier(auth.Settings{Keys: keys}).Verify(t.Context(), strings.TrimSpace(stdout.String()))
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if id.User != "usr_001" || id.Name != "Dr Rossi" || id.Role != "surgeon" || id.Tenant != "ward" || time.Until(id.Expires) > time.Hour || len(id.Permissions.Names) != 2 {
		t.Fatalf("the token is %+v", id)
	}
}

func TestFlagStandsBeforeTheVariable(t *testing.T) { // SPEC 1
	getenv, code := withFlags("serve", []string{"-addr", "127.0.0.1:1", "-max-rooms-per-session=7"}, env(t, "LOCK_TTL", "3s"), io.Discard)
	if code >= 0 {
		t.Fatalf("status %d", code)
	}
	for name, want := range map[string]string{"ADDR": "127.0.0.1:1", "MAX_ROOMS_PER_SESSION": "7", "LOCK_TTL": "3s", "ENV": ""} {
		if got := getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestGatewayRunsUntilItIsToldToStop(t *testing.T) { // C6
	config, err := app.Load(env(t))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr output
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	again := make(chan struct{})
	status := make(chan int, 1)
	go func() {
		status <- runApp(ctx, func() { close(again) }, config, obs.NewLogger(&stdout, slog.LevelInfo), &stderr)
	}()
	address := regexp.MustCompile(`http://[0-9.:]+`)
	testkit.Eventually(t, 10*time.Second, "word of the demo", func() bool { return address.MatchString(stderr.String()) })
	res, err := http.Get(address.FindString(stderr.String()) + "/health/ready")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("ready: %v, %v", res, err)
	}
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	stop()
	<-again // a second signal would end the process
	if got := <-status; got != 0 {
		t.Fatalf("status %d: %s", got, stderr.String())
	}
	for line := range strings.Lines(stdout.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
	}
	if !strings.Contains(stdout.String(), "gateway: stopped") {
		t.Errorf("the log ends with %s", stdout.String())
	}
}

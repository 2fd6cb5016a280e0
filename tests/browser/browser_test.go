//go:build integration

// Package browser tests the widget in real Chromium against the real gateway: two people and more, each with a page.
// It needs Node, npm, Chromium and Firefox (CHROMIUM and FIREFOX name others than those of Debian). Pictures are left in
// out/.
package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const scenarioTimeout = 3 * time.Minute

func TestWidgetInChromium(t *testing.T) {
	install(t)
	binary := build(t)
	scenarios := []struct{ name, file string }{
		{"G4 typing goes both ways and the caret stays", "typing"},
		{"D7 two who type at one place lose nothing", "simultaneous"},
		{"R1 everybody sees who is here and where", "presence"},
		{"L1 a lock shows its holder and keeps others from writing", "lock"},
		{"G3 a reload finds the same fields and the same text", "reload"},
		{"G4 pages that open at once do not double what they show", "seed"},
		{"F5 a killed gateway loses nothing and the status is honest", "restart"},
		{"choices follow each other", "choices"},
		{"L6 refused text is kept as a draft", "draft"},
		{"G8 a hostile page neither breaks the widget nor is changed by it", "page"},
		{"P two hundred fields are bound at once and rest quietly", "many"},
		{"pictures", "images"},
		{"pictures of saving", "saving"},
		{"pictures of surroundings", "surroundings"},
		{"P the widget costs a page little", "speed"},
		{"G1 the record follows the path of the page", "navigation"},
		{"G2 frames and shadow roots are searched, and their secrets are not", "frames"},
		{"G7 long polling stands in for WebSocket", "polling"},
		{"G8 a page with a strict policy takes it from another origin", "policy"},
		{"G1 destroy leaves nothing behind", "destroy"},
		{"G1 getToken may fail and take its time", "token"},
		{"G4 two pages of Firefox type in one record", "firefox"},
		{"G4 a stale page takes the record or lets the user choose", "stale"},
		{"G4 what the browser fills in by itself is everybody's", "autofill"},
		{"G4 input methods, the clipboard, undo and odd controls", "input"},
		{"G1 the integration guide does what it says", "guide"},
		{"G8 the demo shows what there is, in two languages and sizes", "demo"},
		{"L7 a locked field is asked for, handed over, broken", "asking"},
		{"G8 axe, keyboard, small and zoomed windows", "access"},
		{"G4 React: state, page and document are the same", "react"},
		{"G4 Vue: state, page and document are the same", "vue"},
		{"G4 Angular: state, page and document are the same", "angular"},
		{"G4 jQuery: masks and scripts that tell nothing", "plain"},
		{"G5 every look by its exact values", "looks"},
		{"G5 the page's own pixels are left alone", "layout"},
		{"G7 edits of both sides are merged after a long time offline", "apart"},
		{"G7 a page that is closed offline has its text when it is opened again, encrypted on the disk", "reopened"},
		{"G7 a killed browser loses nothing and doubles nothing", "killed"},
		{"G6 a store that is full is told of, and nothing is called saved that is not", "full"},
		{"G7 logout clears what is kept once it was sent or given back, and users do not see each other's", "logout"},
		{"G7 a token that ends while offline costs no text", "expired"},
		{"G7 a page that slept finds out at once that its connection is dead", "sleep"},
		{"G7 two tabs of one user keep their own, and one sends what the other left", "tabs"},
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			gateway := &process{binary: binary, dir: t.TempDir(), addr: "127.0.0.1:0"}
			if err := gateway.start(); err != nil {
				t.Fatal(err)
			}
			defer gateway.kill()
			control := httptest.NewServer(gateway)
			defer control.Close()
			run(t, s.file, gateway.url(), control.URL)
		})
	}
}

// install fetches what the scenarios need, once.
func install(t *testing.T) {
	if _, err := os.Stat("node_modules/playwright-core"); err == nil {
		return
	}
	if out, err := exec.Command("npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}

func build(t *testing.T) string {
	binary := filepath.Join(t.TempDir(), "corsia")
	if out, err := exec.Command("go", "build", "-o", binary, "corsia/gateway").CombinedOutput(); err != nil {
		t.Fatalf("build the gateway: %v\n%s", err, out)
	}
	return binary
}

func run(t *testing.T, scenario, base, control string) {
	ctx, cancel := context.WithTimeout(context.Background(), scenarioTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "run.mjs", scenario)
	cmd.Env = append(os.Environ(), "BASE_URL="+base, "CONTROL_URL="+control)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// process is a gateway that can be killed and started again with the same files at the same address. As an HTTP
// handler it does so for the scenario: POST /kill, POST /start. What /start has in its query is added to the environment.
// POST /token makes a token.
type process struct {
	// Set before the first start.
	binary, dir string

	// Guarded by mu.
	mu   sync.Mutex
	addr string // after the first start the one that was picked
	env  []string
	cmd  *exec.Cmd
}

func (p *process) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/kill":
		p.kill()
	case "/start":
		p.set(r.URL.Query())
		if err := p.start(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	case "/token":
		cmd := exec.Command(p.binary, "token", "-user", r.FormValue("user"), "-ttl", r.FormValue("ttl"))
		cmd.Dir = p.dir
		token, err := cmd.Output()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(token) // who asked may have gone
	default:
		http.NotFound(w, r)
	}
}

func (p *process) url() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "http://" + p.addr
}

// set adds settings to the environment of the next start.
func (p *process) set(settings url.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range settings {
		p.env = append(p.env, name+"="+settings.Get(name))
	}
}

// start returns when the gateway listens.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.binary, "serve")
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "ENV=development", "ADDR="+p.addr, "STORE_URL=sqlite:"+filepath.Join(p.dir, "corsia.db"))
	cmd.Env = append(cmd.Env, p.env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var line struct{ Msg, URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "gateway: listening" {
			p.addr = line.URL[len("http://"):]
			go func() { _, _ = io.Copy(io.Discard, out) }() // until the gateway ends
			return nil
		}
	}
	return fmt.Errorf("the gateway did not say where it listens: %w", cmd.Wait())
}

// kill ends the gateway at once, as a power cut would.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p.cmd = nil
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const passing = `{"Action":"start","Package":"p"}
{"Action":"pass","Package":"p","Test":"TestA/sub"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}
`

func TestTallyEndsWithTheCountAndFailsWhenAnythingFailed(t *testing.T) {
	tests := []struct {
		name     string
		files    map[string]string
		failed   string
		wantLast string
		wantExit int
	}{
		{"all passed", map[string]string{"unit.json": passing, "widget.log": "# tests 5\n# pass 5\n# fail 0\n"}, "", "7 passed, 0 failed", 0},
		{"a test failed", map[string]string{"unit.json": passing + `{"Action":"fail","Package":"q","Test":"TestC"}
{"Action":"fail","Package":"q"}`}, "unit", "2 passed, 1 failed", 1},
		{"a package does not compile", map[string]string{"unit.json": passing + `{"ImportPath":"q","Action":"build-fail"}
{"Action":"fail","Package":"q"}`}, "unit", "2 passed, 1 failed", 1},
		{"a test of the widget failed", map[string]string{"widget.log": "ℹ pass 3\nℹ fail 1\nℹ cancelled 1\n"}, "", "3 passed, 2 failed", 1},
		{"a step without tests failed", map[string]string{"unit.json": passing}, "lint", "2 passed, 1 failed", 1},
		{"a runner said nothing", map[string]string{"widget.log": "npm error\n", "unit.json": passing}, "", "2 passed, 1 failed", 1},
		{"nothing was run", map[string]string{"unit.json": ""}, "", "0 passed, 0 failed", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"-failed", tt.failed}
			folder := t.TempDir()
			for name, content := range tt.files {
				path := filepath.Join(folder, name)
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, path)
			}
			var out strings.Builder
			if got := run(args, &out, os.Stderr); got != tt.wantExit {
				t.Errorf("exit %d, want %d", got, tt.wantExit)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if got := lines[len(lines)-1]; got != tt.wantLast {
				t.Errorf("last line %q, want %q\n%s", got, tt.wantLast, out.String())
			}
		})
	}
}

func TestMissingFileIsAFailure(t *testing.T) {
	var out strings.Builder
	if got := run([]string{filepath.Join(t.TempDir(), "unit.json")}, &out, os.Stderr); got != 1 {
		t.Fatalf("exit %d, want 1", got)
	}
	if !strings.HasSuffix(out.String(), "0 passed, 1 failed\n") {
		t.Fatalf("got %q", out.String())
	}
}

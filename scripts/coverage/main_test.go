package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCoverageIsMergedAndGuardedWithoutWiringAndTests(t *testing.T) {
	const profile = `mode: atomic
corsia/gateway/main.go:1.1,2.2 50 0
corsia/functions/webhook/main.go:1.1,2.2 50 0
corsia/shared/driver/drivertest/bus.go:1.1,2.2 50 0
corsia/gateway/room/room.go:1.1,2.2 8 0
corsia/gateway/room/room.go:1.1,2.2 8 3
corsia/gateway/room/room.go:3.1,4.2 2 0
corsia/shared/ydoc/doc.go:1.1,2.2 10 1
`
	tests := []struct {
		name, minimum string
		wantExit      int
	}{
		{"enough", "90", 0},
		{"too little", "90.1", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := write(t, profile)
			var out strings.Builder
			if got := run([]string{"-minimum", tt.minimum, name}, &out, os.Stderr); got != tt.wantExit {
				t.Errorf("exit %d, want %d", got, tt.wantExit)
			}
			want := "  80.0 %  corsia/gateway/room\n 100.0 %  corsia/shared/ydoc\n" +
				"Go coverage: 90.0 % of 20 statements, at least " + tt.minimum + " % wanted\n"
			if out.String() != want {
				t.Errorf("got\n%swant\n%s", out.String(), want)
			}
		})
	}
}

func TestNoProfileIsNotEnough(t *testing.T) {
	var out strings.Builder
	for _, name := range []string{write(t, "mode: atomic\n"), write(t, "nonsense\n"), filepath.Join(t.TempDir(), "none")} {
		if got := run([]string{name}, &out, &out); got != 1 {
			t.Errorf("exit %d, want 1", got)
		}
	}
}

func write(t *testing.T, content string) string {
	name := filepath.Join(t.TempDir(), "unit.out")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

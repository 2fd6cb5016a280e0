// Package yjs compares the document engine with npm yjs: the same random
// histories through both, and the same editing history timed in both. The
// comparison runs with the build tag integration and needs node and npm.
package yjs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Folder is where the scripts are.
func Folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// Install runs npm ci in the folder unless that was done before.
func Install(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(Folder(), "node_modules", "yjs", "package.json")); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
	cmd.Dir = Folder()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
}

// Node runs a script of the folder and returns what it prints. The output is
// returned with an error too.
func Node(ctx context.Context, script string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "node", append([]string{"--expose-gc", filepath.Join(Folder(), script)}, args...)...)
	cmd.Dir = Folder()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("node %s: %w", script, err)
	}
	return string(out), nil
}

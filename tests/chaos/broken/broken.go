// Package broken builds gateways that break one promise each, to try whether the chaos test notices. A change is made in a
// copy of the source that the compiler takes instead (go build -overlay): the product has no hook for it.
package broken

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Change replaces text of a source file. Old is there exactly once.
type Change struct {
	File     string // from the top of the repository
	Old, New string
}

// Root returns the top of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// Apply returns the files with the changes made, by their names. It refuses what does not fit the source any more.
func Apply(changes []Change) (map[string]string, error) {
	files := map[string]string{}
	for _, c := range changes {
		text, read := files[c.File]
		if !read {
			source, err := os.ReadFile(filepath.Join(Root(), c.File))
			if err != nil {
				return nil, err
			}
			text = string(source)
		}
		if n := strings.Count(text, c.Old); n != 1 {
			return nil, fmt.Errorf("the source has changed: %s has %d times what a broken build replaces, mend tests/chaos/broken: %s", c.File, n, c.Old)
		}
		files[c.File] = strings.Replace(text, c.Old, c.New, 1)
	}
	return files, nil
}

// Build builds a gateway with the changes in a folder, and returns its path.
func Build(folder string, changes []Change) (string, error) {
	files, err := Apply(changes)
	if err != nil {
		return "", err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		path := filepath.Join(folder, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(Root(), name)] = path
	}
	encoded, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	list, binary := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "corsia")
	if err := os.WriteFile(list, encoded, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-overlay", list, "-o", binary, "corsia/gateway").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build a broken gateway: %w\n%s", err, out)
	}
	return binary, nil
}

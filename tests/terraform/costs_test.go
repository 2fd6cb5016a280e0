//go:build integration

package terraform

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	costsPage = "../../docs/costs.md"
	costsOut  = "out/costs.md" // what it should be, when it is not
)

func TestThePageOfCostsIsOfTheseEnvironments(t *testing.T) {
	folder, args := t.TempDir(), []string{"run", "corsia/scripts/costs"}
	for _, name := range environments {
		path := filepath.Join(folder, name+".json")
		if err := os.WriteFile(path, []byte(apply(t, name).shown), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name+"="+path)
	}
	var stderr bytes.Buffer
	cmd := exec.Command("go", args...)
	cmd.Stderr = &stderr
	want, err := cmd.Output()
	if err != nil {
		t.Fatalf("scripts/costs: %v\n%s", err, stderr.String())
	}
	got, err := os.ReadFile(costsPage)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(costsOut), 0o700), os.WriteFile(costsOut, want, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Errorf("docs/costs.md is of other environments, or of other prices: tests/terraform/%s is what it should be", costsOut)
}

//go:build integration

package terraform

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"corsia/tests/testkit"
)

// What moves the clients reads what Terraform says of an environment: a name that one of them changes would be found at a release.
func TestAReleaseCanReadWhatAnEnvironmentSaysOfItself(t *testing.T) { // SPEC O2
	program := testkit.BuildProgram(t, "corsia/scripts/deploy")
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			e := apply(t, name)
			config := filepath.Join(t.TempDir(), "deploy.json")
			if err := os.WriteFile(config, []byte(terraform(t, e.folder, "output", "-json", "deployment")), 0o600); err != nil {
				t.Fatal(err)
			}
			status := exec.Command(program, "status", "-config", config)
			status.Env = append(os.Environ(), "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1", "AWS_REGION=eu-central-1",
				"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true")
			out, _ := status.CombinedOutput() // its status says more
			if got := status.ProcessState.ExitCode(); got != 1 {
				t.Errorf("status %d, want 1: it is asked well, and AWS is not there:\n%s", got, out)
			}
		})
	}
}

//go:build integration

// Package terraform checks terraform/ without AWS: in a copy of the tree, with a stand-in for the provider that has the
// real one's schemas (stand-in), and with rules about values that schemas do not know (policy).
package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	source          = "../../terraform"
	providerVersion = "6.25.0" // that of the stand-in's schemas
	commandTimeout  = 5 * time.Minute
)

// workshop is where the tests work: a copy of terraform/, and a mirror with the stand-in as the only provider.
var workshop struct {
	tree   string
	config string // TF_CLI_CONFIG_FILE
	err    error
}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "corsia-terraform-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workshop.err = furnish(folder)
	code := m.Run()
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: what the tests share:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// furnish builds the provider into a mirror and copies the tree.
func furnish(folder string) error {
	if _, err := exec.LookPath("terraform"); err != nil {
		return errors.New("terraform is missing: install 1.11 or newer from https://developer.hashicorp.com/terraform/install and try again")
	}
	workshop.tree, workshop.config = filepath.Join(folder, "terraform"), filepath.Join(folder, "terraform.rc")
	if err := copyTree(source, workshop.tree); err != nil {
		return err
	}
	mirror := filepath.Join(folder, "mirror")
	platform, err := exec.Command("go", "env", "GOOS", "GOARCH").Output()
	if err != nil {
		return err
	}
	provider := filepath.Join(mirror, "registry.terraform.io", "hashicorp", "aws", providerVersion,
		strings.Join(strings.Fields(string(platform)), "_"), "terraform-provider-aws_v"+providerVersion)
	build := exec.Command("go", "build", "-C", "stand-in", "-o", provider, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the stand-in: %w\n%s", err, out)
	}
	return os.WriteFile(workshop.config, fmt.Appendf(nil,
		"disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror), 0o600)
}

// copyTree copies what is kept under version control: no folder and no file that terraform writes.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && name == ".terraform":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		case name == ".terraform.lock.hcl" || strings.Contains(name, ".tfstate") || strings.HasSuffix(name, ".tfplan"):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), content, 0o600)
	})
}

// tree returns the copy of terraform/.
func tree(t *testing.T) string {
	t.Helper()
	if workshop.err != nil {
		t.Fatal(workshop.err)
	}
	return workshop.tree
}

// terraform runs a command in a folder and returns what it printed.
func terraform(t *testing.T, folder string, args ...string) string {
	t.Helper()
	stdout, all, err := run(t.Context(), folder, args...)
	if err != nil {
		t.Fatalf("terraform %s in %s: %v\n%s", strings.Join(args, " "), filepath.Base(folder), err, all)
	}
	return stdout
}

// run runs terraform. It returns its standard output, and all that it printed.
func run(ctx context.Context, folder string, args ...string) (stdout, all string, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "terraform", args...)
	cmd.Dir = folder
	var out, everything bytes.Buffer
	cmd.Stdout, cmd.Stderr = writers{&out, &everything}, &everything
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+workshop.config, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	err = cmd.Run()
	return out.String(), everything.String(), err
}

// writers writes to two buffers.
type writers [2]*bytes.Buffer

func (w writers) Write(p []byte) (int, error) {
	w[0].Write(p)
	return w[1].Write(p)
}

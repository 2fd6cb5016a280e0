//go:build integration

// Package images builds by hand what the Dockerfiles build: there is no engine here. It takes the context that .dockerignore
// leaves, runs the command of the file in it, and puts the program into a root that has nothing else.
package images

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"corsia/tests/testkit"
)

const (
	root     = "../.."
	user     = 65532       // that of the images
	lintTime = time.Minute // on a busy machine
)

var files = []string{"Dockerfile", "Dockerfile.operations", "terraform/modules/monitoring/files/prometheus/Dockerfile",
	"terraform/modules/monitoring/files/alertmanager/Dockerfile", "terraform/modules/monitoring/files/grafana/Dockerfile"}

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// platform is a flag of FROM that the linter does not know: it takes the flag for the image.
var platform = regexp.MustCompile(`^FROM --platform=\$BUILDPLATFORM [a-z./-]+:[a-z0-9.-]+ AS build$`)

func TestTheDockerfilesAreInOrder(t *testing.T) { // SPEC O2
	for _, file := range files {
		var issues []struct {
			Title string
			Line  int
		}
		lines := strings.Split(read(t, file), "\n")
		if !testkit.StartNode(t, "lint.mjs", filepath.Join(root, file)).Read(lintTime, &issues) {
			t.Fatal("the linter has no answer")
		}
		for _, issue := range issues {
			if line := lines[issue.Line-1]; issue.Title != "Base Image Missing Tag" || !platform.MatchString(line) {
				t.Errorf("%s:%d: %s: %s", file, issue.Line, issue.Title, line)
			}
		}
	}
}

func TestTheImagesRunAsNobodyInProduction(t *testing.T) { // SPEC O2
	for file, wanted := range map[string][]string{
		"Dockerfile":            {"USER 65532:65532", "ENV ENV=production ADDR=0.0.0.0:8080", `VOLUME ["/tmp"]`, `["/corsia", "health"]`, `ENTRYPOINT ["/corsia"]`, "distroless/static"},
		"Dockerfile.operations": {"USER 65532:65532", "ENV ENV=production TMPDIR=/scratch", `VOLUME ["/scratch"]`, "-o 65532 -g 65532 /scratch", "postgresql-client-15", `ENTRYPOINT ["/corsia"]`},
	} {
		_, last, _ := strings.Cut(read(t, file), "\nFROM ")
		for _, want := range wanted {
			if !strings.Contains(last, want) {
				t.Errorf("the image of %s has no %s", file, want)
			}
		}
	}
	if one, other := buildCommand(t, files[0]), buildCommand(t, files[1]); one != other {
		t.Errorf("the images have programs that are built differently: %s and %s", one, other)
	}
}

var build = regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 .* go build .*)$`)

// buildCommand is the line of a Dockerfile that compiles.
func buildCommand(t *testing.T, file string) string {
	t.Helper()
	found := build.FindStringSubmatch(read(t, file))
	if found == nil {
		t.Fatalf("%s compiles nothing", file)
	}
	return found[1]
}

// secret is what no context may have: a file of it could end in a layer.
var secret = regexp.MustCompile(`\.(pem|key)$|corsia\.db|(^|/)\.env|(^|/)archive/`)

// buildContext copies what the engine would be sent: what is under version control, without what .dockerignore leaves out.
func buildContext(t *testing.T) string {
	t.Helper()
	ignored, err := ignorefile.ReadAll(strings.NewReader(read(t, ".dockerignore")))
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := patternmatcher.New(ignored)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"corsia-dev.pem", "gateway/corsia-audit.key", "corsia.db-wal", "archive/2026", "widget/node_modules/a"} {
		if out, err := matcher.MatchesOrParentMatches(made); err != nil || !out {
			t.Errorf("%s would be sent to the engine: %v", made, err)
		}
	}
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if out, err := matcher.MatchesOrParentMatches(name); err != nil {
			t.Fatal(err)
		} else if out {
			continue
		}
		if secret.MatchString(name) {
			t.Errorf("%s would be sent to the engine", name)
		}
		content, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not committed yet
		}
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o700), os.WriteFile(filepath.Join(folder, name), content, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTheProgramIsBuiltFromTheContextAndNeedsNothingElse(t *testing.T) { // SPEC O2
	folder, command := buildContext(t), buildCommand(t, "Dockerfile")
	for arch, machine := range map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64} {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "TARGETARCH="+arch, "VERSION=v0.0.0-image")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		program, err := elf.Open(filepath.Join(folder, "out", "corsia"))
		if err != nil {
			t.Fatal(err)
		}
		if program.Machine != machine {
			t.Errorf("for %s it is built for %v", arch, program.Machine)
		}
		for _, p := range program.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("for %s it wants libraries: %v", arch, p.Type)
			}
		}
		program.Close()
		if arch == hostArch(t) {
			runAlone(t, filepath.Join(folder, "out", "corsia"))
		}
	}
}

func hostArch(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOHOSTARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// runAlone runs the program as the image does: as a user without a name, in a root that has nothing else and cannot be
// written. It changes the root, which only root may.
func runAlone(t *testing.T, program string) {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	image, err := os.MkdirTemp("", "corsia-image-") // not the test's own, which others cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(image) })
	if err := errors.Join(os.WriteFile(filepath.Join(image, "corsia"), content, 0o600), os.Chmod(filepath.Join(image, "corsia"), 0o555), os.Chmod(image, 0o555)); err != nil {
		t.Fatal(err)
	}
	inside := func(args ...string) (string, int) {
		cmd := exec.Command("/corsia", args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: image, Credential: &syscall.Credential{Uid: user, Gid: user}}
		cmd.Dir, cmd.Env = "/", []string{"ENV=production", "ADDR=0.0.0.0:1"}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("run it in a root of its own (as root): %v", err)
		}
		return out.String(), cmd.ProcessState.ExitCode()
	}
	if said, code := inside("version"); code != 0 || said != "v0.0.0-image\n" {
		t.Errorf("corsia version: status %d, %q", code, said)
	}
	if said, code := inside("health"); code != 1 || !strings.Contains(said, "127.0.0.1:1") {
		t.Errorf("corsia health where nobody listens: status %d, %q", code, said)
	}
	g := testkit.Start(t)
	if said, code := inside("health", "-addr", strings.TrimPrefix(g.URL, "http://")); code != 0 || said != "200\n" {
		t.Errorf("corsia health beside a gateway: status %d, %q", code, said)
	}
	if said, code := inside("serve"); code != 2 || !strings.Contains(said, "ENV=production refuses") {
		t.Errorf("corsia serve without settings: status %d, %q", code, said)
	}
}

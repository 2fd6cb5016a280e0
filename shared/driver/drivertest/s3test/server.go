// Package s3test gives tests an S3 server of their own: a private versitygw on the loopback interface, with versions and
// Object Lock, in a temporary folder, that ends with the test.
package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"corsia/shared/driver/drivertest/servertest"
)

const (
	version    = "v1.8.0" // that of scripts/tools/versitygw/go.mod
	region     = "eu-south-1"
	accessKey  = "corsia-test"
	secretKey  = "corsia-test-secret"
	startTime  = 30 * time.Second
	lookEvery  = 20 * time.Millisecond
	portsTried = 3 // another program may take a free port before the server does
)

// Server is an S3 server for tests: a private one, or that of TEST_S3_URL.
type Server struct {
	Endpoint string // http://127.0.0.1:<port>; the same after Restart; empty: TEST_S3_URL names the server

	given *url.URL // TEST_S3_URL
	dir   string
	cmd   *exec.Cmd
	out   bytes.Buffer
	done  chan struct{} // closed when the process has ended
}

// Start starts a server, and stops it when the test ends. It fails the test when versitygw is not built. With TEST_S3_URL, the
// URL of an archive in a bucket with Object Lock, no server is started, and credentials are those of the environment.
func Start(t testing.TB) *Server {
	t.Helper()
	if text := os.Getenv("TEST_S3_URL"); text != "" {
		given, err := url.Parse(text)
		if err != nil {
			t.Fatal("TEST_S3_URL is not a URL")
		}
		return &Server{given: given}
	}
	s, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, setting := range s.Environ() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	return s
}

// Open is Start for a program that is no test: Close stops the server. Programs that use it need Environ.
func Open() (*Server, error) {
	program, err := program()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "corsia-s3-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	for _, name := range []string{"buckets", "versions", "metadata"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	for range portsTried {
		var ports []int
		if ports, err = servertest.FreePorts(1); err != nil {
			break
		}
		s.Endpoint = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
		if err = s.run(program); err == nil {
			return s, nil
		}
	}
	s.Close()
	return nil, fmt.Errorf("start versitygw: %w", err)
}

// program finds what `make tools` has built.
func program() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "corsia", "tools", "versitygw-"+version+"-"+runtime.Version())
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("versitygw is missing (make tools), or set TEST_S3_URL: %w", err)
	}
	return path, nil
}

// Environ returns the settings by which a program is known to the server.
func (s *Server) Environ() []string {
	if s.given != nil {
		return nil
	}
	return []string{"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_SESSION_TOKEN=", "AWS_EC2_METADATA_DISABLED=true"}
}

// URL returns the URL of a new, empty archive: in a bucket of its own with versions and Object Lock, or in that of
// TEST_S3_URL under a prefix of its own.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	address, err := s.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// New is URL for a program that is no test.
func (s *Server) New(ctx context.Context) (string, error) {
	name := "corsia-" + strings.ToLower(rand.Text())
	if s.given != nil {
		return s.given.JoinPath(name).String(), nil
	}
	if _, err := s.Client().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		return "", fmt.Errorf("create bucket: %w", err)
	}
	return "s3://" + name + "?" + url.Values{"region": {region}, "endpoint": {s.Endpoint}}.Encode(), nil
}

// Client returns a client that may do everything.
func (s *Server) Client() *s3.Client {
	if s.given != nil {
		settings, err := config.LoadDefaultConfig(context.Background())
		if err != nil {
			panic(err) // of a test
		}
		return s3.NewFromConfig(settings, func(o *s3.Options) {
			if r := s.given.Query().Get("region"); r != "" {
				o.Region = r
			}
			if e := s.given.Query().Get("endpoint"); e != "" {
				o.BaseEndpoint, o.UsePathStyle = &e, true
			}
		})
	}
	return s3.New(s3.Options{Region: region, BaseEndpoint: &s.Endpoint, UsePathStyle: true, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		})})
}

// run starts the process and waits until it answers.
func (s *Server) run(program string) error {
	s.out.Reset()
	s.cmd = exec.Command(program, "--port", strings.TrimPrefix(s.Endpoint, "http://"), "--access", accessKey, "--secret", secretKey, "--region", region, "--quiet",
		"posix", "--sidecar", filepath.Join(s.dir, "metadata"), "--versioning-dir", filepath.Join(s.dir, "versions"), filepath.Join(s.dir, "buckets"))
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.SysProcAttr = servertest.EndWithUs(syscall.SIGKILL)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		_, err := s.Client().ListBuckets(ctx, &s3.ListBucketsInput{}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("it ended: %s", s.out.String())
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(lookEvery):
		}
	}
}

// Kill ends a private server at once, as a crash does.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.done
}

// Restart starts a private server again at the same address, with what it kept, after killing it when it runs.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	if err := s.run(s.cmd.Path); err != nil {
		t.Fatalf("restart versitygw: %v", err)
	}
}

// Close ends a private server and removes its files, whatever locks are on them.
func (s *Server) Close() {
	s.Kill()
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

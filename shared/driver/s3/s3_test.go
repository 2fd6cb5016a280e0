//go:build integration

package s3

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest"
	"corsia/shared/driver/drivertest/s3test"
)

func open(t *testing.T, rawURL string) *Bucket {
	t.Helper()
	b, err := Open(t.Context(), rawURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// with returns the URL with another path and further parameters.
func with(t *testing.T, rawURL, path string, parameters ...string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	u.RawQuery = q.Encode()
	return u.JoinPath(path).String()
}

func TestArchive(t *testing.T) {
	server := s3test.Start(t)
	drivertest.Archive(t, func(t *testing.T) drivertest.Archiver { return open(t, server.URL(t)) })
}

func TestArchiveBelowAPrefixInPages(t *testing.T) {
	server := s3test.Start(t)
	drivertest.Archive(t, func(t *testing.T) drivertest.Archiver {
		address := server.URL(t)
		for _, beside := range []string{"ward/30", "ward"} { // what is beside it, it does not see
			if err := open(t, with(t, address, beside)).Put(t.Context(), "a/0", strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		b := open(t, with(t, address, "ward/3"))
		b.page = 2
		return b
	})
}

func TestArchiveWhereADeleteIsRefused(t *testing.T) { // T5: who writes the archive has no right to delete
	server := s3test.Start(t)
	if server.Endpoint == "" {
		return // the server of TEST_S3_URL is asked as it is
	}
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete && !r.URL.Query().Has("uploadId") || r.Method == http.MethodPost && r.URL.Query().Has("delete") {
			http.Error(w, "delete is refused", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	drivertest.Archive(t, func(t *testing.T) drivertest.Archiver {
		return open(t, with(t, server.URL(t), "", "endpoint", front.URL))
	})
}

func TestT5AuditObjectsAreLockedForTenYears(t *testing.T) {
	server := s3test.Start(t)
	address := server.URL(t)
	b := open(t, address)
	client := server.Client()
	large := strings.Repeat("x", 3*partBytes)
	for key, content := range map[string]string{"audit/days/2026/03/01.ndjson.gz": "rows", "audit/large": large} {
		if err := b.Put(t.Context(), key, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		object, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + key)})
		if err != nil {
			t.Fatal(err)
		}
		years := time.Until(aws.ToTime(object.ObjectLockRetainUntilDate)).Hours() / 24 / 365.25
		if object.ObjectLockMode != types.ObjectLockModeCompliance || years < 9.99 || years > 10.01 {
			t.Fatalf("%s is locked in mode %q for %.2f years, want COMPLIANCE for 10", key, object.ObjectLockMode, years)
		}
		in := s3.DeleteObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + key), VersionId: object.VersionId}
		if _, err := client.DeleteObject(t.Context(), &in); err == nil {
			t.Fatalf("%s was deleted", key)
		}
		_, err = client.PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{Bucket: &b.name, Key: in.Key, VersionId: in.VersionId,
			Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeCompliance, RetainUntilDate: aws.Time(time.Now().Add(time.Hour))}})
		if err == nil {
			t.Fatalf("the lock of %s was shortened", key)
		}
	}
	for _, unlocked := range []struct{ address, key string }{{address, "backup/2026.dump"}, {with(t, address, "", "lock", "none"), "audit/none"}} {
		b := open(t, unlocked.address)
		if err := b.Put(t.Context(), unlocked.key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		object, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + unlocked.key)})
		if err != nil || object.ObjectLockMode != "" {
			t.Fatalf("%s has the lock %q, %v, want none", unlocked.key, object.ObjectLockMode, err)
		}
	}
}

func TestAReplacedObjectStaysBehindTheNewOne(t *testing.T) { // T5
	server := s3test.Start(t)
	b := open(t, server.URL(t))
	for _, content := range []string{"first", "second"} {
		if err := b.Put(t.Context(), "audit/x", strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := server.Client().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: aws.String(b.prefix + "audit/x")})
	if err != nil || len(versions.Versions) != 2 {
		t.Fatalf("versions %+v, %v, want 2", versions, err)
	}
}

func TestNothingOfABrokenUploadStays(t *testing.T) {
	server := s3test.Start(t)
	b := open(t, server.URL(t))
	broken := errors.New("the dump broke off")
	source, end := io.Pipe()
	go func() {
		_, err := end.Write(make([]byte, 5*partBytes))
		end.CloseWithError(errors.Join(broken, err))
	}()
	if err := b.Put(t.Context(), "backup/half", source); !errors.Is(err, broken) {
		t.Fatalf("put: %v, want the source's error", err)
	}
	uploads, err := server.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: aws.String(b.prefix)})
	if err != nil || len(uploads.Uploads) > 0 {
		t.Fatalf("uploads %+v, %v, want none", uploads, err)
	}
}

func TestAnArchiveThatDoesNotAnswerSaysSo(t *testing.T) { // H1
	server := s3test.Start(t)
	address := server.URL(t)
	if err := open(t, strings.Replace(address, "s3://", "s3://no-", 1)).Ping(t.Context()); err == nil {
		t.Fatal("a bucket that is not there answers")
	}
	if server.Endpoint == "" {
		return // the server of TEST_S3_URL stays
	}
	b := open(t, address)
	if err := b.Put(t.Context(), "audit/x", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := b.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Fatalf("ping: %v, want an error", err)
	}
	if err := b.Put(t.Context(), "audit/y", strings.NewReader("y")); err == nil {
		t.Fatal("an object was put into a server that is gone")
	}
	if _, err := b.Get(t.Context(), "audit/x"); err == nil || errors.Is(err, collab.ErrNotFound) {
		t.Fatalf("get: %v, want an error that is not of a missing object", err)
	}
	server.Restart(t)
	if err := b.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys, err := b.List(t.Context(), ""); err != nil || len(keys) != 1 || keys[0] != "audit/x" {
		t.Fatalf("keys %q, %v", keys, err)
	}
}

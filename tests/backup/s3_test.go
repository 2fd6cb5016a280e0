//go:build integration

package backup

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"corsia/shared/driver/drivertest/s3test"
)

// bucket is where a ward keeps its backups: on a server that speaks S3, with versions and Object Lock.
type bucket struct {
	*ward
	t      *testing.T
	client *s3.Client
	name   string
	prefix string
}

// openBucket starts a gateway whose archive is a bucket.
func openBucket(t *testing.T) *bucket {
	t.Helper()
	server := s3test.Start(t)
	address := server.URL(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, postgresServer(t).Database(t), append(server.Environ(), "ARCHIVE_URL="+address)...)
	return &bucket{w, t, server.Client(), u.Host, strings.TrimPrefix(u.Path, "/")}
}

// back makes a backup, and returns the key of its dump.
func (b *bucket) back() string {
	b.t.Helper()
	out := b.must(b.t, "backup")
	out, _, _ = strings.Cut(strings.TrimPrefix(out, "backup "), " ")
	id := strings.TrimRight(out, ":,\n")
	found, err := b.client.ListObjectsV2(b.t.Context(), &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix + "backups/" + id + "/")})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, o := range found.Contents {
		if strings.HasSuffix(*o.Key, ".gz") {
			return *o.Key
		}
	}
	b.t.Fatalf("there is no dump of backup %q", id)
	return ""
}

// put takes the place of an object.
func (b *bucket) put(key string, content []byte) {
	b.t.Helper()
	if _, err := b.client.PutObject(b.t.Context(), &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: bytes.NewReader(content)}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bucket) get(key string) []byte {
	b.t.Helper()
	out, err := b.client.GetObject(b.t.Context(), &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		b.t.Fatal(err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return content
}

// wantLevel makes sure that check and drill of the newest backup fail at a level.
func (b *bucket) wantLevel(t *testing.T, level, about string) {
	t.Helper()
	for _, command := range [][]string{{"backup", "check"}, {"drill", "-quiet"}} {
		out, errs, status := b.corsia(t, command...)
		if said := out + errs; status != 1 || !strings.Contains(said, level) || !strings.Contains(said, about) {
			t.Errorf("corsia %v: status %d, want 1, %q and %q:\n%s", command, status, level, about, said)
		}
	}
}

// large is what makes a dump that is sent in several parts: 20 MiB that gzip cannot make smaller.
const large = `INSERT INTO webhook_inbox (delivery_id, source, tenant, resource_id, event_type, version, occurred_at, data, received_at, superseded)
	SELECT 'd_' || g, 'emr', 'default', 'page:/patient/1', 'image', '', now(), (SELECT string_agg(sha256(convert_to(g || ':' || i, 'UTF8')), ''::bytea)
	FROM generate_series(1, 32768) i), now(), false FROM generate_series(1, 20) g`

func TestABackupInABucketIsMadeCheckedDrilledAndRestored_O4(t *testing.T) {
	b := openBucket(t)
	day(t, b.ward)
	exec1(t, b.store, large)
	key := b.back()
	head, err := b.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	if size, tag := aws.ToInt64(head.ContentLength), aws.ToString(head.ETag); size < 16<<20 || !strings.HasSuffix(strings.Trim(tag, `"`), "-3") {
		t.Errorf("the dump has %d bytes and the tag %s, want one that was sent in three parts", size, tag)
	}
	if out := b.must(t, "backup", "list"); strings.Count(out, "\n") != 1 || !strings.Contains(out, "postgres 15") {
		t.Errorf("list: %s", out)
	}
	if out := b.must(t, "backup", "check"); !strings.Contains(out, "passed level 2") {
		t.Errorf("check: %s", out)
	}
	if out := b.must(t, "drill", "-quiet"); !strings.Contains(out, "verified: level 5") {
		t.Errorf("drill: %s", out)
	}
	to := beside(t, b.store)
	if out := b.must(t, "restore", "-quiet", "-to", to); !strings.Contains(out, "verified: level 5") || !strings.Contains(out, "epoch 2 is open") {
		t.Errorf("restore: %s", out)
	}
	if n := number(t, to, "SELECT sum(length(data)) FROM webhook_inbox"); n != 20<<20 {
		t.Errorf("%d bytes of messages were restored, want %d", n, 20<<20)
	}
	if _, errs, status := b.corsia(t, "backup", "prune"); status != 1 || !strings.Contains(errs, "life cycle") {
		t.Errorf("prune of a bucket: status %d, %s", status, errs)
	}
}

func TestEachFaultOfABackupInABucketIsFoundAtItsLevel_O4(t *testing.T) {
	b := openBucket(t)
	day(t, b.ward)
	key := b.back()
	whole := b.get(key)
	t.Run("1 a flipped bit in the object", func(t *testing.T) {
		bad := bytes.Clone(whole)
		bad[len(bad)/2] ^= 16
		b.put(key, bad)
		b.wantLevel(t, "level 1", "SHA-256")
	})
	t.Run("1 a flipped bit on the server's disk", func(t *testing.T) {
		b.put(key, whole)
		files, err := filepath.Glob(filepath.Join(os.TempDir(), "corsia-s3-*", "buckets", b.name, key))
		if err != nil || len(files) != 1 {
			t.Skipf("the server is not on this machine: %v", err)
		}
		file, err := os.OpenFile(files[0], os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteAt([]byte{whole[len(whole)/2] ^ 16}, int64(len(whole)/2)); err != nil {
			t.Fatal(err)
		}
		b.wantLevel(t, "level 1", "damaged")
	})
	t.Run("1 an object that ends early", func(t *testing.T) {
		b.put(key, whole[:len(whole)-20])
		b.wantLevel(t, "level 1", "bytes")
	})
	t.Run("0 an empty object", func(t *testing.T) {
		b.put(key, nil)
		b.wantLevel(t, "level 0", "empty")
	})
	t.Run("5 as it was, it is good again", func(t *testing.T) {
		b.put(key, whole)
		if out := b.must(t, "drill", "-quiet"); !strings.Contains(out, "verified: level 5") {
			t.Errorf("drill: %s", out)
		}
	})
	t.Run("0 an object that is missing", func(t *testing.T) {
		if _, err := b.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.name, Key: &key}); err != nil {
			t.Fatal(err)
		}
		b.wantLevel(t, "level 0", "there is no "+strings.TrimPrefix(key, b.prefix))
	})
}

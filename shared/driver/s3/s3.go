// Package s3 keeps archive objects in a bucket of Amazon S3, or of another server that speaks its protocol. It is the
// production driver of the archive.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	transfer "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"corsia/shared/collab"
)

const (
	partBytes    = 8 << 20         // of a large object; what is smaller than two is sent at once
	partsAtOnce  = 2               // buffers of one Put: with those that wait 32 MiB
	abortTime    = 3 * time.Second // to remove the parts of an upload that failed
	attempts     = 3               // of each request, with growing pauses in between
	lockedPrefix = "audit/"
	lockedYears  = 10 // SPEC T5
)

// Bucket is an open archive. Keys are slash-separated paths without "..". All methods may be called from any goroutine, and
// none of them deletes: a bucket that refuses it will do.
type Bucket struct {
	name   string
	prefix string // of all keys; empty, or it ends in a slash
	locks  bool   // audit objects are locked
	open   bool   // the line to it is not encrypted
	page   int32  // keys in one answer to List; 0: as many as the server likes
	client *s3.Client
	upload *transfermanager.Client
}

// Open opens the bucket of a URL such as s3://bucket/prefix?region=eu-south-1, without asking for it: Ping does. Who asks is what the
// environment says, as for every program of AWS. Of the URL's parameters
//
//   - region is that of the bucket; without it the environment's
//   - endpoint is the URL of another server than Amazon's, which is asked in path style
//   - lock=none leaves audit objects unlocked, for a bucket without Object Lock
func Open(ctx context.Context, rawURL string) (*Bucket, error) {
	a, err := parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	settings, err := config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer {
		return retry.AddWithMaxAttempts(retry.NewStandard(), attempts)
	}))
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	if a.region == "" && settings.Region == "" {
		return nil, errors.New("open archive: neither its URL nor the environment names a region")
	}
	client := s3.NewFromConfig(settings, func(o *s3.Options) {
		if a.region != "" {
			o.Region = a.region
		}
		if a.endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = &a.endpoint, true
		}
	})
	upload := transfermanager.New(client, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold = partBytes, 2*partBytes
		o.Concurrency, o.FailTimeout = partsAtOnce, abortTime
		o.ChecksumAlgorithm = transfer.ChecksumAlgorithmSha256
	})
	return &Bucket{name: a.bucket, prefix: a.prefix, locks: a.locks, open: strings.HasPrefix(a.endpoint, "http:"), client: client, upload: upload}, nil
}

// Safe returns an error when the bucket is not one for production: asked over an open line, or with audit objects that are not
// locked.
func (b *Bucket) Safe() error {
	switch {
	case b.open:
		return errors.New("the archive is asked over a line that is not encrypted")
	case !b.locks:
		return errors.New("the archive leaves the audit trail without locks")
	}
	return nil
}

// Close does nothing: connections that idle end by themselves.
func (b *Bucket) Close() error { return nil }

// Ping reports whether the bucket is there and answers. It writes nothing, since nothing that it wrote could be removed.
func (b *Bucket) Ping(ctx context.Context) error {
	if _, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name}); err != nil {
		return fmt.Errorf("archive %s does not answer: %w", b.name, err)
	}
	return nil
}

// Put stores the object, whole or not at all. An object of the same key is replaced; in a bucket with versions the replaced
// one stays behind it. Audit objects are locked for ten years, which nobody can shorten (SPEC T5).
func (b *Bucket) Put(ctx context.Context, key string, content io.Reader) error {
	if err := b.put(ctx, key, transfermanager.UploadObjectInput{Body: content}); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	return nil
}

// Create is Put of an object that is not there yet. Of those who create it at once one succeeds, the others get ErrExists.
func (b *Bucket) Create(ctx context.Context, key string, content io.Reader) error {
	err := b.put(ctx, key, transfermanager.UploadObjectInput{Body: content, IfNoneMatch: aws.String("*")})
	var refused smithy.APIError
	if errors.As(err, &refused) && (refused.ErrorCode() == "PreconditionFailed" || refused.ErrorCode() == "ConditionalRequestConflict") {
		err = collab.ErrExists
	}
	if err != nil {
		return fmt.Errorf("create %q: %w", key, err)
	}
	return nil
}

func (b *Bucket) put(ctx context.Context, key string, in transfermanager.UploadObjectInput) error {
	if !isKey(key) {
		return errors.New("not a key")
	}
	in.Bucket, in.Key = &b.name, aws.String(b.prefix+key)
	if b.locks && strings.HasPrefix(key, lockedPrefix) {
		in.ObjectLockMode = transfer.ObjectLockModeCompliance
		in.ObjectLockRetainUntilDate = aws.Time(time.Now().UTC().AddDate(lockedYears, 0, 0))
	}
	_, err := b.upload.UploadObject(ctx, &in)
	return err
}

// Get opens the object for reading. It returns ErrNotFound when there is none; the caller closes it. What was damaged on the
// server or on the way is ErrDamaged of the last Read.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if !isKey(key) {
		return nil, fmt.Errorf("get %q: not a key", key)
	}
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + key)})
	var none *types.NoSuchKey
	if errors.As(err, &none) {
		return nil, fmt.Errorf("get %q: %w", key, collab.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get %q: %w", key, err)
	}
	return &verified{out.Body}, nil
}

// verified tells a connection that ended from content that is not what was put: the library compares it with the server's
// checksum, and has no type for what it finds.
type verified struct{ io.ReadCloser }

const mismatch = "checksum did not match"

// Read reads.
func (v *verified) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	if err != nil && strings.Contains(err.Error(), mismatch) {
		err = fmt.Errorf("%w: %w", collab.ErrDamaged, err)
	}
	return n, err
}

// List returns the keys that begin with a prefix, in order.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	in := s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix + prefix)}
	if b.page > 0 {
		in.MaxKeys = &b.page
	}
	var keys []string
	for pages := s3.NewListObjectsV2Paginator(b.client, &in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list %q: %w", prefix, err)
		}
		for _, object := range page.Contents {
			if key := strings.TrimPrefix(aws.ToString(object.Key), b.prefix); isKey(key) { // other programs make folders
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys) // Amazon's are in order; not every server's
	return keys, nil
}

func isKey(key string) bool { return fs.ValidPath(key) && key != "." }

package s3

import (
	"strings"
	"testing"
)

func TestAnArchivesURLSaysWhereItIs(t *testing.T) { // SPEC 1
	for rawURL, want := range map[string]address{
		"s3://corsia-audit":                               {bucket: "corsia-audit", locks: true},
		"s3://corsia-audit/":                              {bucket: "corsia-audit", locks: true},
		"s3://corsia/ward/3/?region=eu-south-1":           {bucket: "corsia", prefix: "ward/3/", region: "eu-south-1", locks: true},
		"s3://b?endpoint=http://127.0.0.1:7070&lock=none": {bucket: "b", endpoint: "http://127.0.0.1:7070"},
	} {
		if got, err := parse(rawURL); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", rawURL, got, err, want)
		}
	}
}

func TestAWrongURLIsRefusedAndNotShown(t *testing.T) { // SPEC 1, T6
	const secret = "hunter2"
	for _, rawURL := range []string{
		"", "file:" + secret, "s3:" + secret, "s3:///" + secret, "s3://key:" + secret + "@bucket", "s3://bucket:80/" + secret, "s3://b/../" + secret, "s3://b/x//" + secret,
		"s3://b?lock=" + secret, "s3://b?endpoint=" + secret, "s3://b?endpoint=ftp://" + secret, "s3://b?endpoint=https://u:" + secret + "@h",
		"s3://b?regoin=" + secret, "s3://b?region=a&region=" + secret, "s3://b?region=a;b=" + secret, "s3://b#" + secret, "s3://b/%zz" + secret,
	} {
		if a, err := parse(rawURL); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %+v, error %v", rawURL, a, err)
		}
	}
}

func TestABucketForProductionIsEncryptedAndLocked(t *testing.T) { // SPEC 1, T5
	for parameters, safe := range map[string]bool{"": true, "&endpoint=https://10.0.0.7": true, "&endpoint=http://10.0.0.7": false, "&lock=none": false} {
		b, err := Open(t.Context(), "s3://bucket?region=eu-south-1"+parameters)
		if err != nil || (b.Safe() == nil) != safe {
			t.Errorf("%q: %v, want safe %v", parameters, err, safe)
		}
	}
}

func TestABucketWithoutARegionIsRefused(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	if _, err := Open(t.Context(), "s3://bucket"); err == nil || !strings.Contains(err.Error(), "region") {
		t.Fatalf("open: %v, want an error that names the region", err)
	}
	t.Setenv("AWS_REGION", "eu-south-1")
	if _, err := Open(t.Context(), "s3://bucket"); err != nil {
		t.Fatal(err)
	}
}

//go:build integration

package terraform

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"corsia/shared/driver/drivertest/s3test"
	"corsia/tests/testkit"
)

const lockPatience = time.Minute // for a plan, on a busy machine

// slow is a configuration whose apply lasts until a file is there, and that says by another one that it has begun.
const slow = `
variable "folder" { type = string }
resource "terraform_data" "slow" {
  triggers_replace = timestamp()
  provisioner "local-exec" {
    command = "touch begun; for i in $(seq 600); do [ ! -e end ] || exit 0; sleep 0.1; done; exit 1"
    working_dir = var.folder
  }
}
`

// TestAStateIsChangedByOneAtATime takes the backend of production to an S3 server and a DynamoDB on this machine (SPEC O1).
func TestAStateIsChangedByOneAtATime(t *testing.T) {
	backend, err := os.ReadFile(filepath.Join(tree(t), "environments", "production", "backend.tf"))
	if err != nil {
		t.Fatal(err)
	}
	// A bucket without versions, unlike that of bootstrap: to versitygw a file whose last version says that it was deleted
	// is still in the way of If-None-Match, to S3 it is not.
	store := s3test.Start(t).Client()
	bucket := "corsia-state-" + strings.ToLower(rand.Text())
	if _, err := store.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	var locks struct{ URL, Table string }
	if !testkit.StartNode(t, "locks.mjs", nil).Read(lockPatience, &locks) {
		t.Fatal("there is no DynamoDB")
	}
	for _, tt := range []struct {
		name     string
		settings string
	}{
		{"by DynamoDB alone", "use_lockfile = false\n" + fmt.Sprintf("dynamodb_table = %q\n", locks.Table)},
		{"by a file in S3 alone", "use_lockfile = true\ndynamodb_table = \"\"\n"},
		{"by both", "use_lockfile = true\n" + fmt.Sprintf("dynamodb_table = %q\n", locks.Table)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			meanwhile, first, second := t.TempDir(), t.TempDir(), t.TempDir()
			settings := tt.settings + fmt.Sprintf("bucket = %q\nregion = %q\nkey = %q\nuse_path_style = true\nskip_credentials_validation = true\n"+
				"skip_requesting_account_id = true\nskip_metadata_api_check = true\nendpoints = {\n  s3 = %q\n  dynamodb = %q\n}\n",
				bucket, store.Options().Region, strings.ReplaceAll(tt.name, " ", "-")+"/terraform.tfstate", aws.ToString(store.Options().BaseEndpoint), locks.URL)
			for _, folder := range []string{first, second} {
				for name, content := range map[string]string{"backend.tf": string(backend), "main.tf": slow, "here.tfbackend": settings} {
					if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				terraform(t, folder, "init", "-backend-config=here.tfbackend")
			}
			contend(t, first, second, meanwhile)
		})
	}
}

// contend applies twice at once: the second is refused, and goes through when the first has ended.
func contend(t *testing.T, first, second, meanwhile string) {
	t.Helper()
	args := []string{"apply", "-auto-approve", "-var", "folder=" + meanwhile}
	ended := make(chan error, 1)
	go func() {
		_, all, err := run(t.Context(), first, args...)
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, all)
		}
		ended <- err
	}()
	deadline := time.Now().Add(lockPatience)
	for {
		if _, err := os.Stat(filepath.Join(meanwhile, "begun")); err == nil {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("the first apply ended before its time: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the first apply has not begun")
		}
	}
	_, all, err := run(t.Context(), second, args...)
	if err == nil || !strings.Contains(all, "Error acquiring the state lock") {
		t.Errorf("a second apply went on beside the first: %v\n%s", err, all)
	}
	if err := os.WriteFile(filepath.Join(meanwhile, "end"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("the first apply: %v", err)
	}
	terraform(t, second, args...)
	if out := terraform(t, second, "state", "list"); !strings.Contains(out, "terraform_data.slow") {
		t.Errorf("the state has %q", out)
	}
}

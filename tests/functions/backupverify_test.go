//go:build integration

package functions

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"corsia/shared/backup"
	"corsia/shared/driver/drivertest/pgtest"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/postgres"
	"corsia/tests/testkit"
)

// amazon is CloudWatch and ECS, as far as the function asks them.
type amazon struct {
	sync.Mutex
	metrics, tasks int
	task           string // the last one
}

func (a *amazon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.Lock()
	defer a.Unlock()
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".RunTask") {
		a.tasks, a.task = a.tasks+1, string(body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write([]byte(`{"tasks":[{"taskArn":"arn:aws:ecs:eu-south-1:1:task/corsia/1"}],"failures":[]}`))
		return
	}
	a.metrics++
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	_, _ = w.Write([]byte{0xa0})
}

func (a *amazon) asked() (metrics, tasks int, task string) {
	a.Lock()
	defer a.Unlock()
	return a.metrics, a.tasks, a.task
}

func TestBackupVerifyJudgesTheNewestBackupAndStartsADrill_O4(t *testing.T) {
	server := pgtest.Start(t)
	store := server.Database(t)
	db, err := postgres.Open(t.Context(), store, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir := t.TempDir()
	objects, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer objects.Close()
	from, err := postgres.OpenBackup(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	m, err := backup.Make(t.Context(), objects, "postgres", from, backup.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	aws := &amazon{}
	endpoint := httptest.NewServer(aws)
	defer endpoint.Close()
	f := testkit.StartFunction(t, "backupverify", "STORE_URL="+store, "ARCHIVE_URL=file:"+dir, "AWS_ENDPOINT_URL="+endpoint.URL,
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_REGION=eu-south-1", "DRILL_CLUSTER=corsia", "DRILL_TASK=corsia-drill", "DRILL_SUBNETS=subnet-1")
	invoke := func(event any) (got struct {
		Backup, Problem, Drill, Report string
		Level                          int
	}) {
		t.Helper()
		v := f.Invoke(t, event)
		if v.ErrorType != "" {
			t.Fatalf("it fails: %s %s", v.ErrorType, v.Error)
		}
		if err := json.Unmarshal(v.Response, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	// What EventBridge's schedule sends says nothing of backups.
	if got := invoke(map[string]any{"source": "aws.events", "detail-type": "Scheduled Event"}); got.Backup != m.ID || got.Level != 2 || got.Problem != "" || got.Drill == "" {
		t.Fatalf("got %+v", got)
	}
	if metrics, tasks, task := aws.asked(); metrics != 1 || tasks != 1 || !strings.Contains(task, m.ID) {
		t.Fatalf("%d metrics, %d tasks: %s", metrics, tasks, task)
	}
	if pending, _, err := db.PendingAudit(t.Context()); err != nil || pending != 1 {
		t.Fatalf("%d audit rows, %v", pending, err)
	}
	if err := os.Truncate(filepath.Join(dir, m.Object), m.Bytes/2); err != nil {
		t.Fatal(err)
	}
	f.ExpectError("backupverify: looked at a backup")
	got := invoke(nil)
	if got.Level != 0 || !strings.Contains(got.Problem, "level 1") || got.Drill != "" {
		t.Fatalf("truncated: %+v", got)
	}
	if _, err := os.Stat(filepath.Join(dir, got.Report)); err != nil {
		t.Fatal(err)
	}
	t.Logf("cold start %v", f.ColdStart())
}

// Command backupverify is the function that EventBridge calls every day after the backup (SPEC O4): it verifies levels 0 to 2 of the
// newest one by itself, and levels 3 to 5 by a drill that it starts when one is due. What it found is a metric, a report in the
// archive and a row of the audit trail.
package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"corsia/functions/start"
	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/postgres"
	"corsia/shared/driver/s3"
)

// usualAge is a day for a daily backup, and two hours in which it is made.
const usualAge = 26 * time.Hour

func main() {
	start.Run([]string{"ENV", "LOG_LEVEL", "STORE_URL", "ARCHIVE_URL", "BACKUP_MAX_AGE", "DRILL_CLUSTER", "DRILL_TASK", "DRILL_SUBNETS", "DRILL_SECURITY_GROUPS"}, open)
}

// open picks the drivers. The store is opened for each event: they are a day apart. The region and the right to call AWS are the
// process's own.
func open(ctx context.Context, s *start.Settings) (func(context.Context, Event) (Result, error), error) {
	storeURL := s.Store()
	age, err := usualAge, error(nil)
	if text := s.Text("BACKUP_MAX_AGE"); text != "" {
		if age, err = time.ParseDuration(text); err != nil {
			err = errors.New("BACKUP_MAX_AGE is not a duration such as 26h")
		}
	}
	if err := errors.Join(s.Err(), err); err != nil {
		return nil, err
	}
	objects, err := openArchive(ctx, s.Text("ARCHIVE_URL"))
	if err != nil {
		return nil, fmt.Errorf("ARCHIVE_URL: %w", err)
	}
	store, err := postgres.OpenBackup(ctx, storeURL)
	if err != nil {
		return nil, err
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings of AWS: %w", err)
	}
	v := &verifier{objects: objects, trail: store, recorder: audit.NewRecorder(s.Instance, s.Log), log: s.Log, now: time.Now, maxAge: age,
		metrics: &cloudWatch{cloudwatch.NewFromConfig(settings)},
		drills: &task{ecs: ecs.NewFromConfig(settings), cluster: s.Text("DRILL_CLUSTER"), definition: s.Text("DRILL_TASK"),
			subnets: list(s.Text("DRILL_SUBNETS")), groups: list(s.Text("DRILL_SECURITY_GROUPS"))}}
	return v.handle, nil
}

func openArchive(ctx context.Context, archiveURL string) (backup.Objects, error) {
	if path, isFolder := strings.CutPrefix(archiveURL, "file:"); isFolder {
		return folder.Open(path)
	}
	return s3.Open(ctx, archiveURL)
}

func list(text string) (items []string) {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

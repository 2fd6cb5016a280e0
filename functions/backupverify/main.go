// Command backupverify is the function that verifies the newest backup every day (SPEC O4): levels 0 to 2 by itself, and levels
// 3 to 5 by a drill that it starts when one is due. What it found is a metric, a report in the archive and a row of the audit
// trail.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/driver/folder"
	"corsia/shared/driver/postgres"
	"corsia/shared/obs"
	"corsia/shared/secret"
)

const startLimit = 8 * time.Second // Lambda gives the start of a process ten

// settings are the variables that this function reads.
var settings = []string{"STORE_URL", "ARCHIVE_URL", "LOG_LEVEL", "BACKUP_MAX_AGE", "DRILL_CLUSTER", "DRILL_TASK", "DRILL_SUBNETS", "DRILL_SECURITY_GROUPS"}

func main() {
	log := obs.NewLogger(os.Stdout, slog.LevelInfo)
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	v, err := open(ctx, os.Getenv, log)
	cancel()
	if err != nil {
		log.Error("backupverify: it cannot start", obs.Err(err))
		os.Exit(1)
	}
	lambda.Start(v.handle)
}

// open picks the drivers. The region and the right to call AWS are the process's own.
func open(ctx context.Context, getenv func(string) string, log *slog.Logger) (*verifier, error) {
	getenv, err := secret.Resolve(ctx, getenv, settings)
	if err != nil {
		return nil, err
	}
	age := 26 * time.Hour // a daily backup, and two hours for it
	if text := getenv("BACKUP_MAX_AGE"); text != "" {
		if age, err = time.ParseDuration(text); err != nil {
			return nil, errors.New("BACKUP_MAX_AGE is not a duration such as 26h")
		}
	}
	objects, err := openArchive(getenv("ARCHIVE_URL"))
	if err != nil {
		return nil, err
	}
	store, err := postgres.OpenBackup(ctx, getenv("STORE_URL"))
	if err != nil {
		return nil, err
	}
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings of AWS: %w", err)
	}
	instance := collab.NewInstanceID()
	return &verifier{objects: objects, trail: store, recorder: audit.NewRecorder(instance, log), log: log, now: time.Now, maxAge: age,
		metrics: &cloudWatch{cloudwatch.NewFromConfig(loaded)},
		drills: &task{ecs: ecs.NewFromConfig(loaded), cluster: getenv("DRILL_CLUSTER"), definition: getenv("DRILL_TASK"),
			subnets: list(getenv("DRILL_SUBNETS")), groups: list(getenv("DRILL_SECURITY_GROUPS"))}}, nil
}

func openArchive(archiveURL string) (backup.Objects, error) {
	if path, isFolder := strings.CutPrefix(archiveURL, "file:"); isFolder {
		return folder.Open(path)
	}
	return nil, errors.New("ARCHIVE_URL has a scheme that is none of file")
}

func list(text string) (items []string) {
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

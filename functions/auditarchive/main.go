// Command auditarchive is the function that EventBridge calls every day after midnight: it moves the audit trail into the archive
// (SPEC T5). Its role in the store is one that grant_archiver was called for, and never the gateway's.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"corsia/functions/start"
	"corsia/shared/audit"
	"corsia/shared/driver/postgres"
	"corsia/shared/driver/s3"
)

func main() {
	start.Run([]string{"ENV", "LOG_LEVEL", "STORE_URL", "ARCHIVE_URL", "AUDIT_RETENTION"}, open)
}

// open picks the drivers. The store is opened for each event: they are a day apart.
func open(ctx context.Context, s *start.Settings) (serve, error) {
	storeURL := s.Store()
	retention, err := audit.ParseRetention(s.Text("AUDIT_RETENTION"))
	if err != nil {
		err = fmt.Errorf("AUDIT_RETENTION %w", err)
	}
	if err := errors.Join(s.Err(), err); err != nil {
		return nil, err
	}
	bucket, err := s3.Open(ctx, s.Text("ARCHIVE_URL"))
	if err == nil && s.Production {
		err = bucket.Safe()
	}
	if err != nil {
		return nil, fmt.Errorf("ARCHIVE_URL: %w", err)
	}
	return newHandler(options{
		Store:   func(ctx context.Context) (store, error) { return postgres.OpenArchiver(ctx, storeURL) },
		Objects: bucket, Retention: retention, Log: s.Log, Now: time.Now,
	}).handle, nil
}

package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// BackupTask says where backups are, of what, and who asks. URLs are as in the configuration.
type BackupTask struct {
	Audit    AuditSource // Store, Archive, and what the trail is measured by
	ID       string      // of the backup; empty: the newest
	By       collab.UserID
	Progress func(text string) // lines for people; nil: none
}

// MakeBackup backs the store up into the archive (SPEC O4). Redundancy says what keeps a copy of the archive elsewhere.
func MakeBackup(ctx context.Context, t BackupTask, redundancy string) (*backup.Manifest, error) {
	objects, err := openObjects(ctx, t.Audit.Archive)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	store, err := openWholeStore(ctx, t.Audit.Store)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	engine := "postgres"
	if strings.HasPrefix(t.Audit.Store, "sqlite:") {
		engine = "sqlite"
	}
	return backup.Make(ctx, objects, engine, store, backup.Options{Program: Version, Redundancy: redundancy, Now: time.Now})
}

// ListBackups returns the manifests of an archive's backups, the oldest first. One that cannot be read has its id alone.
func ListBackups(ctx context.Context, archiveURL string) ([]*backup.Manifest, error) {
	objects, err := openObjects(ctx, archiveURL)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	ids, err := backup.IDs(ctx, objects)
	all := make([]*backup.Manifest, len(ids))
	for i, id := range ids {
		m, err := backup.ReadManifest(ctx, objects, id)
		if err != nil {
			m = &backup.Manifest{ID: id}
		}
		all[i] = m
	}
	return all, err
}

// PruneBackups deletes the backups that need not be kept any more, and returns their ids.
func PruneBackups(ctx context.Context, archiveURL string) ([]string, error) {
	objects, err := openPruner(archiveURL)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	return backup.Prune(ctx, objects, time.Now())
}

// CheckBackup verifies a backup through level 2.
func CheckBackup(ctx context.Context, t BackupTask, maxAge time.Duration) (*backup.Report, error) {
	objects, err := openObjects(ctx, t.Audit.Archive)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	if t.ID, err = chosen(ctx, objects, t.ID); err != nil {
		return nil, err
	}
	return backup.Check(ctx, objects, t.ID, backup.CheckOptions{MaxAge: maxAge, Now: time.Now})
}

// chosen returns the id of the backup that is meant.
func chosen(ctx context.Context, objects backup.Objects, id string) (string, error) {
	if id != "" {
		return id, nil
	}
	return backup.Newest(ctx, objects)
}

// RestoreBackup restores a backup to a new store, verifies it through level 5, opens a new epoch, and grants a role (empty:
// none) what a gateway needs.
func RestoreBackup(ctx context.Context, t BackupTask, to, grant string) (*backup.Report, error) {
	return t.restore(ctx, to, func(o backup.Restoration) (*backup.Report, error) {
		s, err := o.To.Standing(ctx)
		if err != nil {
			return nil, err
		}
		if s.Exists && to == t.Audit.Store {
			return nil, fmt.Errorf("%w: it is the store that STORE_URL names", backup.ErrRefused)
		}
		if o.ID, err = chosen(ctx, o.Objects, o.ID); err != nil {
			return nil, err
		}
		o.Grant = grant
		return backup.Restore(ctx, o)
	})
}

// ReopenStore verifies a store that was put back by other means than a backup, and opens a new epoch.
func ReopenStore(ctx context.Context, t BackupTask, to string) (*backup.Report, error) {
	return t.restore(ctx, to, func(o backup.Restoration) (*backup.Report, error) {
		id, err := backup.Newest(ctx, o.Objects)
		if errors.Is(err, backup.ErrNone) {
			return backup.Reopen(ctx, o, nil)
		}
		if err != nil {
			return nil, err
		}
		m, err := backup.ReadManifest(ctx, o.Objects, id)
		if err != nil {
			return nil, err
		}
		return backup.Reopen(ctx, o, m)
	})
}

// DrillBackup restores a backup to a scratch store on a server (a URL of any of its databases; empty: that of the store),
// verifies it, drops it, and records what came of it in the archive and in the trail of the store.
func DrillBackup(ctx context.Context, t BackupTask, server string) (*backup.Report, error) {
	to, err := scratch(first(server, t.Audit.Store))
	if err != nil {
		return nil, err
	}
	source, err := openWholeStore(ctx, t.Audit.Store)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	r, err := t.restore(ctx, to, func(o backup.Restoration) (r *backup.Report, err error) {
		if o.ID, err = chosen(ctx, o.Objects, o.ID); err != nil {
			return nil, err
		}
		o.Behind = source.Behind
		return backup.Drill(ctx, o)
	})
	if folder, embedded := strings.CutPrefix(to, "sqlite:"); embedded {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(folder)))
	}
	if r == nil {
		return nil, err
	}
	e := audit.Event{Type: audit.AdminAction, Tenant: collab.DefaultTenant, Actor: t.By, Details: r.Details()}
	if err != nil {
		e.Outcome = audit.Failed
	}
	if kept := source.Record(ctx, t.recorder().Row(e)); kept != nil {
		err = errors.Join(err, fmt.Errorf("record the drill in the audit trail: %w", kept))
	}
	return r, err
}

// restore opens what a restore needs, and keeps its report in the archive.
func (t BackupTask) restore(ctx context.Context, to string, do func(backup.Restoration) (*backup.Report, error)) (*backup.Report, error) {
	trust, err := t.Audit.trust()
	if err != nil {
		return nil, err
	}
	objects, err := openObjects(ctx, t.Audit.Archive)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	store, err := openWholeStore(ctx, to)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	start := func(ctx context.Context) error {
		s, err := openAuditStore(ctx, to)
		if err != nil {
			return err
		}
		return s.Close()
	}
	r, err := do(backup.Restoration{Objects: objects, ID: t.ID, To: store, Trust: backup.Trust{Keys: trust.Keys, Checkpoint: trust.Trusted},
		Recorder: t.recorder(), By: t.By, Progress: t.Progress, Now: time.Now, Start: start})
	if r != nil && !errors.Is(err, backup.ErrRefused) {
		if _, kept := r.Write(ctx, objects); kept != nil {
			err = errors.Join(err, kept)
		}
	}
	return r, err
}

func (t BackupTask) recorder() *audit.Recorder {
	return audit.NewRecorder(collab.NewInstanceID(), obs.NewLogger(io.Discard, nil))
}

// scratch returns the URL of a store that is not there, on the same server.
func scratch(storeURL string) (string, error) {
	if strings.HasPrefix(storeURL, "sqlite:") {
		folder, err := os.MkdirTemp("", "corsia-drill-")
		if err != nil {
			return "", fmt.Errorf("make folder: %w", err)
		}
		return "sqlite:" + filepath.Join(folder, "corsia.db"), nil
	}
	u, err := url.Parse(storeURL)
	if err != nil || u.Host == "" {
		return "", errors.New("the URL of the scratch server is not understood")
	}
	name := make([]byte, 6)
	rand.Read(name) // never returns an error (Go 1.24)
	u.Path = "/corsia_drill_" + hex.EncodeToString(name)
	return u.String(), nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

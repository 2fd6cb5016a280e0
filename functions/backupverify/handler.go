package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corsia/shared/audit"
	"corsia/shared/backup"
	"corsia/shared/collab"
	"corsia/shared/obs"
	"corsia/shared/trace"
)

// Drills starts drills elsewhere: a function has neither PostgreSQL's programs nor the time.
type Drills interface {
	// Start starts the drill of a backup. Starting that of the same backup again within a day starts nothing.
	Start(ctx context.Context, id string) error
}

// Metrics keeps what was measured.
type Metrics interface {
	Put(ctx context.Context, at time.Time, values map[string]float64) error
}

// Trail keeps audit rows.
type Trail interface {
	Record(ctx context.Context, rows ...collab.AuditRow) error
}

// Event is what the function is called with: nothing of it, from the schedule, or from an operator.
type Event struct {
	Backup string `json:"backup"` // id; empty: the newest
	Drill  string `json:"drill"`  // always, never; empty: when one is due
}

// Result is its answer.
type Result struct {
	Backup  string `json:"backup"`
	Level   int    `json:"level"` // that was passed, 0 to 2; -1: none
	Problem string `json:"problem,omitempty"`
	Drill   string `json:"drill,omitempty"`  // why one was started; empty: none was
	Report  string `json:"report,omitempty"` // its key in the archive
}

// Names of the metrics.
const (
	metricLevel  = "BackupLevel"      // last level that was passed, -1 to 2
	metricFailed = "BackupFailed"     // 1: it did not pass level 2
	metricAge    = "BackupAgeSeconds" // of its snapshot
	metricBytes  = "BackupBytes"      //
	metricDrill  = "DrillStarted"     // 1: a drill was
)

// verifier verifies backups. Doing it twice does nothing twice but write another report.
type verifier struct {
	objects  backup.Objects
	drills   Drills
	metrics  Metrics
	trail    Trail
	recorder *audit.Recorder
	log      *slog.Logger
	now      func() time.Time
	maxAge   time.Duration
}

// handle verifies a backup. A backup that is not good is a result, told everywhere, and no error: calling again would not mend
// it. An error is for what may be better in a minute.
func (v *verifier) handle(ctx context.Context, e Event) (Result, error) {
	begin := v.now()
	var r *backup.Report
	err := trace.Stage(ctx, "check", func(ctx context.Context) (err error) {
		r, err = v.check(ctx, e.Backup)
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("verify backup: %w", err)
	}
	result := Result{Backup: r.Backup, Level: int(r.Level), Problem: r.Problem}
	if r.Level == backup.Readable {
		err = trace.Stage(ctx, "drill", func(ctx context.Context) (err error) {
			result.Drill, err = v.drill(ctx, r, e.Drill)
			return err
		})
	}
	err = errors.Join(err, trace.Stage(ctx, "tell", func(ctx context.Context) error { return v.tell(ctx, r, &result) }))
	level := slog.LevelInfo
	if r.Problem != "" {
		level = slog.LevelError
	}
	v.log.LogAttrs(ctx, level, "backupverify: looked at a backup", slog.String(obs.KeyState, r.LevelName), slog.String(obs.KeyReason, r.Problem),
		slog.Int64(obs.KeyBytes, r.Bytes), obs.Duration(v.now().Sub(begin)))
	if err != nil {
		return Result{}, fmt.Errorf("verify backup %s: %w", r.Backup, err)
	}
	return result, nil
}

// check passes levels 0 to 2. That there is no backup at all, or none that is good, is in the report.
func (v *verifier) check(ctx context.Context, id string) (*backup.Report, error) {
	if id == "" {
		newest, err := backup.Newest(ctx, v.objects)
		if errors.Is(err, backup.ErrNone) {
			return &backup.Report{Kind: "check", Started: v.now().UTC(), Ended: v.now().UTC(), Level: backup.Nothing,
				LevelName: backup.Nothing.String(), Problem: err.Error()}, nil
		}
		if err != nil {
			return nil, err
		}
		id = newest
	}
	r, err := backup.Check(ctx, v.objects, id, backup.CheckOptions{MaxAge: v.maxAge, Now: v.now})
	if _, bad := errors.AsType[*backup.Failure](err); bad {
		return r, nil
	}
	return r, err
}

// drill starts a drill if one is wanted or due, and says why.
func (v *verifier) drill(ctx context.Context, r *backup.Report, wanted string) (why string, err error) {
	switch wanted {
	case "never":
		return "", nil
	case "always":
		why = "it was asked for"
	default:
		m, err := backup.ReadManifest(ctx, v.objects, r.Backup)
		if err != nil {
			return "", err
		}
		if why, err = backup.DrillDue(ctx, v.objects, m, v.now()); err != nil || why == "" {
			return "", err
		}
	}
	if err := v.drills.Start(ctx, r.Backup); err != nil {
		return "", fmt.Errorf("start a drill: %w", err)
	}
	return why, nil
}

// tell keeps the report in the archive, the metrics, and a row of the trail. One that fails keeps none from the others.
func (v *verifier) tell(ctx context.Context, r *backup.Report, result *Result) error {
	key, err := r.Write(ctx, v.objects)
	result.Report = key
	values := map[string]float64{metricLevel: float64(r.Level), metricFailed: 0, metricBytes: float64(r.Bytes), metricDrill: 0}
	if r.Problem != "" {
		values[metricFailed] = 1
	}
	if result.Drill != "" {
		values[metricDrill] = 1
	}
	if !r.SnapshotAt.IsZero() {
		values[metricAge] = r.Started.Sub(r.SnapshotAt).Seconds()
	}
	details := r.Details()
	if result.Drill != "" {
		details["drill"] = result.Drill
	}
	e := audit.Event{Type: audit.AdminAction, Tenant: collab.DefaultTenant, Actor: "system:backupverify", Details: details}
	if r.Problem != "" {
		e.Outcome = audit.Failed
	}
	row := v.recorder.Row(e)
	recorded := v.trail.Record(ctx, row)
	if recorded == nil {
		v.recorder.Log(ctx, row)
	}
	return errors.Join(err, v.metrics.Put(ctx, r.Started, values), recorded)
}

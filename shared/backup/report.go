package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Level is how far a backup was verified (SPEC O4). Only Verified is called verified.
type Level int

// The levels. Each stands on those before it.
const (
	Nothing  Level = iota - 1
	Exists         // 0: it is there, not too old, of the size that its manifest says
	Checksum       // 1: its bytes are those that were written, and gzip finds them whole
	Readable       // 2: its list has every table of the manifest
	Restored       // 3: it was restored into a new database
	Equal          // 4: that has the rows of the manifest
	Verified       // 5: the audit trail verifies, every document opens, and it is known how long it took
)

var levelNames = []string{"exists", "checksum", "readable", "restored", "equal", "verified"}

// String returns the level's name.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return "nothing"
	}
	return levelNames[l]
}

// Failure is what a level found. It is an error.
type Failure struct {
	Level Level
	Err   error
}

// Error says at which level, and what.
func (f *Failure) Error() string {
	return fmt.Sprintf("level %d (%s): %v", f.Level, f.Level, f.Err)
}

// Unwrap returns what was found.
func (f *Failure) Unwrap() error { return f.Err }

func failed(l Level, format string, args ...any) error {
	return &Failure{l, fmt.Errorf(format, args...)}
}

// Step is a part of a restore, and how long it took.
type Step struct {
	Name   string        `json:"name"`
	Took   time.Duration `json:"-"`
	Budget time.Duration `json:"-"` // that SPEC P allows; 0: none of its own

	Seconds       float64 `json:"seconds"`
	BudgetSeconds float64 `json:"budgetSeconds,omitempty"`
}

// Budgets of a restore (SPEC P).
const (
	budgetStop     = 2 * time.Minute
	budgetDownload = 5 * time.Minute
	budgetRestore  = 20 * time.Minute
	budgetVerify   = 5 * time.Minute
	budgetStart    = 3 * time.Minute

	// MaxRTO and MaxRPO are what a restore may take in all, and what it may lose (SPEC P).
	MaxRTO = 35 * time.Minute
	MaxRPO = 15 * time.Minute
)

// Kinds of reports.
const (
	kindCheck   = "check"
	kindRestore = "restore"
	kindDrill   = "drill"
	kindReopen  = "reopen"
)

// Report says what was verified, restored, measured.
type Report struct {
	Kind       string    `json:"kind"`
	Backup     string    `json:"backup"`
	SnapshotAt time.Time `json:"snapshotAt,omitzero"`
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	Level      Level     `json:"level"` // the last one that was passed; -1: none
	LevelName  string    `json:"levelName"`
	Verified   bool      `json:"verified"` // all six were
	Problem    string    `json:"problem,omitempty"`
	Steps      []Step    `json:"steps"`
	Tables     int       `json:"tables"`
	Rows       int64     `json:"rows"`
	Bytes      int64     `json:"bytes"`
	Schema     int64     `json:"schema"`              // of the store
	Documents  int       `json:"documents"`           // that opened
	AuditRows  int64     `json:"auditRows,omitempty"` // that were verified
	Epoch      int64     `json:"epoch,omitempty"`     // that was opened; 0: none was
	EpochAt    time.Time `json:"epochAt,omitzero"`    // tokens that were issued before are refused
	Locks      int64     `json:"locksEnded,omitempty"`
	// RTO is what the steps took. RPO is what would be lost if the store were lost at Started: back to the snapshot, or to the
	// last piece of the write-ahead log in its archive.
	RTO     time.Duration `json:"-"`
	RPO     time.Duration `json:"-"`
	RPOFrom string        `json:"rpoFrom,omitempty"` // dump, write-ahead log

	RTOSeconds float64 `json:"rtoSeconds,omitempty"`
	RPOSeconds float64 `json:"rpoSeconds,omitempty"`

	now     func() time.Time
	created bool // the place of the restore was made for it
}

func newReport(kind, id string, now func() time.Time) *Report {
	return &Report{Kind: kind, Backup: id, Started: now().UTC(), Level: Nothing, now: now}
}

// step runs a part and notes how long it took, also when it failed.
func (r *Report) step(name string, budget time.Duration, do func() error) error {
	begin := r.now()
	err := do()
	took := r.now().Sub(begin)
	r.Steps = append(r.Steps, Step{Name: name, Took: took, Budget: budget, Seconds: took.Seconds(), BudgetSeconds: budget.Seconds()})
	r.RTO += took
	return err
}

// pass notes a level that was passed.
func (r *Report) pass(l Level) { r.Level = l }

// end completes the report, and returns err.
func (r *Report) end(err error) error {
	r.Ended = r.now().UTC()
	r.LevelName = r.Level.String()
	r.Verified = r.Level == Verified && err == nil
	r.RTOSeconds, r.RPOSeconds = r.RTO.Seconds(), r.RPO.Seconds()
	if err != nil {
		r.Problem = err.Error()
	}
	return err
}

// Print writes the steps with their times, and what came of it, for people.
func (r *Report) Print(to io.Writer) {
	fmt.Fprintf(to, "%-12s %10s %10s\n", "step", "took", "allowed")
	for _, s := range r.Steps {
		allowed := "-"
		if s.Budget > 0 {
			allowed = s.Budget.String()
		}
		fmt.Fprintf(to, "%-12s %10s %10s%s\n", s.Name, s.Took.Round(time.Millisecond), allowed, over(s.Took, s.Budget))
	}
	if r.Kind != kindCheck {
		fmt.Fprintf(to, "%-12s %10s %10s%s\n", "RTO", r.RTO.Round(time.Millisecond), MaxRTO, over(r.RTO, MaxRTO))
	}
	if r.RPOFrom != "" {
		fmt.Fprintf(to, "%-12s %10s %10s%s\n", "RPO", r.RPO.Round(time.Millisecond), MaxRPO, over(r.RPO, MaxRPO))
		fmt.Fprintf(to, "RPO by the %s\n", r.RPOFrom)
	}
	if r.Level < Verified {
		fmt.Fprintf(to, "%d tables, %d rows in backup %s\n", r.Tables, r.Rows, r.Backup)
	} else {
		fmt.Fprintf(to, "%d tables, %d rows, %d documents, %d audit rows%s\n", r.Tables, r.Rows, r.Documents, r.AuditRows, of(r.Backup))
	}
	if r.Epoch > 0 {
		fmt.Fprintf(to, "epoch %d is open; %d locks have ended; tokens issued before %s are refused\n", r.Epoch, r.Locks, r.EpochAt.Format(time.RFC3339))
	}
	if r.Problem != "" {
		fmt.Fprintf(to, "NOT VERIFIED: %s\n", r.Problem)
		return
	}
	if r.Verified {
		fmt.Fprintln(to, "verified: level 5")
		return
	}
	fmt.Fprintf(to, "passed level %d (%s); only level 5 is verified\n", r.Level, r.Level)
}

func of(id string) string {
	if id == "" {
		return ""
	}
	return " of backup " + id
}

func over(took, allowed time.Duration) string {
	if allowed > 0 && took > allowed {
		return "  OVER"
	}
	return ""
}

// Write puts the report into the archive, as JSON, and returns its key.
func (r *Report) Write(ctx context.Context, objects Objects) (string, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode report: %w", err)
	}
	key := reports + r.Started.Format(idLayout) + "-" + r.Kind + ".json"
	if err := objects.Put(ctx, key, strings.NewReader(string(text)+"\n")); err != nil {
		return "", fmt.Errorf("keep report: %w", err)
	}
	return key, nil
}

// Details are the report's facts for an audit row.
func (r *Report) Details() map[string]string {
	d := map[string]string{"action": "backup " + r.Kind, "backup": r.Backup, "level": fmt.Sprint(int(r.Level))}
	if r.Kind != kindCheck {
		d["rto"] = r.RTO.Round(time.Millisecond).String()
	}
	if r.RPOFrom != "" {
		d["rpo"], d["rpoFrom"] = r.RPO.Round(time.Second).String(), r.RPOFrom
	}
	if r.Problem != "" {
		d["problem"] = r.Problem
	}
	return d
}

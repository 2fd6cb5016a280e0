package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// RecoveryTask opens or closes a recovery past the gateways (SPEC D8), by who has the store. They notice within seconds.
type RecoveryTask struct {
	Store  string        // URL
	Tenant collab.Tenant // AllTenants: every tenant
	By     collab.UserID
	// For OpenRecovery.
	For    time.Duration
	Reason string
	Epoch  *int64 // that is healed; nil: the one before the last restore
}

// ErrRecovery is the error of a recovery that was asked for wrongly. Nothing was done.
var ErrRecovery = errors.New("no recovery was opened")

// check says what is wrong with what is asked for, before the store is opened.
func (t *RecoveryTask) check() error {
	t.Reason = strings.TrimSpace(t.Reason)
	if n := utf8.RuneCountInString(t.Reason); n < collab.MinRecoveryReason || n > collab.MaxRecoveryReason {
		return fmt.Errorf("%w: the reason is not text of %d to %d characters", ErrRecovery, collab.MinRecoveryReason, collab.MaxRecoveryReason)
	}
	if t.For < time.Minute || t.For > collab.MaxRecovery {
		return fmt.Errorf("%w: it lasts from 1m to %s", ErrRecovery, collab.MaxRecovery)
	}
	return nil
}

// event is what the trail says. One about every tenant is in the trail of the default one.
func (t *RecoveryTask) event(action string) audit.Event {
	e := audit.Event{Type: audit.AdminAction, Tenant: t.Tenant, Actor: t.By, Details: map[string]string{"action": action}}
	if t.Tenant == collab.AllTenants {
		e.Tenant, e.Details["tenants"] = collab.DefaultTenant, "all"
	}
	return e
}

// OpenRecovery opens a recovery and records it, in one transaction.
func OpenRecovery(ctx context.Context, t RecoveryTask) (opened collab.Recovery, err error) {
	if err := t.check(); err != nil {
		return opened, err
	}
	store, err := openRecoveryStore(ctx, t.Store)
	if err != nil {
		return opened, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	documents, err := store.DocumentEpoch(ctx)
	if err != nil {
		return opened, err
	}
	if documents == 0 {
		return opened, fmt.Errorf("%w: this store was never restored: there is nothing to give back", ErrRecovery)
	}
	healed := documents - 1
	if t.Epoch != nil {
		if healed = *t.Epoch; healed < 0 || healed >= documents {
			return opened, fmt.Errorf("%w: the epoch is not one before that of documents, which is %d", ErrRecovery, documents)
		}
	}
	now := time.Now()
	opened = collab.Recovery{Tenant: t.Tenant, Epoch: healed, OpenedAt: now, Until: now.Add(t.For), By: t.By, Reason: t.Reason}
	e := t.event("recovery opened")
	e.Reason = t.Reason
	e.Details["minutes"], e.Details["epoch"] = strconv.Itoa(int(t.For.Minutes())), strconv.FormatInt(healed, 10)
	e.Details["until"] = opened.Until.UTC().Format(time.RFC3339)
	return opened, store.OpenRecovery(ctx, opened, []collab.AuditRow{recoveryRow(e)})
}

// CloseRecovery closes what is open for the tenant and records it, in one transaction. It returns how many were open.
func CloseRecovery(ctx context.Context, t RecoveryTask) (closed int, err error) {
	store, err := openRecoveryStore(ctx, t.Store)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	open, err := store.Recoveries(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range open {
		if r.Tenant == t.Tenant {
			closed++
		}
	}
	if closed == 0 {
		return 0, nil
	}
	return closed, store.CloseRecoveries(ctx, t.Tenant, time.Now(), []collab.AuditRow{recoveryRow(t.event("recovery closed"))})
}

// ListRecoveries returns the open recoveries of all tenants, and the epoch of documents since the last restore.
func ListRecoveries(ctx context.Context, storeURL string) (documents int64, open []collab.Recovery, err error) {
	store, err := openRecoveryStore(ctx, storeURL)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if documents, err = store.DocumentEpoch(ctx); err != nil {
		return 0, nil, err
	}
	open, err = store.Recoveries(ctx)
	return documents, open, err
}

func recoveryRow(e audit.Event) collab.AuditRow {
	return audit.NewRecorder(collab.NewInstanceID(), obs.NewLogger(io.Discard, nil)).Row(e)
}

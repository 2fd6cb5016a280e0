package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"corsia/gateway/auth"
	"corsia/shared/audit"
	"corsia/shared/collab"
)

// Recoveries keeps when browsers may give back what a restore lost (SPEC D8).
type Recoveries interface {
	// DocumentEpoch returns the epoch of documents since the last restore; 0: there was none.
	DocumentEpoch(ctx context.Context) (int64, error)
	OpenRecovery(ctx context.Context, r collab.Recovery, audit []collab.AuditRow) error
	CloseRecoveries(ctx context.Context, tenant collab.Tenant, at time.Time, audit []collab.AuditRow) error
	// Recoveries returns those that are open.
	Recoveries(ctx context.Context) ([]collab.Recovery, error)
}

type recoveryRequest struct {
	Minutes int    `json:"minutes"`
	Reason  string `json:"reason"`
	Epoch   *int64 `json:"epoch"` // that is healed; nil: the one before the last restore
}

type recoveryView struct {
	Epoch      int64         `json:"epoch"` // the life of documents that is healed
	OpenedAt   time.Time     `json:"openedAt"`
	Until      time.Time     `json:"until"`
	OpenedBy   collab.UserID `json:"openedBy"`
	Reason     string        `json:"reason"`
	AllTenants bool          `json:"allTenants"`
}

// recovery serves GET /api/recovery: the tenant's open recovery, if there is one.
func (a Admin) recovery(w http.ResponseWriter, r *http.Request) error {
	id, err := a.authorise(r)
	if err != nil {
		return err
	}
	epoch, err := a.Recoveries.DocumentEpoch(r.Context())
	if err != nil {
		return unavailable("the recovery cannot be read", err)
	}
	all, err := a.Recoveries.Recoveries(r.Context())
	if err != nil {
		return unavailable("the recovery cannot be read", err)
	}
	open := []recoveryView{}
	for _, one := range all {
		if one.Tenant == id.Tenant || one.Tenant == collab.AllTenants {
			open = append(open, viewRecovery(one))
		}
	}
	if err := a.Record(r.Context(), a.recoveryEvent(r, id, "recovery read", nil)); err != nil {
		return unavailable("the request could not be audited", err)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"ok": true, "epoch": epoch, "open": open})
}

// openRecovery serves POST /api/recovery. An administrator opens it for the own tenant, as all else that the permission
// allows; who has the store may open it for every tenant.
func (a Admin) openRecovery(w http.ResponseWriter, r *http.Request) error {
	id, err := a.authorise(r)
	if err != nil {
		return err
	}
	q, err := readRecovery(w, r)
	if err != nil {
		return err
	}
	epoch, err := a.Recoveries.DocumentEpoch(r.Context())
	if err != nil {
		return unavailable("the recovery could not be opened", err)
	}
	if epoch == 0 {
		return badRequest("this database was never restored: there is nothing to give back", nil)
	}
	healed := epoch - 1
	if q.Epoch != nil {
		if healed = *q.Epoch; healed < 0 || healed >= epoch {
			return badRequest("epoch is not one before that of documents, which is "+strconv.FormatInt(epoch, 10), nil)
		}
	}
	now := a.Now()
	recovery := collab.Recovery{Tenant: id.Tenant, Epoch: healed, OpenedAt: now, Until: now.Add(time.Duration(q.Minutes) * time.Minute),
		By: id.User, Reason: q.Reason}
	event := a.recoveryEvent(r, id, "recovery opened", map[string]string{"minutes": strconv.Itoa(q.Minutes),
		"epoch": strconv.FormatInt(recovery.Epoch, 10), "until": recovery.Until.UTC().Format(time.RFC3339)})
	event.Reason = q.Reason
	if err := a.Recoveries.OpenRecovery(r.Context(), recovery, []collab.AuditRow{a.Row(event)}); err != nil {
		return unavailable("the recovery could not be opened", err)
	}
	if err := a.Recovered(r.Context()); err != nil {
		return unavailable("the recovery is open and takes effect within seconds", err)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"ok": true, "recovery": viewRecovery(recovery)})
}

// closeRecovery serves DELETE /api/recovery. One that is open for every tenant ends by its time, or by who has the store.
func (a Admin) closeRecovery(w http.ResponseWriter, r *http.Request) error {
	id, err := a.authorise(r)
	if err != nil {
		return err
	}
	event := a.recoveryEvent(r, id, "recovery closed", nil)
	if err := a.Recoveries.CloseRecoveries(r.Context(), id.Tenant, a.Now(), []collab.AuditRow{a.Row(event)}); err != nil {
		return unavailable("the recovery could not be closed", err)
	}
	if err := a.Recovered(r.Context()); err != nil {
		return unavailable("the recovery is closed and ends within seconds", err)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"ok": true})
}

func (a Admin) recoveryEvent(r *http.Request, id auth.Identity, action string, details map[string]string) audit.Event {
	if details == nil {
		details = map[string]string{}
	}
	details["action"] = action
	return audit.Event{Type: audit.AdminAction, Tenant: id.Tenant, Actor: id.User, Role: id.Role, Address: a.Address(r), Details: details}
}

func readRecovery(w http.ResponseWriter, r *http.Request) (recoveryRequest, error) {
	readWithin(w)
	var q recoveryRequest
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&q); err != nil {
		return q, badRequest("the body is not {minutes, reason, epoch?}", err)
	}
	if _, err := body.Token(); err != io.EOF {
		return q, badRequest("the body goes on after its object", err)
	}
	if q.Minutes < 1 || q.Minutes > int(collab.MaxRecovery/time.Minute) {
		return q, badRequest("minutes is not a whole number from 1 to "+strconv.Itoa(int(collab.MaxRecovery/time.Minute)), nil)
	}
	q.Reason = strings.TrimSpace(q.Reason)
	if n := utf8.RuneCountInString(q.Reason); n < collab.MinRecoveryReason || n > collab.MaxRecoveryReason {
		return q, badRequest("reason is not text of "+strconv.Itoa(collab.MinRecoveryReason)+" to "+strconv.Itoa(collab.MaxRecoveryReason)+" characters", nil)
	}
	return q, nil
}

func viewRecovery(r collab.Recovery) recoveryView {
	return recoveryView{Epoch: r.Epoch, OpenedAt: r.OpenedAt.UTC(), Until: r.Until.UTC(), OpenedBy: r.By, Reason: r.Reason,
		AllTenants: r.Tenant == collab.AllTenants}
}

func unavailable(msg string, err error) *collab.Error {
	return &collab.Error{Code: collab.CodeUnavailable, Msg: msg, RetryAfter: time.Second, Err: err}
}

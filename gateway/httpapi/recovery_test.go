package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"corsia/gateway/auth"
	"corsia/shared/audit"
	"corsia/shared/collab"
	"corsia/shared/obs"
)

// recoveries keeps what was opened and closed.
type recoveries struct {
	epoch  int64
	open   []collab.Recovery
	closed []collab.Tenant
	rows   []collab.AuditRow
	away   error
}

func (s *recoveries) DocumentEpoch(context.Context) (int64, error) { return s.epoch, s.away }

func (s *recoveries) OpenRecovery(_ context.Context, r collab.Recovery, rows []collab.AuditRow) error {
	s.open, s.rows = append(s.open, r), append(s.rows, rows...)
	return s.away
}

func (s *recoveries) CloseRecoveries(_ context.Context, tenant collab.Tenant, _ time.Time, rows []collab.AuditRow) error {
	s.closed, s.rows = append(s.closed, tenant), append(s.rows, rows...)
	return s.away
}

func (s *recoveries) Recoveries(context.Context) ([]collab.Recovery, error) { return s.open, s.away }

// healing is the calls about recoveries, of an administrator of the tenant "ward".
func healing(t *testing.T, store *recoveries) (call func(h func(Admin) handler, permissions *auth.Permissions, body string) *httptest.ResponseRecorder, looked *int) {
	t.Helper()
	keys, err := devKeys()
	if err != nil {
		t.Fatal(err)
	}
	log := obs.TestLogger(t, t.Output())
	trail := &trail{Recorder: audit.NewRecorder("i_1", log)}
	looked = new(int)
	a := Admin{Verifier: auth.NewVerifier(auth.Settings{Keys: keys}), Grants: auth.NewGrants(nil, true), Row: trail.Row, Record: trail.Record, Log: log,
		Now: time.Now, Address: ClientAddress(nil), Recoveries: store, Recovered: func(context.Context) error { *looked++; return nil }}
	return func(h func(Admin) handler, permissions *auth.Permissions, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/api/recovery", strings.NewReader(body))
		token, err := keys.Issuer("", "").Issue(auth.TokenRequest{User: "boss", Tenant: "ward", Permissions: permissions})
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		wrap(log, h(a)).ServeHTTP(w, r)
		return w
	}, looked
}

func opens(a Admin) handler  { return a.openRecovery }
func closes(a Admin) handler { return a.closeRecovery }
func reads(a Admin) handler  { return a.recovery }

func TestAnAdministratorOpensARecoveryOfTheOwnTenant(t *testing.T) { // D8, H2
	store := &recoveries{epoch: 3}
	call, looked := healing(t, store)
	before := time.Now()
	if w := call(opens, admin, `{"minutes":30,"reason":"the disk of the database failed"}`); w.Code != http.StatusOK || *looked != 1 {
		t.Fatalf("%d %s, looked %d times", w.Code, w.Body, *looked)
	}
	r := store.open[0]
	if r.Tenant != "ward" || r.Epoch != 2 || r.By != "boss" || r.Until.Sub(before).Round(time.Minute) != 30*time.Minute {
		t.Errorf("opened %+v, want that of the epoch before, for the own tenant and half an hour", r)
	}
	if w := call(opens, admin, `{"minutes":30,"reason":"restored once more, from the same","epoch":0}`); w.Code != http.StatusOK || store.open[1].Epoch != 0 {
		t.Errorf("%d %s, opened %+v: want that of the life before the first try", w.Code, w.Body, store.open[1])
	}
	store.open, store.rows = store.open[:1], store.rows[:1]
	store.open = append(store.open, collab.Recovery{Tenant: "another", Epoch: 2}, collab.Recovery{Tenant: collab.AllTenants, Epoch: 2})
	w := call(reads, admin, "")
	var answer struct {
		Epoch int64
		Open  []recoveryView
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Epoch != 3 || len(answer.Open) != 2 || !answer.Open[1].AllTenants {
		t.Errorf("read %s, want the own tenant's and that of all", w.Body)
	}
	if w := call(closes, admin, ""); w.Code != http.StatusOK || len(store.closed) != 1 || store.closed[0] != "ward" {
		t.Errorf("%d %s, closed %v", w.Code, w.Body, store.closed)
	}
	if len(store.rows) != 2 || store.rows[0].Type != "ADMIN_ACTION" || !strings.Contains(string(store.rows[0].Body), "the disk of the database failed") {
		t.Errorf("audited %+v, want both with the reason", store.rows)
	}
}

func TestARecoveryThatCannotBeIsRefused(t *testing.T) { // D8, H2
	const body = `{"minutes":30,"reason":"the disk of the database failed"}`
	tests := []struct {
		name        string
		store       recoveries
		permissions *auth.Permissions
		body        string
		status      int
	}{
		{"no administrator", recoveries{epoch: 1}, &auth.Permissions{}, body, http.StatusForbidden},
		{"never restored", recoveries{}, admin, body, http.StatusBadRequest},
		{"the store is away", recoveries{epoch: 1, away: errors.New("away")}, admin, body, http.StatusServiceUnavailable},
		{"no time", recoveries{epoch: 1}, admin, `{"minutes":0,"reason":"long enough a reason"}`, http.StatusBadRequest},
		{"too long", recoveries{epoch: 1}, admin, `{"minutes":241,"reason":"long enough a reason"}`, http.StatusBadRequest},
		{"no reason", recoveries{epoch: 1}, admin, `{"minutes":30,"reason":"  because  "}`, http.StatusBadRequest},
		{"another field", recoveries{epoch: 1}, admin, `{"minutes":30,"reason":"long enough a reason","tenant":""}`, http.StatusBadRequest},
		{"a life that is not over", recoveries{epoch: 1}, admin, `{"minutes":30,"reason":"long enough a reason","epoch":1}`, http.StatusBadRequest},
		{"more than one", recoveries{epoch: 1}, admin, body + body, http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			call, looked := healing(t, &tt.store)
			if w := call(opens, tt.permissions, tt.body); w.Code != tt.status || len(tt.store.open) > 0 || *looked > 0 {
				t.Errorf("%d %s, opened %v: want %d and nothing", w.Code, w.Body, tt.store.open, tt.status)
			}
			if tt.store.away != nil {
				for _, h := range []func(Admin) handler{closes, reads} {
					if w := call(h, admin, ""); w.Code != http.StatusServiceUnavailable {
						t.Errorf("%d %s while the store is away", w.Code, w.Body)
					}
				}
			}
		})
	}
}

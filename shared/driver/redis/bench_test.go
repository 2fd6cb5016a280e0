//go:build integration

package redis

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/redistest"
)

// BenchmarkOperations reports the time that 99 of 100 calls take, one caller at a time (SPEC 11: < 2 ms), in a room of 20
// members.
func BenchmarkOperations(b *testing.B) {
	s := start(b, redistest.URL(b), Options{})
	res := collab.Resource{Tenant: collab.Tenant("bench." + string(collab.NewInstanceID())), ID: "page:/patient/12345"}
	member := func(n int) collab.Member {
		return collab.Member{Resource: res, Session: collab.SessionID(fmt.Sprintf("s_%02d", n)), User: collab.UserID(fmt.Sprintf("usr_%02d", n)), Name: "Dr Rossi",
			Role: "surgeon", Mode: collab.Editor, Instance: "i_1", JoinedAt: time.Now()}
	}
	const members = 20
	for n := range members {
		_, err := s.Enter(b.Context(), member(n))
		ok(b, err)
	}
	one := member(members)
	session := collab.Session{ID: one.Session, Tenant: res.Tenant, User: one.User, Name: one.Name, Role: one.Role, Instance: "i_1", ConnectedAt: time.Now()}
	lease := collab.Lease{Key: collab.LockKey{Resource: res, Field: "id-dosage"}, Lock: collab.NewLockID(), User: one.User, Session: one.Session}
	for _, bench := range []struct {
		name    string
		operate func() error
	}{
		{"Ping", func() error { return s.Ping(b.Context()) }},
		{"OpenSession", func() error { _, err := s.OpenSession(b.Context(), session); return err }},
		{"TouchSession", func() error { return s.TouchSession(b.Context(), session, time.Now()) }},
		{"Enter", func() error { _, err := s.Enter(b.Context(), one); return err }},
		{"RenewMember", func() error { return s.RenewMember(b.Context(), one) }},
		{"Members", func() error { _, err := s.Members(b.Context(), res); return err }},
		{"Leave", func() error { _, err := s.Leave(b.Context(), one); return err }},
		{"Acquire", func() error { _, err := s.Acquire(b.Context(), lease, 30*time.Second); return err }},
		{"Confirm", func() error { return s.Confirm(b.Context(), collab.Lock{ID: lease.Lock, Key: lease.Key, Fence: 1}) }},
		{"Extend", func() error { return s.Extend(b.Context(), lease, 30*time.Second) }},
		{"Holder", func() error { _, _, err := s.Holder(b.Context(), lease.Key); return err }},
		{"Release", func() error { return s.Release(b.Context(), lease) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			ok(b, bench.operate()) // connects, and sends the script
			took := make([]time.Duration, 0, b.N)
			for b.Loop() {
				begin := time.Now()
				ok(b, bench.operate())
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

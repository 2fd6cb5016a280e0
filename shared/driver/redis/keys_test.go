package redis

import (
	"testing"

	"corsia/shared/collab"
)

func TestKeysAreThoseOfTheTable(t *testing.T) {
	res := collab.Resource{Tenant: collab.DefaultTenant, ID: "page:/patient/12345"}
	ward := collab.Resource{Tenant: "ward-3", ID: "a|b#c%d:e"}
	tests := []struct{ got, want string }{
		{sessionsKey(collab.DefaultTenant, "usr_001"), "user:usr_001:session"},
		{activityKey(collab.DefaultTenant, "usr_001"), "user:usr_001:activity"},
		{presenceUserKey(collab.DefaultTenant, "usr_001"), "presence:user:usr_001"},
		{presenceSocketKey(collab.DefaultTenant, "s_1"), "presence:socket:s_1"},
		{roomKey(res), "resource:page:/patient/12345:users"},
		{memberKey(res, "usr_001"), "resource:page:/patient/12345:user:usr_001"},
		{stateKey(res), "resource:page:/patient/12345:state"},
		{lockKey(collab.LockKey{Resource: res}), "lock:page:/patient/12345"},
		{lockKey(collab.LockKey{Resource: res, Field: "id-dosage"}), "lock:page:/patient/12345#id-dosage"},
		{lockMetadataKey(collab.LockKey{Resource: res, Field: "id-dosage"}), "lock:page:/patient/12345#id-dosage:metadata"},
		{sessionsKey("ward-3", "a:b|c#d%e"), "ward-3|user:a%3Ab%7Cc%23d%25e:session"},
		{roomKey(ward), "ward-3|resource:a%7Cb%23c%25d:e:users"},
		{memberKey(ward, "x:y"), "ward-3|resource:a%7Cb%23c%25d:e:user:x%3Ay"},
		{lockKey(collab.LockKey{Resource: ward, Field: "f:g#h"}), "ward-3|lock:a%7Cb%23c%25d:e#f%3Ag%23h"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("key %q, want %q", tt.got, tt.want)
		}
	}
}

func TestRoomOfAResourceNamedUserMeetsNoMember(t *testing.T) {
	room := roomKey(collab.Resource{Tenant: collab.DefaultTenant, ID: "x:user"})
	member := memberKey(collab.Resource{Tenant: collab.DefaultTenant, ID: "x"}, "users")
	if room == member {
		t.Fatalf("both are %q", room)
	}
}

func TestForeignKeysAreNoLocksAndNoSockets(t *testing.T) {
	for _, key := range []string{
		"", "lock", "locks:a", "lock:a:metadata", "w|lock:a#b:metadata", "lock:a#b#c", "lock:a%", "lock:a%3Ab", "lock:a#b:c", "default|lock:a",
		"user:lock:session", "lock:a#",
	} {
		if k, ok := parseLockKey(key); ok {
			t.Errorf("%q is the lock %+v", key, k)
		}
	}
	for _, key := range []string{"", "presence:user:a", "presence:socket:a:b", "default|presence:socket:a", "presence:socket:%41%"} {
		if tenant, session, ok := parseSocketKey(key); ok {
			t.Errorf("%q is the session %q of %q", key, session, tenant)
		}
	}
}

// ids are what keys are made of, as a gateway accepts them.
type ids struct {
	tenant   collab.Tenant
	resource collab.ResourceID
	user     collab.UserID
	field    collab.Field
	session  collab.SessionID
}

func parseIDs(tenant, resource, user, field, session string) (ids, bool) {
	t, err1 := collab.ParseTenant(tenant)
	r, err2 := collab.ParseResourceID(resource)
	u, err3 := collab.ParseUserID(user)
	f, err4 := collab.ParseField(field)
	return ids{t, r, u, f, collab.SessionID(session)}, err1 == nil && err2 == nil && err3 == nil && err4 == nil
}

// all maps each key to what it is of.
func (i ids) all() map[string]ids {
	res := collab.Resource{Tenant: i.tenant, ID: i.resource}
	lock := collab.LockKey{Resource: res, Field: i.field}
	return map[string]ids{
		sessionsKey(i.tenant, i.user):          {tenant: i.tenant, user: i.user, field: "user:session"},
		activityKey(i.tenant, i.user):          {tenant: i.tenant, user: i.user, field: "user:activity"},
		presenceUserKey(i.tenant, i.user):      {tenant: i.tenant, user: i.user, field: "presence:user"},
		presenceSocketKey(i.tenant, i.session): {tenant: i.tenant, session: i.session},
		roomKey(res):                           {tenant: i.tenant, resource: i.resource, session: "room"},
		memberKey(res, i.user):                 {tenant: i.tenant, resource: i.resource, user: i.user},
		stateKey(res):                          {tenant: i.tenant, resource: i.resource, session: "state"},
		lockKey(lock):                          {tenant: i.tenant, resource: i.resource, field: i.field, session: "lock"},
		lockMetadataKey(lock):                  {tenant: i.tenant, resource: i.resource, field: i.field, session: "metadata"},
	}
}

// TestKeysOfOddIDsNeverMeet pairs all ids that are made of the pieces of keys.
func TestKeysOfOddIDsNeverMeet(t *testing.T) {
	pieces := []string{"a", "user", "users", "state", "metadata", "session", "x:user", "x:users", "user:users", ":user", "user:", "%", "%3A", "|", "#", "a#b",
		"lock", "a:metadata#b", "x:user:y", "x%3Auser", "presence", "socket", "resource:x"}
	seen := map[string]ids{}
	for _, tenant := range []string{"default", "user", "lock"} {
		for _, r := range pieces {
			for _, u := range pieces {
				i, ok := parseIDs(tenant, r, u, u, u)
				if !ok {
					continue
				}
				all := i.all()
				if len(all) != 9 {
					t.Fatalf("%d keys of %+v, want 9", len(all), i)
				}
				for key, of := range all {
					if other, taken := seen[key]; taken && other != of {
						t.Fatalf("%q is the key of %+v and of %+v", key, of, other)
					}
					seen[key] = of
				}
			}
		}
	}
}

func FuzzKeysNeverMeet(f *testing.F) {
	f.Add("default", "page:/patient/1", "usr_001", "id-a", "s_1", "ward-3", "page:/patient/1", "usr_001", "id-a", "s_1")
	f.Add("default", "x:user", "a", "", "s", "default", "x", "users", "", "s")
	f.Add("default", "a#b", "a", "c", "s", "default", "a", "a", "b#c", "s")
	f.Add("default", "a|b", "a:session", "%7C", "s:1", "a", "a%7Cb", "a%3Asession", "|", "s%3A1")
	f.Fuzz(func(t *testing.T, t1, r1, u1, f1, s1, t2, r2, u2, f2, s2 string) {
		a, ok1 := parseIDs(t1, r1, u1, f1, s1)
		b, ok2 := parseIDs(t2, r2, u2, f2, s2)
		if !ok1 || !ok2 {
			t.Skip()
		}
		others := b.all()
		for key, of := range a.all() {
			if other, taken := others[key]; taken && other != of {
				t.Fatalf("%q is the key of %+v and of %+v", key, of, other)
			}
		}
		lock := collab.LockKey{Resource: collab.Resource{Tenant: a.tenant, ID: a.resource}, Field: a.field}
		if got, ok := parseLockKey(lockKey(lock)); !ok || got != lock {
			t.Fatalf("%q is read as %+v (%v), want %+v", lockKey(lock), got, ok, lock)
		}
		if tenant, session, ok := parseSocketKey(presenceSocketKey(a.tenant, a.session)); !ok || tenant != a.tenant || session != a.session {
			t.Fatalf("session %q of %q is read as %q of %q (%v)", a.session, a.tenant, session, tenant, ok)
		}
	})
}

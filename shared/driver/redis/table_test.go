//go:build integration

package redis

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/shared/collab"
	"corsia/shared/driver/drivertest/redistest"
)

// reader looks at keys as an operator does.
type reader struct {
	*testing.T
	c *redis.Client
}

// wantTTL checks a key's type and lifetime. Some milliseconds of it may have passed.
func (r reader) wantTTL(key, kind string, ttl time.Duration) {
	r.Helper()
	if got := r.c.Type(r.Context(), key).Val(); got != kind {
		r.Fatalf("%s is a %s, want %s", key, got, kind)
	}
	if left := r.c.PTTL(r.Context(), key).Val(); left > ttl || left < ttl-5*time.Second {
		r.Fatalf("%s lives for %v, want %v", key, left, ttl)
	}
}

func (r reader) wantHash(key string, want map[string]string) {
	r.Helper()
	if got := r.c.HGetAll(r.Context(), key).Val(); !maps.Equal(got, want) {
		r.Fatalf("%s is %q, want %q", key, got, want)
	}
}

// wantJSON checks the members of an object: all of want are there, and equal.
func (r reader) wantJSON(what, text string, want map[string]any) {
	r.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		r.Fatalf("%s: %v", what, err)
	}
	for name, value := range want {
		if got[name] != value {
			r.Fatalf("%s: %s is %v, want %v", what, name, got[name], value)
		}
	}
}

func (r reader) wantKeys(want ...string) {
	r.Helper()
	got := r.c.Keys(r.Context(), "*").Val()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.Fatalf("keys %q, want %q", got, want)
	}
}

// readable returns a state with the default lifetimes on an empty server, and a reader of it.
func readable(t *testing.T) (*State, reader) {
	t.Helper()
	server := redistest.Start(t) // empty: KEYS shows these tests' keys alone
	return start(t, server.URL, Options{}), reader{t, plain(t, server.URL)}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var connected = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

func TestKeysOfASession(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	session := collab.Session{ID: "s_1", Tenant: "default", User: "usr:001", Name: "Dr Rossi", Role: "surgeon", Instance: "i_1", ConnectedAt: connected}
	before := time.Now().UnixMilli()
	_, err := s.OpenSession(t.Context(), session)
	ok(t, err)
	r.wantKeys("user:usr%3A001:session", "user:usr%3A001:activity", "presence:user:usr%3A001", "presence:socket:s_1")
	r.wantTTL("user:usr%3A001:session", "hash", 3600*time.Second)
	r.wantTTL("user:usr%3A001:activity", "string", 300*time.Second)
	r.wantTTL("presence:user:usr%3A001", "hash", 300*time.Second)
	r.wantTTL("presence:socket:s_1", "hash", 300*time.Second)
	r.wantJSON("the session", r.c.HGet(t.Context(), "user:usr%3A001:session", "s_1").Val(), map[string]any{
		"instance": "i_1", "role": "surgeon", "connectedAt": float64(connected.UnixMilli()),
	})
	active := r.c.Get(t.Context(), "user:usr%3A001:activity").Val()
	if ms, err := strconv.ParseInt(active, 10, 64); err != nil || ms < before || ms > time.Now().UnixMilli() {
		t.Fatalf("activity %q, want milliseconds of now", active)
	}
	r.wantHash("presence:user:usr%3A001", map[string]string{"lastSeen": active, "rooms": "[]", "sockets": `["s_1"]`})
	r.wantHash("presence:socket:s_1", map[string]string{
		"userId": "usr:001", "connectedAt": strconv.FormatInt(connected.UnixMilli(), 10), "instance": "i_1",
	})

	other := session
	other.ID = "s_2"
	later := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	ok(t, s.TouchSession(t.Context(), other, later))
	if got := r.c.Get(t.Context(), "user:usr%3A001:activity").Val(); got != strconv.FormatInt(later.UnixMilli(), 10) {
		t.Fatalf("activity %q, want %d", got, later.UnixMilli())
	}
	ok(t, s.CloseSession(t.Context(), session))
	if sockets := r.c.HGet(t.Context(), "presence:user:usr%3A001", "sockets").Val(); sockets != `["s_2"]` {
		t.Fatalf("sockets %s, want the other session", sockets)
	}
	ok(t, s.CloseSession(t.Context(), other))
	r.wantKeys("user:usr%3A001:activity") // which ends by itself
}

func TestKeysOfARoom(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	res := collab.Resource{Tenant: "ward-3", ID: "page:/patient/12345"}
	m := collab.Member{Resource: res, Session: "s_1", User: "usr_001", Name: "Dr Rossi", Role: "surgeon", Mode: collab.Viewer, Instance: "i_1", JoinedAt: connected}
	second := m
	second.Session, second.Mode, second.Role, second.JoinedAt = "s_2", collab.Editor, "anaesthetist", connected.Add(time.Second)
	for _, each := range []collab.Member{m, second} {
		_, err := s.Enter(t.Context(), each)
		ok(t, err)
	}
	const users, user, presence = "ward-3|resource:page:/patient/12345:users", "ward-3|resource:page:/patient/12345:user:usr_001", "ward-3|presence:user:usr_001"
	r.wantKeys(users, user, presence)
	r.wantTTL(users, "set", 600*time.Second)
	r.wantTTL(user, "hash", 600*time.Second)
	r.wantTTL(presence, "hash", 300*time.Second)
	if ids := r.c.SMembers(t.Context(), users).Val(); !slices.Equal(ids, []string{"usr_001"}) {
		t.Fatalf("users %q", ids)
	}
	hash := r.c.HGetAll(t.Context(), user).Val()
	r.wantJSON("sessions", hash["sessions"], map[string]any{})
	delete(hash, "sessions")
	if want := map[string]string{"mode": "editor", "joinedAt": strconv.FormatInt(connected.UnixMilli(), 10), "name": "Dr Rossi", "role": "anaesthetist"}; !maps.Equal(hash, want) {
		t.Fatalf("%s is %q, want %q and sessions", user, hash, want)
	}
	if rooms := r.c.HGet(t.Context(), presence, "rooms").Val(); rooms != `["page:/patient/12345"]` {
		t.Fatalf("rooms %s", rooms)
	}

	_, err := s.Leave(t.Context(), second)
	ok(t, err)
	if mode := r.c.HGet(t.Context(), user, "mode").Val(); mode != "viewer" {
		t.Fatalf("mode %q of a user whose viewing session is left", mode)
	}
	_, err = s.Leave(t.Context(), m)
	ok(t, err)
	r.wantKeys(presence)
	if rooms := r.c.HGet(t.Context(), presence, "rooms").Val(); rooms != "[]" {
		t.Fatalf("rooms %s after leaving", rooms)
	}
}

func TestRenewingKeepsTheKeysOfARoom(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	m := collab.Member{Resource: collab.Resource{Tenant: "default", ID: "page:/1"}, Session: "s_1", User: "usr_001", Mode: collab.Editor, JoinedAt: connected}
	_, err := s.Enter(t.Context(), m)
	ok(t, err)
	for _, key := range []string{"resource:page:/1:users", "resource:page:/1:user:usr_001"} {
		ok(t, r.c.PExpire(t.Context(), key, 10*time.Second).Err())
	}
	ok(t, s.RenewMember(t.Context(), m))
	r.wantTTL("resource:page:/1:users", "set", 600*time.Second)
	r.wantTTL("resource:page:/1:user:usr_001", "hash", 600*time.Second)
}

// A ghost is a member whose instance died: its hash is gone, or its session there has ended.
func TestGhostsGoWhenSomebodyLooks(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s, r := open(t, server.URL, Options{}), reader{t, plain(t, server.URL)}
	for look, act := range map[string]func(context.Context, collab.Member) error{
		"enter":   func(ctx context.Context, m collab.Member) error { _, err := s.Enter(ctx, m); return err },
		"renew":   s.RenewMember,
		"members": func(ctx context.Context, m collab.Member) error { _, err := s.Members(ctx, m.Resource); return err },
	} {
		t.Run(look, func(t *testing.T) {
			t.Parallel()
			res := collab.Resource{Tenant: collab.Tenant(look), ID: "page:/1"}
			live := collab.Member{Resource: res, Session: "s_1", User: "usr_live", Mode: collab.Editor}
			ghost := collab.Member{Resource: res, Session: "s_2", User: "usr_live", Mode: collab.Editor}
			alone := collab.Member{Resource: res, Session: "s_3", User: "usr:ghost", Mode: collab.Editor}
			for _, m := range []collab.Member{live, ghost, alone} {
				_, err := s.Enter(t.Context(), m)
				ok(t, err)
			}
			for range 3 { // 4.5 s: longer than the ghosts live
				time.Sleep(1500 * time.Millisecond)
				ok(t, s.RenewMember(t.Context(), live))
			}
			ok(t, act(t.Context(), live))
			if users := r.c.SMembers(t.Context(), look+"|resource:page:/1:users").Val(); !slices.Equal(users, []string{"usr_live"}) {
				t.Fatalf("users %q", users)
			}
			var sessions map[string]any
			text := r.c.HGet(t.Context(), look+"|resource:page:/1:user:usr_live", "sessions").Val()
			if err := json.Unmarshal([]byte(text), &sessions); err != nil || len(sessions) != 1 || sessions["s_1"] == nil {
				t.Fatalf("sessions %s (%v), want s_1 alone", text, err)
			}
		})
	}
}

func TestKeysOfALease(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	key := collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/patient/12345"}, Field: "id-dosage"}
	l := collab.Lease{Key: key, Lock: "l_1", User: "usr_001", Session: "s_1"}
	const lock, metadata = "lock:page:/patient/12345#id-dosage", "lock:page:/patient/12345#id-dosage:metadata"
	granted, err := s.Acquire(t.Context(), l, 30*time.Second)
	ok(t, err)
	r.wantKeys(lock, metadata)
	r.wantTTL(lock, "string", 30*time.Second)
	r.wantTTL(metadata, "hash", 30*time.Second)
	if holder := r.c.Get(t.Context(), lock).Val(); holder != "usr_001" {
		t.Fatalf("the lock is %q, want its holder's user id", holder)
	}
	if a, b := r.c.PExpireTime(t.Context(), lock).Val(), r.c.PExpireTime(t.Context(), metadata).Val(); a != b {
		t.Fatalf("the lock ends at %v and its metadata at %v", a, b)
	}
	hash := r.c.HGetAll(t.Context(), metadata).Val()
	acquired, err := strconv.ParseInt(hash["acquiredAt"], 10, 64)
	ok(t, err)
	want := map[string]string{
		"lockType": "exclusive", "lockId": "l_1", "userId": "usr_001", "sessionId": "s_1", "resourceId": "page:/patient/12345",
		"acquiredAt": strconv.FormatInt(acquired, 10), "expiresAt": strconv.FormatInt(collab.Millis(granted.Expires), 10),
	}
	if ago := time.Since(time.UnixMilli(acquired)); ago < 0 || ago > 10*time.Second || !maps.Equal(hash, want) {
		t.Fatalf("metadata %q, want %q", hash, want)
	}

	record := collab.Lock{ID: "l_1", Key: key, Fence: 42, AcquiredAt: connected, ExpiresAt: connected.Add(30 * time.Second)}
	ok(t, s.Confirm(t.Context(), record))
	want["fence"] = "42"
	want["acquiredAt"], want["expiresAt"] = strconv.FormatInt(collab.Millis(record.AcquiredAt), 10), strconv.FormatInt(collab.Millis(record.ExpiresAt), 10)
	r.wantHash(metadata, want)
	ok(t, s.Extend(t.Context(), l, 300*time.Second))
	r.wantTTL(lock, "string", 300*time.Second)
	r.wantTTL(metadata, "hash", 300*time.Second)
	if fence := r.c.HGet(t.Context(), metadata, "fence").Val(); fence != "42" {
		t.Fatalf("fence %q after extending, want 42", fence)
	}
	ok(t, s.Release(t.Context(), l))
	r.wantKeys()
	if err := s.Confirm(t.Context(), record); !errors.Is(err, collab.ErrLost) {
		t.Fatalf("confirming what has ended: %v, want ErrLost", err)
	}
}

// The lock key alone decides (SPEC L1): it may have been set by others.
func TestLocksThatOthersSetAreRespected(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	key := collab.LockKey{Resource: collab.Resource{Tenant: "default", ID: "page:/1"}}
	l := collab.Lease{Key: key, Lock: "l_1", User: "usr_001", Session: "s_1"}
	ok(t, r.c.SetNX(t.Context(), "lock:page:/1", "usr_002", 30*time.Second).Err())
	holder, err := s.Acquire(t.Context(), l, 30*time.Second)
	if !errors.Is(err, collab.ErrHeld) || holder.User != "usr_002" || holder.Lock != "" {
		t.Fatalf("acquired from %+v: %v, want ErrHeld by usr_002", holder, err)
	}
	if err := s.Replace(t.Context(), "", l, 30*time.Second); !errors.Is(err, collab.ErrHeld) {
		t.Fatalf("replaced: %v, want ErrHeld", err)
	}
	ok(t, r.c.Del(t.Context(), "lock:page:/1").Err())
	ok(t, r.c.HSet(t.Context(), "lock:page:/1:metadata", "lockId", "l_0", "fence", 3).Err())
	_, err = s.Acquire(t.Context(), l, 30*time.Second)
	ok(t, err)
	if fence, err := r.c.HGet(t.Context(), "lock:page:/1:metadata", "fence").Result(); !errors.Is(err, redis.Nil) {
		t.Fatalf("fence %q of a lease before", fence)
	}
}

func TestCachedStatesNeverGoBack(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	res := collab.Resource{Tenant: "default", ID: "page:/1"}
	if _, found, err := s.CachedState(t.Context(), res); found || err != nil {
		t.Fatalf("found %v, %v in an empty cache", found, err)
	}
	binary := string([]byte{0, 255, 13, 10})
	for _, st := range []collab.State{{Revision: 7, Epoch: 1, State: []byte("seven")}, {Revision: 3, Epoch: 2, State: []byte(binary)}, {Revision: 9, Epoch: 1, State: []byte("old")},
		{Revision: 2, Epoch: 2, State: []byte("older")}} {
		st.Resource = res
		ok(t, s.CacheState(t.Context(), st))
	}
	r.wantKeys("resource:page:/1:state")
	r.wantTTL("resource:page:/1:state", "hash", 600*time.Second)
	r.wantHash("resource:page:/1:state", map[string]string{"state": binary, "revision": "3", "epoch": "2"})
	got, found, err := s.CachedState(t.Context(), res)
	if err != nil || !found || got.Revision != 3 || got.Epoch != 2 || string(got.State) != binary {
		t.Fatalf("cached %+v (%v), %v", got, found, err)
	}
}

func TestClaimWhoseAnswerGotLostSaysTheSameAgain(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	session := collab.Session{ID: "s_1", Tenant: "ward-3", User: "usr:001", Name: "Dr Rossi/Bianchi", Role: "surgeon", Instance: "i_1", ConnectedAt: connected,
		ResumeHash: "shown"}
	_, err := s.OpenSession(t.Context(), session)
	ok(t, err)
	place := collab.Member{Resource: collab.Resource{Tenant: "ward-3", ID: "page:/1"}, Session: "s_1", User: "usr:001", Mode: collab.Editor, Instance: "i_1",
		JoinedAt: connected}
	_, err = s.Enter(t.Context(), place)
	ok(t, err)
	session.Instance, session.ResumeHash, place.Instance = "i_2", "next", "i_2"
	for range 2 {
		got, places, err := s.ClaimSession(t.Context(), collab.Claim{Tenant: "ward-3", User: "usr:001", Session: "s_1", Instance: "i_2", Hash: "shown", Next: "next"})
		if err != nil || got != session || len(places) != 1 || places[0] != place {
			t.Fatalf("claimed %+v with %+v, %v", got, places, err)
		}
	}
	r.wantTTL("ward-3|user:usr%3A001:session", "hash", 3600*time.Second)
	r.wantTTL("ward-3|presence:socket:s_1", "hash", 300*time.Second)
	r.wantHash("ward-3|presence:socket:s_1", map[string]string{
		"userId": "usr:001", "connectedAt": strconv.FormatInt(connected.UnixMilli(), 10), "instance": "i_2",
	})
	r.wantTTL("ward-3|resource:page:/1:user:usr%3A001", "hash", 600*time.Second)
}

func TestOrphansAreTheSessionsOfInstancesThatAreGone(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	const sessions = 300
	for n := range sessions {
		id := collab.SessionID("s_" + strconv.Itoa(n))
		session := collab.Session{ID: id, Tenant: collab.Tenant([]string{"default", "ward-3"}[n%2]), User: collab.UserID("usr:" + strconv.Itoa(n%7)), Name: "Dr Rossi",
			Instance: collab.InstanceID([]string{"i_live", "i_dead"}[n/2%2]), ConnectedAt: connected}
		_, err := s.OpenSession(t.Context(), session)
		ok(t, err)
		for _, room := range []collab.ResourceID{"page:/a|b", "page:/2"} {
			_, err = s.Enter(t.Context(), collab.Member{Resource: collab.Resource{Tenant: session.Tenant, ID: room}, Session: id, User: session.User, Mode: collab.Editor,
				Instance: session.Instance, JoinedAt: connected})
			ok(t, err)
		}
	}
	found, err := s.Orphans(t.Context(), func(id collab.InstanceID) bool { return id == "i_dead" })
	ok(t, err)
	if len(found) != sessions/2 {
		t.Fatalf("%d orphans, want %d", len(found), sessions/2)
	}
	for _, o := range found {
		again, there, err := s.Find(t.Context(), o.Session.Tenant, o.Session.ID)
		if err != nil || !there || again != o.Session || o.Session.Instance != "i_dead" || !o.Session.ConnectedAt.Equal(connected) {
			t.Fatalf("orphan %+v is found as %+v (%v), %v", o.Session, again, there, err)
		}
		if len(o.Rooms) != 2 || o.Rooms[0].Session != o.Session.ID || o.Rooms[0].Resource.Tenant != o.Session.Tenant {
			t.Fatalf("rooms %+v of %s, want its two", o.Rooms, o.Session.ID)
		}
		for _, m := range o.Rooms {
			_, err := s.Leave(t.Context(), m)
			ok(t, err)
		}
		ok(t, s.CloseSession(t.Context(), o.Session))
	}
	found, err = s.Orphans(t.Context(), func(id collab.InstanceID) bool { return id == "i_dead" })
	if len(found) != 0 || err != nil {
		t.Fatalf("%d orphans are left, %v", len(found), err)
	}
	if n := len(r.c.Keys(t.Context(), "*presence:socket:*").Val()); n != sessions/2 {
		t.Fatalf("%d sockets are left, want those of the living instance: %d", n, sessions/2)
	}
	if _, there, err := s.Find(t.Context(), "default", "s_404"); there || err != nil {
		t.Fatalf("found %v, %v", there, err)
	}
}

func TestKeysOfAnInstance(t *testing.T) {
	t.Parallel()
	s, r := readable(t)
	i := collab.Instance{ID: "gateway-1", Addr: "10.0.0.1:8080", Version: "1.2.3", StartedAt: connected}
	_, err := s.Announce(t.Context(), i, 15*time.Second)
	ok(t, err)
	r.wantKeys("instance:gateway-1", "instances")
	r.wantTTL("instance:gateway-1", "hash", 15*time.Second)
	r.wantHash("instance:gateway-1", map[string]string{"addr": i.Addr, "version": i.Version, "startedAt": strconv.FormatInt(connected.UnixMicro(), 10)})
	ok(t, s.Withdraw(t.Context(), i))
	r.wantKeys()
	_, err = s.Announce(t.Context(), i, 15*time.Second)
	ok(t, err)
	ok(t, r.c.Del(t.Context(), "instance:gateway-1").Err()) // its end, whoever brings it about
	all, err := s.Instances(t.Context())
	ok(t, err)
	if len(all) != 0 {
		t.Fatalf("instances %+v without a key", all)
	}
	r.wantKeys() // nobody looks for it again
}

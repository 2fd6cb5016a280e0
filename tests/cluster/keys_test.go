//go:build integration

package cluster

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/tests/testkit"
)

// operator looks at the keys of SPEC 4 with a plain client.
type operator struct {
	*testing.T
	keys *redis.Client
}

// lives checks a key's type, and that its time to live is that of the table, less what has passed.
func (o operator) lives(key, kind string, ttl time.Duration) {
	o.Helper()
	if got := o.keys.Type(o.Context(), key).Val(); got != kind {
		o.Errorf("%s is of type %s, want %s", key, got, kind)
	}
	if got := o.keys.PTTL(o.Context(), key).Val(); got > ttl || got < ttl-eventually {
		o.Errorf("%s lives for %v, want %v", key, got, ttl)
	}
}

// fields checks the fields of a hash, and returns it.
func (o operator) fields(key string, want ...string) map[string]string {
	o.Helper()
	hash := o.keys.HGetAll(o.Context(), key).Val()
	for _, field := range want {
		if hash[field] == "" {
			o.Errorf("%s lacks the field %s: %v", key, field, hash)
		}
	}
	return hash
}

// same fails when one differs.
func (o operator) same(what, got, want string) {
	o.Helper()
	if got != want {
		o.Errorf("%s is %q, want %q", what, got, want)
	}
}

func TestTheKeysOfTheTableAreInRedisWithTheirTypesFieldsAndTTLs_SPEC4(t *testing.T) {
	t.Parallel()
	c := testkit.StartCluster(t, testkit.ClusterOptions{Env: []string{"COMPACT_AFTER=100ms"}})
	o := operator{t, c.Keys(t)}
	const resource, room = "page:/keys/a|b#c%d:e", "resource:page:/keys/a%7Cb%23c%25d:e"
	anna := join(t, c.Instances[0], "usr:anna", resource)
	tab := view(t, c.Instances[1], "usr:anna", resource)
	bruno := view(t, c.Instances[2], "usr_bruno", resource)
	lock := anna.lock("field:#1")
	anna.lock("", fields{"resourceId": "page:/keys/other", "ttl": 60})
	anna.write("notes", "for the cache")
	const escaped = "usr%3Aanna"

	key := "user:" + escaped + ":session"
	o.lives(key, "hash", time.Hour)
	sessions := o.fields(key, anna.Session(), tab.Session())
	var session struct {
		Instance, Role string
		ConnectedAt    int64
	}
	if err := json.Unmarshal([]byte(sessions[anna.Session()]), &session); err != nil || len(sessions) != 2 || session.Instance != "instance-1" ||
		session.Role != "nurse" || time.Since(time.UnixMilli(session.ConnectedAt)) > time.Minute {
		t.Errorf("%s is %v: %v", key, sessions, err)
	}

	o.lives("user:"+escaped+":activity", "string", 5*time.Minute)
	last, err := strconv.ParseInt(o.keys.Get(t.Context(), "user:"+escaped+":activity").Val(), 10, 64)
	if err != nil || time.Since(time.UnixMilli(last)) > time.Minute {
		t.Errorf("the last activity is %d", last)
	}

	o.lives("presence:user:"+escaped, "hash", 5*time.Minute)
	presence := o.fields("presence:user:"+escaped, "lastSeen", "rooms", "sockets")
	var rooms, sockets []string
	if err := json.Unmarshal([]byte(presence["rooms"]), &rooms); err != nil || !slices.Equal(rooms, []string{resource}) {
		t.Errorf("rooms are %s: %v", presence["rooms"], err)
	}
	err = json.Unmarshal([]byte(presence["sockets"]), &sockets)
	want := []string{anna.Session(), tab.Session()}
	slices.Sort(want)
	slices.Sort(sockets)
	if err != nil || !slices.Equal(sockets, want) {
		t.Errorf("sockets are %s, want %v: %v", presence["sockets"], want, err)
	}

	o.lives("presence:socket:"+tab.Session(), "hash", 5*time.Minute)
	socket := o.fields("presence:socket:"+tab.Session(), "userId", "connectedAt", "instance")
	o.same("its user", socket["userId"], "usr:anna")
	o.same("its instance", socket["instance"], "instance-2")

	o.lives(room+":users", "set", 10*time.Minute)
	members := o.keys.SMembers(t.Context(), room+":users").Val()
	slices.Sort(members)
	if !slices.Equal(members, []string{"usr:anna", "usr_bruno"}) {
		t.Errorf("the room is %v", members)
	}
	o.lives(room+":user:"+escaped, "hash", 10*time.Minute)
	member := o.fields(room+":user:"+escaped, "mode", "joinedAt", "name", "role", "sessions")
	o.same("her mode", member["mode"], "editor")
	if !strings.Contains(member["sessions"], anna.Session()) || !strings.Contains(member["sessions"], tab.Session()) {
		t.Errorf("her sessions are %s", member["sessions"])
	}
	o.same("his mode", o.fields(room + ":user:usr_bruno")["mode"], "viewer")

	testkit.Eventually(t, eventually, "cached state of revision 2", func() bool {
		return o.keys.HGet(t.Context(), room+":state", "revision").Val() == "2"
	})
	o.lives(room+":state", "hash", 10*time.Minute)
	o.fields(room+":state", "state", "revision", "epoch")

	key = "lock:page:/keys/a%7Cb%23c%25d:e#field%3A%231"
	o.lives(key, "string", 30*time.Second)
	o.same("the holder", o.keys.Get(t.Context(), key).Val(), "usr:anna")
	o.lives(key+":metadata", "hash", 30*time.Second)
	metadata := o.fields(key+":metadata", "lockType", "lockId", "fence", "userId", "sessionId", "resourceId", "acquiredAt", "expiresAt")
	for field, want := range map[string]string{"lockType": "exclusive", "lockId": lock.Text("lockId"), "fence": strconv.FormatInt(lock.Int("fence"), 10),
		"userId": "usr:anna", "sessionId": anna.Session(), "resourceId": resource, "acquiredAt": strconv.FormatInt(lock.Int("acquiredAt"), 10),
		"expiresAt": strconv.FormatInt(lock.Int("expiresAt"), 10)} {
		o.same("the lock's "+field, metadata[field], want)
	}
	o.lives("lock:page:/keys/other", "string", time.Minute)

	for i := range c.Instances {
		o.lives("instance:"+at(c, i).ID, o.keys.Type(t.Context(), "instance:"+at(c, i).ID).Val(), 15*time.Second)
	}
	for _, p := range []*person{anna, tab, bruno} {
		p.Disconnect()
	}
	var left []string
	for end := time.Now().Add(eventually); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		left = slices.DeleteFunc(o.keys.Keys(t.Context(), "*").Val(), func(key string) bool {
			return key == "instances" || strings.HasPrefix(key, "instance:") || strings.HasSuffix(key, ":state") || strings.HasSuffix(key, ":activity")
		})
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("after everybody has left there are %q", left)
}

func TestTwoTenantsShareNoKeyAndSeeNothingOfEachOther_SPEC4(t *testing.T) {
	c := testkit.SharedCluster(t)
	o := operator{t, c.Keys(t)}
	const resource, user = "page:/keys/tenants", "usr_tenants"
	ours := join(t, c.Instances[0], user, resource)
	token := c.Instances[1].Token(user, fields{"tenant": "st-anna"})
	theirs := enter(t, c.Instances[1].ConnectWith(t, testkit.Options{Token: token}), user, resource, "editor")
	if n := users(theirs.state); len(n) != 1 || n[user] != 1 {
		t.Errorf("the other tenant is shown %v", n)
	}
	ours.lock("notes")
	theirs.lock("notes")
	ours.write("notes", "ours")
	theirs.write("notes", "theirs")
	for prefix, p := range map[string]*person{"": ours, "st-anna|": theirs} {
		for _, key := range []string{"user:" + user + ":session", "user:" + user + ":activity", "presence:user:" + user, "presence:socket:" + p.Session(),
			"resource:" + resource + ":users", "resource:" + resource + ":user:" + user, "lock:" + resource + "#notes", "lock:" + resource + "#notes:metadata"} {
			if o.keys.Exists(t.Context(), prefix+key).Val() != 1 {
				t.Errorf("there is no %s", prefix+key)
			}
		}
	}
	for _, p := range []*person{ours, theirs} {
		p.None("Y_UPDATE", "USER_JOINED")
		for _, told := range p.Waiting("LOCK_STATUS_CHANGED") {
			if told.Text("sessionId") != p.Session() {
				t.Errorf("one tenant is told of the other's lock: %v", told)
			}
		}
	}
}

package redis

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/shared/collab"
)

// sessionValue is a session in the hash user:<userId>:session. The scripts put `"until"` before the rest, its end in
// milliseconds by the clock of Redis.
type sessionValue struct {
	Instance    collab.InstanceID `json:"instance"`
	Role        string            `json:"role"`
	ConnectedAt int64             `json:"connectedAt"`
	Micros      int               `json:"us,omitempty"` // beyond the milliseconds of connectedAt
	Name        string            `json:"name"`
}

// users are the functions of scripts on the sessions of a user.
const users = `
local function prune(key)
	local all = redis.call('HGETALL', key)
	local live = {}
	for i = 1, #all, 2 do
		if tonumber(string.match(all[i + 1], '^{"until":(%d+)') or 0) <= now then
			redis.call('HDEL', key, all[i])
		else
			live[#live + 1] = all[i]
		end
	end
	return live
end
`

// touchSession: KEYS sessions, activity, presence:user, presence:socket of one user and session. ARGV session, value, time of the activity
// (empty: now), TTLs of session and activity, user, connectedAt, instance.
var (
	openSession  = newScript("open_session", prelude, users, touch)
	touchSession = newScript("touch_session", prelude, users, touch)
)

const touch = `
redis.call('HSET', KEYS[1], ARGV[1], '{"until":' .. int(now + ARGV[4]) .. ',' .. string.sub(ARGV[2], 2))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local live = prune(KEYS[1])
local at, last = ARGV[3] == '' and now or tonumber(ARGV[3]), tonumber(redis.call('GET', KEYS[2]) or 0)
if at > last then
	redis.call('SET', KEYS[2], int(at), 'PX', ARGV[5])
	last = at
end
redis.call('HSETNX', KEYS[3], 'rooms', '[]')
redis.call('HSET', KEYS[3], 'lastSeen', int(last), 'sockets', json(live))
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('HSET', KEYS[4], 'userId', ARGV[6], 'connectedAt', ARGV[7], 'instance', ARGV[8])
redis.call('PEXPIRE', KEYS[4], ARGV[5])
return #live`

// closeSession: KEYS sessions, presence:user, presence:socket. ARGV session.
var closeSession = newScript("close_session", prelude, users, `
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
local live = prune(KEYS[1])
if #live == 0 then
	redis.call('DEL', KEYS[2])
elseif redis.call('EXISTS', KEYS[2]) == 1 then
	redis.call('HSET', KEYS[2], 'sockets', json(live))
end
return 0`)

// sessionsOf: KEYS sessions.
var sessionsOf = newScript("sessions_of", prelude, users, `
prune(KEYS[1])
return redis.call('HGETALL', KEYS[1])`)

// OpenSession records a session and returns how many its user has now, itself counted. A session of the same id is
// replaced.
func (s *State) OpenSession(ctx context.Context, session collab.Session) (sessionsOfUser int, err error) {
	return s.touch(ctx, openSession, session, "")
}

// TouchSession renews a session and its user's activity stamp (SPEC C5). A session that has been forgotten is recorded
// again.
func (s *State) TouchSession(ctx context.Context, session collab.Session, at time.Time) error {
	_, err := s.touch(ctx, touchSession, session, strconv.FormatInt(at.UnixMilli(), 10))
	return err
}

func (s *State) touch(ctx context.Context, sc script, session collab.Session, at string) (int, error) {
	connected := stampOf(session.ConnectedAt)
	value, err := json.Marshal(sessionValue{
		Instance: session.Instance, Role: session.Role, ConnectedAt: connected.Millis, Micros: connected.Micros, Name: session.Name,
	})
	if err != nil {
		return 0, fmt.Errorf("redis: %s: %w", sc.op, err)
	}
	keys := []string{
		sessionsKey(session.Tenant, session.User), activityKey(session.Tenant, session.User),
		presenceUserKey(session.Tenant, session.User), presenceSocketKey(session.Tenant, session.ID),
	}
	result, err := s.eval(ctx, sc, keys, string(session.ID), value, at, millis(s.ttl.Session), millis(s.ttl.Activity),
		string(session.User), connected.Millis, string(session.Instance))
	if err != nil {
		return 0, err
	}
	return result.Int()
}

// CloseSession forgets a session. Closing one that is not there is no error.
func (s *State) CloseSession(ctx context.Context, session collab.Session) error {
	keys := []string{
		sessionsKey(session.Tenant, session.User), presenceUserKey(session.Tenant, session.User),
		presenceSocketKey(session.Tenant, session.ID),
	}
	_, err := s.eval(ctx, closeSession, keys, string(session.ID))
	return err
}

// SessionsOf returns the live sessions of a user, the oldest first.
func (s *State) SessionsOf(ctx context.Context, tenant collab.Tenant, user collab.UserID) ([]collab.Session, error) {
	result, err := s.eval(ctx, sessionsOf, []string{sessionsKey(tenant, user)})
	if err != nil {
		return nil, err
	}
	pairs, err := result.StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redis: sessions_of: %w", err)
	}
	found := make([]collab.Session, 0, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		session, err := decodeSession(tenant, user, pair[0], pair[1])
		if err != nil {
			return nil, fmt.Errorf("redis: sessions_of: %w", err)
		}
		found = append(found, session)
	}
	slices.SortFunc(found, func(a, b collab.Session) int {
		return cmp.Or(a.ConnectedAt.Compare(b.ConnectedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

func decodeSession(tenant collab.Tenant, user collab.UserID, id, value string) (collab.Session, error) {
	var v sessionValue
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return collab.Session{}, err
	}
	return collab.Session{
		ID: collab.SessionID(id), Tenant: tenant, User: user, Name: v.Name, Role: v.Role, Instance: v.Instance,
		ConnectedAt: stamp{v.ConnectedAt, v.Micros}.time(),
	}, nil
}

// LastActive returns when a user did something last, and false when that is longer ago than the activity TTL.
func (s *State) LastActive(ctx context.Context, tenant collab.Tenant, user collab.UserID) (at time.Time, active bool, err error) {
	var ms int64
	err = s.do(ctx, "last_active", func(ctx context.Context) (err error) {
		ms, err = s.rdb.Get(ctx, activityKey(tenant, user)).Int64()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		active = err == nil
		return err
	})
	if !active {
		return time.Time{}, false, err
	}
	return time.UnixMilli(ms).UTC(), true, nil
}

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
	Resume      string            `json:"resume,omitempty"` // hash of the resume key in force (SPEC C11)
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
-- the live session as a table, or nil
local function find(key, id)
	local value = redis.call('HGET', key, id)
	local s = value and cjson.decode(value)
	return s and s['until'] > now and s or nil
end
local function claimed(key, id, resume)
	local s = find(key, id)
	return s and (s.resume or '') ~= resume
end
`

// touchSession: KEYS sessions, activity, presence:user, presence:socket of one user and session. ARGV session, value, time of the activity
// (empty: now), TTLs of session and activity, user, connectedAt, instance, hash of the resume key. It returns how many
// sessions the user has, or -1 for a session with another resume key.
var (
	openSession  = newScript("open_session", prelude, users, touch)
	touchSession = newScript("touch_session", prelude, users, "if claimed(KEYS[1], ARGV[1], ARGV[9]) then return -1 end", touch)
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

// closeSession: KEYS sessions, presence:user, presence:socket. ARGV session, hash of the resume key. It returns -1 as touchSession.
var closeSession = newScript("close_session", prelude, users, `
if claimed(KEYS[1], ARGV[1], ARGV[2]) then return -1 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
local live = prune(KEYS[1])
if #live == 0 then
	redis.call('DEL', KEYS[2])
elseif redis.call('EXISTS', KEYS[2]) == 1 then
	redis.call('HSET', KEYS[2], 'sockets', json(live))
end
return 0`)

// claimSession: KEYS as of touchSession, and by its rooms the hashes of the user as a member. ARGV session, hash of the
// resume key and of the next one, instance, user, TTLs of session and activity, what the keys of rooms begin with. It returns -1 for no
// such session, 0 for another key in force, else the session's value and, in turn, rooms and the session's place there.
// When it has run and its answer got lost it says the same again.
var claimSession = newScript("claim_session", prelude, users, rooms, `
local s = find(KEYS[1], ARGV[1])
if not s then return -1 end
if s.resume ~= ARGV[2] and not (s.resume == ARGV[3] and s.instance == ARGV[4]) then return 0 end
local moved = s.instance ~= ARGV[4]
s.resume, s.instance, s['until'] = ARGV[3], ARGV[4], nil
local value = '{"until":' .. int(now + ARGV[6]) .. ',' .. string.sub(json(s), 2)
redis.call('HSET', KEYS[1], ARGV[1], value)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('SET', KEYS[2], int(now), 'PX', ARGV[7])
redis.call('HSETNX', KEYS[3], 'rooms', '[]')
redis.call('HSET', KEYS[3], 'lastSeen', int(now), 'sockets', json(prune(KEYS[1])))
redis.call('PEXPIRE', KEYS[3], ARGV[7])
redis.call('HSET', KEYS[4], 'userId', ARGV[5], 'connectedAt', int(s.connectedAt), 'instance', ARGV[4])
redis.call('PEXPIRE', KEYS[4], ARGV[7])
local answer = {value}
for _, room in ipairs(cjson.decode(redis.call('HGET', KEYS[3], 'rooms'))) do
	local key = member(ARGV[8] .. resource(room) .. ':user:', ARGV[5])
	local _, live = read(key)
	local place = live[ARGV[1]]
	if place then
		if moved then
			place.instance = ARGV[4]
			write(key, live)
		end
		answer[#answer + 1] = room
		answer[#answer + 1] = json({[ARGV[1]] = place})
	end
end
return answer`)

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
// again; one that was claimed is not taken back: ErrLost.
func (s *State) TouchSession(ctx context.Context, session collab.Session, at time.Time) error {
	n, err := s.touch(ctx, touchSession, session, strconv.FormatInt(at.UnixMilli(), 10))
	if err == nil && n < 0 {
		return collab.ErrLost
	}
	return err
}

// ClaimSession takes over a session with its places in rooms for an instance, whose they are from then on (SPEC C11). When
// it has the session already, the places stay as they are.
// ErrNotFound: the user has no such session. ErrLost: another key is in force.
func (s *State) ClaimSession(ctx context.Context, c collab.Claim) (collab.Session, []collab.Member, error) {
	if c.Hash == "" {
		return collab.Session{}, nil, collab.ErrLost
	}
	keys := sessionKeys(c.Tenant, c.User, c.Session)
	result, err := s.eval(ctx, claimSession, keys, string(c.Session), c.Hash, c.Next, string(c.Instance), string(c.User),
		millis(s.ttl.Session), millis(s.ttl.Activity), resourcesPrefix(c.Tenant))
	if err != nil {
		return collab.Session{}, nil, err
	}
	if code, ok := result.Val().(int64); ok {
		if code < 0 {
			return collab.Session{}, nil, collab.ErrNotFound
		}
		return collab.Session{}, nil, collab.ErrLost
	}
	answer, err := result.StringSlice()
	if err != nil {
		return collab.Session{}, nil, fmt.Errorf("redis: claim_session: %w", err)
	}
	session, places, err := decodeClaim(c, answer)
	if err != nil {
		return collab.Session{}, nil, fmt.Errorf("redis: claim_session: %w", err)
	}
	return session, places, nil
}

func decodeClaim(c collab.Claim, answer []string) (session collab.Session, places []collab.Member, err error) {
	if session, err = decodeSession(c.Tenant, c.User, string(c.Session), answer[0]); err != nil {
		return session, nil, err
	}
	for pair := range slices.Chunk(answer[1:], 2) {
		of, err := decodeMembers(collab.Resource{Tenant: c.Tenant, ID: collab.ResourceID(pair[0])}, c.User, pair[1])
		if err != nil {
			return session, nil, err
		}
		places = append(places, of...)
	}
	return session, places, nil
}

// sessionKeys are the keys of a session and its user.
func sessionKeys(t collab.Tenant, user collab.UserID, session collab.SessionID) []string {
	return []string{sessionsKey(t, user), activityKey(t, user), presenceUserKey(t, user), presenceSocketKey(t, session)}
}

func (s *State) touch(ctx context.Context, sc script, session collab.Session, at string) (int, error) {
	connected := stampOf(session.ConnectedAt)
	value, err := json.Marshal(sessionValue{
		Instance: session.Instance, Role: session.Role, ConnectedAt: connected.Millis, Micros: connected.Micros, Name: session.Name,
		Resume: session.ResumeHash,
	})
	if err != nil {
		return 0, fmt.Errorf("redis: %s: %w", sc.op, err)
	}
	keys := sessionKeys(session.Tenant, session.User, session.ID)
	result, err := s.eval(ctx, sc, keys, string(session.ID), value, at, millis(s.ttl.Session), millis(s.ttl.Activity),
		string(session.User), connected.Millis, string(session.Instance), session.ResumeHash)
	if err != nil {
		return 0, err
	}
	return result.Int()
}

// CloseSession forgets a session. Closing one that is not there is no error, one that was claimed is ErrLost.
func (s *State) CloseSession(ctx context.Context, session collab.Session) error {
	keys := []string{
		sessionsKey(session.Tenant, session.User), presenceUserKey(session.Tenant, session.User),
		presenceSocketKey(session.Tenant, session.ID),
	}
	return lost(s.eval(ctx, closeSession, keys, string(session.ID), session.ResumeHash))
}

// lost turns the answer -1 into ErrLost.
func lost(result *redis.Cmd, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.Int(); err == nil && n < 0 {
		return collab.ErrLost
	}
	return nil
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
		ConnectedAt: stamp{v.ConnectedAt, v.Micros}.time(), ResumeHash: v.Resume,
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

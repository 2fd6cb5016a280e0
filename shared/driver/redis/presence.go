package redis

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"corsia/shared/collab"
)

// memberValue is a session in the field `sessions` of the hash resource:<resourceId>:user:<userId>, a JSON object by session
// id. The scripts add `until`, its end in milliseconds by the clock of Redis. The hash's other fields tell of the user: the
// most that a session may, since when, and the name and role of the latest.
type memberValue struct {
	Mode     collab.Mode       `json:"mode"`
	JoinedAt int64             `json:"joinedAt"`
	Micros   int               `json:"us,omitempty"` // beyond the milliseconds of joinedAt
	Name     string            `json:"name"`
	Role     string            `json:"role"`
	Instance collab.InstanceID `json:"instance"`
	Color    int               `json:"color"`
}

// rooms are the functions of scripts on the members of a room.
const rooms = `
-- all sessions of a user's hash, those that live, how many these are
local function read(key)
	local all, live, n = cjson.decode(redis.call('HGET', key, 'sessions') or '{}'), {}, 0
	for id, s in pairs(all) do
		if s['until'] > now then
			live[id] = s
			n = n + 1
		end
	end
	return all, live, n
end
local function write(key, live)
	local mode, since, latest = 'viewer', nil, nil
	for _, s in pairs(live) do
		if s.mode == 'editor' then mode = 'editor' end
		if not since or s.joinedAt < since then since = s.joinedAt end
		if not latest or s.joinedAt > latest.joinedAt then latest = s end
	end
	redis.call('HSET', key, 'mode', mode, 'joinedAt', int(since), 'name', latest.name, 'role', latest.role, 'sessions', json(live))
end
local codes = {['%'] = '%25', ['|'] = '%7C', ['#'] = '%23', [':'] = '%3A'}
-- as escapeResource
local function resource(id) return (string.gsub(string.gsub(id, '[%%|#]', codes), ':user$', '%%3Auser')) end
local function member(prefix, user) return prefix .. string.gsub(user, '[%%|#:]', codes) end
-- the live sessions of a user of the room as JSON, nil and no trace when there are none. Names in JSON escape their quotes.
local function look(room, prefix, user)
	local key = member(prefix, user)
	local raw = redis.call('HGET', key, 'sessions')
	local ended = not raw
	for untilTime in string.gmatch(raw or '', '"until":(%d+)') do
		if tonumber(untilTime) <= now then ended = true end
	end
	if not ended then return raw end
	local _, live, n = read(key)
	if n == 0 then
		redis.call('DEL', key)
		redis.call('SREM', room, user)
		return nil
	end
	write(key, live)
	return json(live)
end
-- notes in presence:user that the user is in a room or is not any more
local function note(key, room, there)
	local kept = {}
	for _, r in ipairs(cjson.decode(redis.call('HGET', key, 'rooms') or '[]')) do
		if r ~= room then kept[#kept + 1] = r end
	end
	if there then kept[#kept + 1] = room end
	redis.call('HSET', key, 'rooms', json(kept))
end
-- makes s a session of the user
local function seat(room, key, user, id, s, live, ttl)
	s['until'] = now + ttl
	live[id] = s
	write(key, live)
	redis.call('PEXPIRE', key, ttl)
	redis.call('SADD', room, user)
	redis.call('PEXPIRE', room, ttl)
end
`

// enterRoom: KEYS users of the room, the user's hash, presence:user, and by ARGV[1] the hashes of all members. ARGV prefix of these, user,
// session, value, TTLs of room and activity, resource. It returns users and their sessions, in turn.
var enterRoom = newScript("enter", prelude, rooms, `
local roster, used = {}, {}
for _, user in ipairs(redis.call('SMEMBERS', KEYS[1])) do
	local live = user ~= ARGV[2] and look(KEYS[1], ARGV[1], user)
	if live then
		local seen = {}
		for color in string.gmatch(live, '"color":(%d+)') do seen[color % 8] = true end
		for color in pairs(seen) do used[color] = (used[color] or 0) + 1 end
		roster[#roster + 1] = user
		roster[#roster + 1] = live
	end
end
local _, live = read(KEYS[2])
local color
for _, s in pairs(live) do color = s.color end
if not color then
	color = 0
	for c = 1, 7 do
		if (used[c] or 0) < (used[color] or 0) then color = c end
	end
end
local s = cjson.decode(ARGV[4])
s.color = color
seat(KEYS[1], KEYS[2], ARGV[2], ARGV[3], s, live, ARGV[5])
if redis.call('EXISTS', KEYS[3]) == 0 then
	redis.call('HSET', KEYS[3], 'lastSeen', int(now), 'sockets', json({ARGV[3]}))
	redis.call('PEXPIRE', KEYS[3], ARGV[6])
end
note(KEYS[3], ARGV[7], true)
roster[#roster + 1] = ARGV[2]
roster[#roster + 1] = json(live)
return roster`)

// renewMember: KEYS and ARGV as of enterRoom. It looks at a few others, so that nobody stays who is not renewed. It returns -1 for
// a session that is of another instance.
var renewMember = newScript("renew_member", prelude, rooms, `
local _, live = read(KEYS[2])
local s, before = cjson.decode(ARGV[4]), live[ARGV[3]]
if before then
	if before.instance ~= s.instance then return -1 end
	s.color = before.color
end
seat(KEYS[1], KEYS[2], ARGV[2], ARGV[3], s, live, ARGV[5])
if redis.call('EXISTS', KEYS[3]) == 1 then note(KEYS[3], ARGV[7], true) end
for _, user in ipairs(redis.call('SRANDMEMBER', KEYS[1], 4)) do look(KEYS[1], ARGV[1], user) end
return 0`)

// leaveRoom: KEYS users of the room, the user's hash, presence:user. ARGV user, session, resource, instance. It returns 1 for
// the last session of the user, -1 for one that is of another instance.
var leaveRoom = newScript("leave", prelude, rooms, `
local all, live, n = read(KEYS[2])
if not all[ARGV[2]] then return 0 end
if all[ARGV[2]].instance ~= ARGV[4] then return -1 end
if live[ARGV[2]] then
	live[ARGV[2]] = nil
	n = n - 1
end
if n > 0 then
	write(KEYS[2], live)
	return 0
end
redis.call('DEL', KEYS[2])
redis.call('SREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 then note(KEYS[3], ARGV[3], false) end
return 1`)

// members: KEYS users of the room, and by ARGV[1] the hashes of all members.
var members = newScript("members", prelude, rooms, `
local roster = {}
for _, user in ipairs(redis.call('SMEMBERS', KEYS[1])) do
	local live = look(KEYS[1], ARGV[1], user)
	if live then
		roster[#roster + 1] = user
		roster[#roster + 1] = live
	end
end
return roster`)

// Enter makes m a member of its room and returns all of them, m included, in the order of joining. It assigns the colour:
// the lowest position of the palette that no other user of the room has (the least used when all are); a user's sessions
// share theirs. A session that enters again is renewed with what m says.
func (s *State) Enter(ctx context.Context, m collab.Member) ([]collab.Member, error) {
	return s.roster(ctx, enterRoom, m.Resource, memberKeys(m), s.memberArgs(m)...)
}

// RenewMember renews m for another TTL. A member that has been forgotten is one again, with the colour it says it had; one
// of another instance, which has claimed its session, stays as it is: ErrLost.
func (s *State) RenewMember(ctx context.Context, m collab.Member) error {
	return lost(s.eval(ctx, renewMember, memberKeys(m), s.memberArgs(m)...))
}

// Leave ends the membership of m's session. It reports whether that was the last session of its user in the room; of
// several calls one gets true, or none when its answer was lost on the way. A member of another instance stays: ErrLost.
func (s *State) Leave(ctx context.Context, m collab.Member) (lastOfUser bool, err error) {
	result, err := s.eval(ctx, leaveRoom, memberKeys(m), string(m.User), string(m.Session), string(m.Resource.ID), string(m.Instance))
	if err := lost(result, err); err != nil {
		return false, err
	}
	return result.Bool()
}

// Members returns the members of a room in the order of joining.
func (s *State) Members(ctx context.Context, res collab.Resource) ([]collab.Member, error) {
	return s.roster(ctx, members, res, []string{roomKey(res)}, memberPrefix(res))
}

func memberKeys(m collab.Member) []string {
	return []string{roomKey(m.Resource), memberKey(m.Resource, m.User), presenceUserKey(m.Resource.Tenant, m.User)}
}

func (s *State) memberArgs(m collab.Member) []any {
	joined := stampOf(m.JoinedAt)
	value, _ := json.Marshal(memberValue{ // of strings and numbers: there is no error
		Mode: m.Mode, JoinedAt: joined.Millis, Micros: joined.Micros, Name: m.Name, Role: m.Role, Instance: m.Instance, Color: m.Color,
	})
	return []any{
		memberPrefix(m.Resource), string(m.User), string(m.Session), value, millis(s.ttl.Room), millis(s.ttl.Activity), string(m.Resource.ID),
	}
}

// roster runs a script that returns users and their sessions, in turn.
func (s *State) roster(ctx context.Context, sc script, res collab.Resource, keys []string, args ...any) ([]collab.Member, error) {
	result, err := s.eval(ctx, sc, keys, args...)
	if err != nil {
		return nil, err
	}
	pairs, err := result.StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redis: %s: %w", sc.op, err)
	}
	var all []collab.Member
	for pair := range slices.Chunk(pairs, 2) {
		of, err := decodeMembers(res, collab.UserID(pair[0]), pair[1])
		if err != nil {
			return nil, fmt.Errorf("redis: %s: %w", sc.op, err)
		}
		all = append(all, of...)
	}
	slices.SortFunc(all, func(a, b collab.Member) int {
		return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.Session, b.Session))
	})
	return all, nil
}

func decodeMembers(res collab.Resource, user collab.UserID, sessions string) ([]collab.Member, error) {
	var values map[collab.SessionID]memberValue
	if err := json.Unmarshal([]byte(sessions), &values); err != nil {
		return nil, err
	}
	of := make([]collab.Member, 0, len(values))
	for id, v := range values {
		of = append(of, collab.Member{
			Resource: res, Session: id, User: user, Name: v.Name, Role: v.Role, Mode: v.Mode, Instance: v.Instance,
			JoinedAt: stamp{v.JoinedAt, v.Micros}.time(), Color: v.Color,
		})
	}
	return of, nil
}

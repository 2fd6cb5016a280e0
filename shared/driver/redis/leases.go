package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"corsia/shared/collab"
)

// leases are the functions of scripts on leases. All have KEYS lock and its metadata, which live and end together.
const leases = `
local function unit(ms)
	if ms % 1000 == 0 then return 'EX', ms / 1000 end
	return 'PX', ms
end
local function describe(user, id, session, resource, acquired, expires)
	redis.call('DEL', KEYS[2])
	redis.call('HSET', KEYS[2], 'lockType', 'exclusive', 'lockId', id, 'userId', user, 'sessionId', session, 'resourceId', resource,
		'acquiredAt', acquired, 'expiresAt', expires)
end
local function expire(ms)
	redis.call('PEXPIRE', KEYS[1], ms)
	redis.call('PEXPIRE', KEYS[2], ms)
end
-- the lock id of the lease, nil when nobody has it, '' when it was not granted by these scripts
local function holder()
	if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
	return redis.call('HGET', KEYS[2], 'lockId') or ''
end
local function tell()
	local user = redis.call('GET', KEYS[1])
	if not user then return {} end
	local m = redis.call('HMGET', KEYS[2], 'lockId', 'sessionId')
	return {user, m[1] or '', m[2] or '', redis.call('PTTL', KEYS[1])}
end
`

// ARGV of acquireLease: user, lock id, session, resource, acquiredAt, expiresAt, TTL. Granted, it returns nothing, else the
// holder. ARGV of replaceLease: the same, and the lock id to replace; it returns 1 when it granted.
var (
	acquireLease = newScript("acquire", leases, `
local kind, ttl = unit(tonumber(ARGV[7]))
if redis.call('SET', KEYS[1], ARGV[1], kind, ttl, 'NX') then
	describe(unpack(ARGV, 1, 6))
elseif holder() == ARGV[2] then
	redis.call('HSET', KEYS[2], 'expiresAt', ARGV[6])
else
	return tell()
end
expire(ARGV[7])
return {}`)

	replaceLease = newScript("replace", leases, `
local id = holder()
if id and id ~= ARGV[2] and (id == '' or id ~= ARGV[8]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
describe(unpack(ARGV, 1, 6))
expire(ARGV[7])
return 1`)

	// ARGV lock id, expiresAt, TTL.
	extendLease = newScript("extend", leases, `
if holder() ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'expiresAt', ARGV[2])
expire(ARGV[3])
return 1`)

	// ARGV lock id, fence, acquiredAt, expiresAt.
	confirmLease = newScript("confirm", leases, `
if holder() ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'fence', ARGV[2], 'acquiredAt', ARGV[3], 'expiresAt', ARGV[4])
return 1`)

	// ARGV lock id.
	releaseLease = newScript("release", leases, `
if holder() ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1], KEYS[2])`)

	leaseHolder = newScript("holder", leases, `return tell()`)
)

// Acquire grants the lease for ttl, unless its key has one: then it returns ErrHeld and the holder, also when that is the
// same session. Acquiring again under the same lock id renews.
func (s *State) Acquire(ctx context.Context, l collab.Lease, ttl time.Duration) (holder collab.Lease, err error) {
	l.Expires = time.Now().Add(ttl)
	result, err := s.eval(ctx, acquireLease, leaseKeys(l.Key), leaseArgs(l, ttl)...)
	if err != nil {
		return collab.Lease{}, err
	}
	current, held, err := decodeLease(l.Key, result.Slice)
	switch {
	case err != nil:
		return collab.Lease{}, fmt.Errorf("redis: acquire: %w", err)
	case held:
		return current, collab.ErrHeld
	default:
		return l, nil
	}
}

// Extend moves the end of the lease to ttl from now. It returns ErrLost when the key has none of that lock id.
func (s *State) Extend(ctx context.Context, l collab.Lease, ttl time.Duration) error {
	return s.decide(ctx, extendLease, l.Key, collab.ErrLost, string(l.Lock), collab.Millis(time.Now().Add(ttl)), millis(ttl))
}

// Release ends the lease of that lock id. One that is gone already, or another's, is left alone and no error.
func (s *State) Release(ctx context.Context, l collab.Lease) error {
	return s.decide(ctx, releaseLease, l.Key, nil, string(l.Lock))
}

// Holder returns the lease of a key, and false when it has none. One that others than this driver set has no lock id.
func (s *State) Holder(ctx context.Context, key collab.LockKey) (collab.Lease, bool, error) {
	result, err := s.eval(ctx, leaseHolder, leaseKeys(key))
	if err != nil {
		return collab.Lease{}, false, err
	}
	l, held, err := decodeLease(key, result.Slice)
	if err != nil {
		return collab.Lease{}, false, fmt.Errorf("redis: holder: %w", err)
	}
	return l, held, nil
}

// Replace hands the lease over: it grants l when the lease of old still holds or nobody has one, else it returns ErrHeld.
func (s *State) Replace(ctx context.Context, old collab.LockID, l collab.Lease, ttl time.Duration) error {
	l.Expires = time.Now().Add(ttl)
	return s.decide(ctx, replaceLease, l.Key, collab.ErrHeld, append(leaseArgs(l, ttl), string(old))...)
}

// Confirm completes what the lease's metadata tell, once the store has opened the lock's record: its fence, and the times of
// the record. It decides nothing and renews nothing. It returns ErrLost when the lease is gone or another's.
func (s *State) Confirm(ctx context.Context, l collab.Lock) error {
	return s.decide(ctx, confirmLease, l.Key, collab.ErrLost, string(l.ID), l.Fence, collab.Millis(l.AcquiredAt), collab.Millis(l.ExpiresAt))
}

// decide runs a script that returns 0 when it did nothing, which is the error refused.
func (s *State) decide(ctx context.Context, sc script, key collab.LockKey, refused error, args ...any) error {
	result, err := s.eval(ctx, sc, leaseKeys(key), args...)
	if err != nil {
		return err
	}
	if n, err := result.Int64(); err != nil {
		return fmt.Errorf("redis: %s: %w", sc.op, err)
	} else if n == 0 {
		return refused
	}
	return nil
}

func leaseKeys(k collab.LockKey) []string { return []string{lockKey(k), lockMetadataKey(k)} }

func leaseArgs(l collab.Lease, ttl time.Duration) []any {
	return []any{
		string(l.User), string(l.Lock), string(l.Session), string(l.Key.Resource.ID), collab.Millis(time.Now()), collab.Millis(l.Expires), millis(ttl),
	}
}

var errForm = errors.New("an answer of an unknown form")

// decodeLease reads user, lock id, session and the milliseconds left, or nothing.
func decodeLease(key collab.LockKey, answer func() ([]any, error)) (l collab.Lease, held bool, err error) {
	parts, err := answer()
	if err != nil || len(parts) == 0 {
		return l, false, err
	}
	if len(parts) != 4 {
		return l, false, errForm
	}
	user, ok1 := parts[0].(string)
	lock, ok2 := parts[1].(string)
	session, ok3 := parts[2].(string)
	left, ok4 := parts[3].(int64)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return l, false, errForm
	}
	return collab.Lease{
		Key: key, Lock: collab.LockID(lock), User: collab.UserID(user), Session: collab.SessionID(session),
		Expires: time.Now().Add(time.Duration(left) * time.Millisecond),
	}, true, nil
}

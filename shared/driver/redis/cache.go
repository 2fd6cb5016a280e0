package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"corsia/shared/collab"
)

// cacheState: KEYS the cached state. ARGV state, revision, epoch, TTL. An older state never replaces a newer one.
var cacheState = newScript("cache_state", `
local had = redis.call('HMGET', KEYS[1], 'revision', 'epoch')
local revision, epoch = tonumber(had[1] or -1), tonumber(had[2] or -1)
local newer = tonumber(ARGV[3]) > epoch or tonumber(ARGV[3]) == epoch and tonumber(ARGV[2]) >= revision
if newer then redis.call('HSET', KEYS[1], 'state', ARGV[1], 'revision', ARGV[2], 'epoch', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return newer and 1 or 0`)

// CacheState keeps a compacted state for a while, unless a newer one is there. The cache is never authoritative: nobody may
// rely on what is in it or not (SPEC R).
func (s *State) CacheState(ctx context.Context, st collab.State) error {
	_, err := s.eval(ctx, cacheState, []string{stateKey(st.Resource)}, st.State, st.Revision, st.Epoch, millis(s.ttl.Room))
	return err
}

// CachedState returns the state of a resource that is cached, and false when none is.
func (s *State) CachedState(ctx context.Context, res collab.Resource) (st collab.State, found bool, err error) {
	var values []any
	err = s.do(ctx, "cached_state", func(ctx context.Context) (err error) {
		values, err = s.rdb.HMGet(ctx, stateKey(res), "state", "revision", "epoch").Result()
		return err
	})
	if err != nil {
		return st, false, err
	}
	state, there := values[0].(string)
	revision, _ := values[1].(string)
	epoch, _ := values[2].(string)
	if !there {
		return st, false, nil
	}
	st = collab.State{Resource: res, State: []byte(state)}
	var err1, err2 error
	st.Revision, err1 = strconv.ParseInt(revision, 10, 64)
	st.Epoch, err2 = strconv.ParseInt(epoch, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return collab.State{}, false, fmt.Errorf("redis: cached_state: %w", err)
	}
	return st, true, nil
}

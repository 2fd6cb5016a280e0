package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"corsia/shared/collab"
)

// instancesKey is the set of ids that have or had a key instance:<id>, so that nobody searches the database for them. It
// decides nothing: an instance lives as long as its own key.
const instancesKey = "instances"

const instancePart = "instance:"

func instanceKey(id collab.InstanceID) string { return instancePart + escapePart(string(id)) }

// announce: KEYS the instance, the set. ARGV id, address, version, time of its start, TTL. It returns 1 when the key was there.
var announce = newScript("announce", `
local there = redis.call('EXISTS', KEYS[1])
redis.call('HSET', KEYS[1], 'addr', ARGV[2], 'version', ARGV[3], 'startedAt', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SADD', KEYS[2], ARGV[1])
return there`)

// withdraw: KEYS the instance, the set. ARGV id, time of its start.
var withdraw = newScript("withdraw", `
if redis.call('HGET', KEYS[1], 'startedAt') ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
return 1`)

// instances: KEYS the set, and by ARGV[1] the keys of all in it. It returns four values of each that lives.
var instances = newScript("instances", `
local all = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
	local escaped = string.gsub(id, '[%%|#:]', {['%'] = '%25', ['|'] = '%7C', ['#'] = '%23', [':'] = '%3A'})
	local of = redis.call('HMGET', ARGV[1] .. escaped, 'addr', 'version', 'startedAt')
	if of[3] then
		for _, v in ipairs({id, of[1], of[2], of[3]}) do all[#all + 1] = v end
	else
		redis.call('SREM', KEYS[1], id)
	end
end
return all`)

// Announce makes an instance known for ttl. It reports whether it was known before: false after the first time means that
// Redis lost what it knew, or that the instance came too late.
func (s *State) Announce(ctx context.Context, i collab.Instance, ttl time.Duration) (known bool, err error) {
	result, err := s.eval(ctx, announce, []string{instanceKey(i.ID), instancesKey},
		string(i.ID), i.Addr, i.Version, i.StartedAt.UnixMicro(), millis(ttl))
	if err != nil {
		return false, err
	}
	return result.Bool()
}

// Withdraw forgets an instance at once, unless another process has taken its name.
func (s *State) Withdraw(ctx context.Context, i collab.Instance) error {
	_, err := s.eval(ctx, withdraw, []string{instanceKey(i.ID), instancesKey}, string(i.ID), i.StartedAt.UnixMicro())
	return err
}

// Instances returns the instances that live, by their ids.
func (s *State) Instances(ctx context.Context) ([]collab.Instance, error) {
	result, err := s.eval(ctx, instances, []string{instancesKey}, instancePart)
	if err != nil {
		return nil, err
	}
	values, err := result.StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redis: instances: %w", err)
	}
	all := make([]collab.Instance, 0, len(values)/4)
	for of := range slices.Chunk(values, 4) {
		started, err := strconv.ParseInt(of[3], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("redis: instances: %w", err)
		}
		all = append(all, collab.Instance{ID: collab.InstanceID(of[0]), Addr: of[1], Version: of[2], StartedAt: time.UnixMicro(started).UTC()})
	}
	slices.SortFunc(all, func(a, b collab.Instance) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

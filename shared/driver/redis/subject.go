package redis

import (
	"context"
	"encoding/json"

	"corsia/shared/collab"
)

// OfUser returns what the state has of a user, by key: for an export of all about somebody (SPEC O7). What proves that a
// session is its client's is left out.
func (s *State) OfUser(ctx context.Context, tenant collab.Tenant, user collab.UserID) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	err := s.do(ctx, "of user", func(ctx context.Context) error {
		for _, key := range []string{presenceUserKey(tenant, user), sessionsKey(tenant, user)} {
			values, err := s.rdb.HGetAll(ctx, key).Result()
			if err != nil {
				return err
			}
			if len(values) > 0 {
				found[key] = values
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for session, text := range found[sessionsKey(tenant, user)] {
		var value sessionValue
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			delete(found[sessionsKey(tenant, user)], session)
			continue
		}
		value.Resume = ""
		plain, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		found[sessionsKey(tenant, user)][session] = string(plain)
	}
	return found, nil
}

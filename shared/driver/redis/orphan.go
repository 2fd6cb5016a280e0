package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"corsia/shared/collab"
)

// Find returns a live session by its id alone, and false when there is none of it.
func (s *State) Find(ctx context.Context, tenant collab.Tenant, id collab.SessionID) (session collab.Session, found bool, err error) {
	err = s.do(ctx, "find", func(ctx context.Context) error {
		user, err := s.rdb.HGet(ctx, presenceSocketKey(tenant, id), "userId").Result()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		value, err := s.rdb.HGet(ctx, sessionsKey(tenant, collab.UserID(user)), string(id)).Result()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		session, err = decodeSession(tenant, collab.UserID(user), string(id), value)
		found = err == nil
		return err
	})
	return session, found, err
}

// RoomsOf returns the places of a session, in the rooms that its user is in.
func (s *State) RoomsOf(ctx context.Context, session collab.Session) (places []collab.Member, err error) {
	err = s.do(ctx, "rooms_of", func(ctx context.Context) error {
		places, err = s.places(ctx, session)
		return err
	})
	return places, err
}

func (s *State) places(ctx context.Context, session collab.Session) ([]collab.Member, error) {
	text, err := s.rdb.HGet(ctx, presenceUserKey(session.Tenant, session.User), "rooms").Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []collab.ResourceID
	if err := json.Unmarshal([]byte(text), &ids); err != nil {
		return nil, err
	}
	pipe := s.rdb.Pipeline()
	values := make([]*redis.StringCmd, len(ids))
	for i, id := range ids {
		res := collab.Resource{Tenant: session.Tenant, ID: id}
		values[i] = pipe.HGet(ctx, memberKey(res, session.User), "sessions")
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	var places []collab.Member
	for i, id := range ids {
		of, err := values[i].Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all, err := decodeMembers(collab.Resource{Tenant: session.Tenant, ID: id}, session.User, of)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			if m.Session == session.ID {
				places = append(places, m)
			}
		}
	}
	return places, nil
}

// scanPage is how many keys of the database one step of Orphans looks at.
const scanPage = 1000

// Orphans returns the sessions of instances that are gone. It looks at every key of the database in small steps, so it is for
// when an instance is missed, not for every second. Whoever wants to end them claims each with its resume hash first: of
// several that do so, and of a client that comes back, one succeeds.
func (s *State) Orphans(ctx context.Context, gone func(collab.InstanceID) bool) ([]collab.Orphan, error) {
	var found []collab.Orphan
	for cursor := uint64(0); ; {
		err := s.do(ctx, "orphans", func(ctx context.Context) error {
			keys, next, err := s.rdb.ScanType(ctx, cursor, "*"+socketPart+"*", scanPage, "hash").Result()
			if err != nil {
				return err
			}
			cursor = next
			page, err := s.orphansOf(ctx, keys, gone)
			found = append(found, page...)
			return err
		})
		if err != nil || cursor == 0 {
			return unique(found), err
		}
	}
}

func (s *State) orphansOf(ctx context.Context, keys []string, gone func(collab.InstanceID) bool) ([]collab.Orphan, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	pipe := s.rdb.Pipeline()
	sockets := make([]*redis.SliceCmd, len(keys))
	for i, key := range keys {
		sockets[i] = pipe.HMGet(ctx, key, "userId", "connectedAt", "instance")
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var found []collab.Orphan
	for i, key := range keys {
		tenant, id, ok := parseSocketKey(key)
		var socket struct {
			User     string `redis:"userId"`
			Millis   int64  `redis:"connectedAt"`
			Instance string `redis:"instance"`
		}
		if err := sockets[i].Scan(&socket); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if !ok || socket.Instance == "" || !gone(collab.InstanceID(socket.Instance)) {
			continue
		}
		session := collab.Session{ID: id, Tenant: tenant, User: collab.UserID(socket.User), Instance: collab.InstanceID(socket.Instance),
			ConnectedAt: time.UnixMilli(socket.Millis).UTC()}
		value, err := s.rdb.HGet(ctx, sessionsKey(tenant, session.User), string(id)).Result()
		switch {
		case errors.Is(err, redis.Nil): // what is known will do
		case err != nil:
			return nil, err
		default:
			if session, err = decodeSession(tenant, session.User, string(id), value); err != nil {
				return nil, err
			}
			if session.Instance != collab.InstanceID(socket.Instance) {
				continue // claimed between the two questions
			}
		}
		places, err := s.places(ctx, session)
		if err != nil {
			return nil, err
		}
		found = append(found, collab.Orphan{Session: session, Rooms: places})
	}
	return found, nil
}

// unique drops what a scan returned twice.
func unique(all []collab.Orphan) []collab.Orphan {
	type key struct {
		tenant collab.Tenant
		id     collab.SessionID
	}
	seen := map[key]bool{}
	var kept []collab.Orphan
	for _, o := range all {
		k := key{o.Session.Tenant, o.Session.ID}
		if !seen[k] {
			seen[k] = true
			kept = append(kept, o)
		}
	}
	return kept
}

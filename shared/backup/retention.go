package backup

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// How long backups are kept (SPEC O4).
const (
	keepDays  = 30 // every backup
	keepYears = 10 // the first backup of each month, UTC
)

// Pruner is an archive whose objects can be deleted.
type Pruner interface {
	List(ctx context.Context, prefix string) ([]string, error)
	Delete(ctx context.Context, key string) error
}

// Prune deletes the backups that the rule does not keep, and returns their ids. A backup's manifest goes first, so that what
// is left after a failure is none.
func Prune(ctx context.Context, objects Pruner, now time.Time) ([]string, error) {
	keys, err := objects.List(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("prune backups: %w", err)
	}
	parts := map[string][]string{} // keys of a backup, by id
	var ids, gone []string
	for _, key := range keys {
		id, _, found := strings.Cut(strings.TrimPrefix(key, prefix), "/")
		if _, err := time.Parse(idLayout, id); err != nil || !found {
			continue
		}
		if key == manifestKey(id) {
			ids = append(ids, id)
			parts[id] = append([]string{key}, parts[id]...)
		} else {
			parts[id] = append(parts[id], key)
		}
	}
	for _, id := range Outdated(ids, now) {
		for _, key := range parts[id] {
			if err := objects.Delete(ctx, key); err != nil {
				return gone, fmt.Errorf("prune backups: %w", err)
			}
		}
		gone = append(gone, id)
	}
	return gone, nil
}

// Outdated returns which of the backups the rule does not keep, in their order; ids are in order of time. Whatever the clock
// says, the newest stays, and what is of the future.
func Outdated(ids []string, now time.Time) []string {
	now = now.UTC()
	recent, old := now.AddDate(0, 0, -keepDays), now.AddDate(-keepYears, 0, 0)
	var gone []string
	month := ""
	for i, id := range ids {
		at, err := time.Parse(idLayout, id)
		if err != nil {
			continue
		}
		first := id[:len("200601")] != month
		month = id[:len("200601")]
		switch {
		case i == len(ids)-1, !at.Before(recent), first && !at.Before(old):
		default:
			gone = append(gone, id)
		}
	}
	return gone
}

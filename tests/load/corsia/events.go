package corsia

import (
	"context"
	"encoding/json"
	"fmt"
)

// State is a record as a joiner gets it (SPEC R1).
type State struct {
	Revision    int64  `json:"revision"`
	ClientID    uint64 `json:"clientId"` // the Yjs client id to write as; 0 for a viewer
	Update      []byte `json:"-"`
	StateVector []byte `json:"-"`
}

// Lock is a granted lock (SPEC L1).
type Lock struct {
	LockID string `json:"lockId"`
	Fence  int64  `json:"fence"`
}

// Join joins a record and returns it.
func (c *Client) Join(ctx context.Context, resource, mode string) (State, error) {
	r, err := c.Request(ctx, "JOIN_RESOURCE", map[string]string{"resourceId": resource, "resourceType": "patient_record", "mode": mode})
	if err != nil {
		return State{}, err
	}
	var s State
	if err := json.Unmarshal(r.JSON, &s); err != nil {
		return s, fmt.Errorf("RESOURCE_STATE: %w", err)
	}
	if len(r.Attachments) != 2 {
		return s, fmt.Errorf("RESOURCE_STATE has %d attachments", len(r.Attachments))
	}
	s.Update, s.StateVector = r.Attachments[0], r.Attachments[1]
	return s, nil
}

// Leave leaves a record.
func (c *Client) Leave(ctx context.Context, resource string) error {
	_, err := c.Request(ctx, "LEAVE_RESOURCE", map[string]string{"resourceId": resource})
	return err
}

// Acquire asks for the lock on a field.
func (c *Client) Acquire(ctx context.Context, resource, field string) (Lock, error) {
	r, err := c.Request(ctx, "LOCK_ACQUIRE", map[string]string{"resourceId": resource, "field": field})
	if err != nil {
		return Lock{}, err
	}
	var l Lock
	if err := json.Unmarshal(r.JSON, &l); err != nil {
		return l, fmt.Errorf("LOCK_ACQUIRED: %w", err)
	}
	return l, nil
}

// Release gives a lock back.
func (c *Client) Release(ctx context.Context, lock Lock) error {
	_, err := c.Request(ctx, "LOCK_RELEASE", map[string]string{"lockId": lock.LockID})
	return err
}

// Awareness says which field the user looks at.
func (c *Client) Awareness(ctx context.Context, resource, field string) error {
	_, err := c.Request(ctx, "AWARENESS", map[string]any{"resourceId": resource, "state": map[string]any{"field": field}})
	return err
}

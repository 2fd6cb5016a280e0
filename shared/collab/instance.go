package collab

import "time"

// Instance is one gateway process as the state driver knows it (SPEC C3, key instance:<id>).
type Instance struct {
	ID        InstanceID
	Addr      string // where the other instances reach it: host:port, or a URL
	Version   string
	StartedAt time.Time // tells two lives of one name apart
}

// Same reports whether both are one process, not two of the same name.
func (i Instance) Same(other Instance) bool {
	return i.ID == other.ID && i.StartedAt.Equal(other.StartedAt)
}

// Orphan is a session whose instance is gone, with its places in rooms.
type Orphan struct {
	Session Session
	Rooms   []Member
}

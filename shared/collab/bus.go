package collab

// BusKind says what a Notice carries.
type BusKind string

// What instances tell each other about a resource.
const (
	BusUpdates   BusKind = "updates"   // committed entries, and seeds among them
	BusJoined    BusKind = "joined"    // a member
	BusLeft      BusKind = "left"      // a member and the reason
	BusLocked    BusKind = "locked"    // a lock and the head's guard
	BusExtended  BusKind = "extended"  // a lock that lasts longer now
	BusUnlocked  BusKind = "unlocked"  // a lock, why it ended, and the head's guard
	BusForeign   BusKind = "foreign"   // a lock or the end of one, on another resource than the room's
	BusAwareness BusKind = "awareness" // states of sessions
)

// Notice is one message between instances about one resource. The bus is at most once: what matters is in the store or
// the state driver too.
type Notice struct {
	Resource Resource
	From     InstanceID
	Kind     BusKind
	Body     []byte // JSON of the kind; owned by the receiver, who shares it with nobody that writes
}

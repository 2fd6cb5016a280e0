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
	BusNotified  BusKind = "notified"  // a change in another system
	BusInquiry   BusKind = "inquiry"   // a session of another instance: is it connected?
	BusStanding  BusKind = "standing"  // the answer
)

// What instances tell each other about locks that a session wants and another has (SPEC L7). It is published to
// Everywhere, as a session may hold and want locks of resources that are open nowhere.
const (
	BusLockAsked    BusKind = "lock_asked"    // a session wants a lock; repeated as long as it does
	BusLockDeclined BusKind = "lock_declined" // its holder does not give it away
	BusLockOffered  BusKind = "lock_offered"  // it does, or is idle: where the wish is known the lock is taken
	BusLockTaken    BusKind = "lock_taken"    // so it was
)

// Everywhere is no resource: what is published to it all instances hear that subscribed to it.
var Everywhere = Resource{}

// Notice is one message between instances about one resource. The bus is at most once: what matters is in the store or
// the state driver too.
type Notice struct {
	Resource Resource
	From     InstanceID
	Kind     BusKind
	Body     []byte // JSON of the kind; owned by the receiver, who shares it with nobody that writes
}

package collab

import "time"

// Mode says what a session may do in a room.
type Mode string

// The two modes of SPEC 2.
const (
	Editor Mode = "editor"
	Viewer Mode = "viewer"
)

// ParseMode returns the mode, or an error of code BAD_REQUEST.
func ParseMode(s string) (Mode, error) {
	if m := Mode(s); m == Editor || m == Viewer {
		return m, nil
	}
	return "", NewError(CodeBadRequest, `mode is neither "editor" nor "viewer"`)
}

// Allows reports whether a right of mode m covers a wish for mode want.
func (m Mode) Allows(want Mode) bool { return m == Editor || m == want }

// Session is one authenticated client as the state driver knows it (SPEC R, keys user:…:session and presence:socket).
type Session struct {
	ID          SessionID
	Tenant      Tenant
	User        UserID
	Name        string
	Role        string
	Instance    InstanceID
	ConnectedAt time.Time
	ResumeHash  string // of the resume key in force (HashSecret); whoever holds the session with another has lost it
}

// Claim takes a session over for a client that shows its resume key (SPEC C11). The key in force is changed by it, so that
// of several one succeeds.
type Claim struct {
	Tenant   Tenant
	User     UserID
	Session  SessionID
	Instance InstanceID // that takes over
	Hash     string     // of the key that is shown
	Next     string     // of the key in force from then on; random, and known to this claim alone
}

// Member is one session in one room.
type Member struct {
	Resource Resource
	Session  SessionID
	User     UserID
	Name     string
	Role     string
	Mode     Mode
	Instance InstanceID
	JoinedAt time.Time
	Color    int // position in the palette of eight, by order of joining (SPEC R1)
}

// Millis returns t in milliseconds since 1970 UTC, the form of every time in an event (SPEC C4).
func Millis(t time.Time) int64 { return t.UnixMilli() }

package room

import (
	"cmp"
	"slices"
	"time"

	"corsia/shared/collab"
)

// User is a user present in a room, with all sessions there (SPEC R1, R4).
type User struct {
	UserID   collab.UserID      `json:"userId"`
	Name     string             `json:"name"`
	Role     string             `json:"role"`
	Mode     collab.Mode        `json:"mode"`
	Sessions []collab.SessionID `json:"sessions"`
	JoinedAt int64              `json:"joinedAt"`
	Color    string             `json:"color"`
}

// palette holds the people's colours: white initials on each reach 4.5:1, and none is a ring's colour.
var palette = [8]string{"#283593", "#00695c", "#6a1b9a", "#4e342e", "#0b57a4", "#7b1f5c", "#37474f", "#5d4c00"}

// users folds sessions into users, in the order of joining. A user who may edit in one session is an editor.
func users(roster map[collab.SessionID]collab.Member) []User {
	members := make([]collab.Member, 0, len(roster))
	for _, m := range roster {
		members = append(members, m)
	}
	slices.SortFunc(members, func(a, b collab.Member) int {
		return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.Session, b.Session))
	})
	out := []User{}
	at := map[collab.UserID]int{}
	for _, m := range members {
		i, known := at[m.User]
		if !known {
			at[m.User] = len(out)
			out = append(out, newUser(m))
			continue
		}
		u := &out[i]
		u.Sessions = append(u.Sessions, m.Session)
		if m.Mode == collab.Editor {
			u.Mode = collab.Editor
		}
	}
	return out
}

func newUser(m collab.Member) User {
	return User{UserID: m.User, Name: m.Name, Role: m.Role, Mode: m.Mode, Sessions: []collab.SessionID{m.Session},
		JoinedAt: collab.Millis(m.JoinedAt), Color: palette[uint(m.Color)%uint(len(palette))]}
}

// user returns one user as the others see it now.
func (r *Room) user(id collab.UserID) User {
	mine := map[collab.SessionID]collab.Member{}
	for s, m := range r.roster {
		if m.User == id {
			mine[s] = m
		}
	}
	if all := users(mine); len(all) == 1 {
		return all[0]
	}
	return User{UserID: id, Sessions: []collab.SessionID{}, JoinedAt: collab.Millis(time.Time{})}
}

// present reports whether the user has a session in the room.
func (r *Room) present(id collab.UserID) bool {
	for _, m := range r.roster {
		if m.User == id {
			return true
		}
	}
	return false
}

package collab

// Displace says which open records of other sessions a grant may end. The zero value is none.
type Displace struct {
	SameUser bool    // the record of the same key, if it is the same user's (SPEC L3)
	Lock     LockID  // this record, whatever its key: its holder gives it away (SPEC L7)
	Any      bool    // all that stand in the way (SPEC L7)
	End      LockEnd // why they end
}

// Judge returns which of the open records of l's resource a grant of l ends, or the one that denies it: of the same key
// first. A session's own record of the key ends always. End says why; what it does not say is a take-over.
func (d Displace) Judge(l Lock, open []Lock) (ends []Lock, denied *HeldError) {
	for _, other := range open {
		same := other.Key == l.Key
		switch {
		case same && other.Session == l.Session, d.ends(l, other):
			ends = append(ends, other)
		case same:
			return nil, &HeldError{Lock: other, Err: ErrHeld}
		case other.Session != l.Session && other.Key.Overlaps(l.Key) && denied == nil:
			denied = &HeldError{Lock: other, Err: ErrOverlaps}
		}
	}
	if denied != nil {
		return nil, denied
	}
	return ends, nil
}

func (d Displace) ends(l, other Lock) bool {
	switch {
	case other.Session == l.Session || !other.Key.Overlaps(l.Key):
		return false
	case d.SameUser && other.Key == l.Key && other.User == l.User:
		return true
	}
	return d.Any || d.Lock != "" && d.Lock == other.ID
}

// Reason is why a record of another session ends.
func (d Displace) Reason() LockEnd {
	if d.End == "" {
		return LockTakenOver
	}
	return d.End
}

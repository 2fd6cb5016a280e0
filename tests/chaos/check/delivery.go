package check

// stream is a session's membership in a room.
type stream struct{ session, room string }

// deliveries judges what sessions were shown: each update is a row of the journal, in its order, once.
func (j *judge) deliveries() {
	last, broken := map[stream]int64{}, map[stream]bool{}
	for _, heard := range j.heard {
		s := stream{heard.Session, heard.Room}
		if heard.Resumed {
			broken[s] = true
			continue
		}
		before, joined := last[s]
		last[s] = max(before, heard.Revision)
		if heard.State {
			if joined && heard.Revision < before {
				j.wrong(Repeated, "session %s joined %s at revision %d after it had seen %d", s.session, s.room, heard.Revision, before)
			}
			j.committed(s, heard.Revision)
			broken[s] = false
			continue
		}
		if heard.Revision <= before {
			j.wrong(Repeated, "session %s was shown revision %d of %s after %d", s.session, heard.Revision, s.room, before)
		}
		row, ok := j.row(place{heard.Room, heard.Revision})
		switch {
		case !ok:
			j.wrong(Uncommitted, "session %s was shown revision %d of %s, which the journal does not have", s.session, heard.Revision, s.room)
		case SumOf(row.Update) != heard.Sum:
			j.wrong(Uncommitted, "session %s was shown another revision %d of %s than the journal has", s.session, heard.Revision, s.room)
		}
		if !broken[s] {
			j.complete(s, before, heard.Revision)
		}
		broken[s] = false
	}
	for i := range j.ops {
		if op := &j.ops[i]; (op.Kind == Edit || op.Kind == Resend || op.Kind == Sync) && op.Result == OK {
			j.committed(stream{op.Session, op.Room}, op.Revision)
		}
	}
}

// complete looks at what lies between two revisions that a session was shown: its own rows, which it is not shown.
func (j *judge) complete(s stream, before, now int64) {
	for revision := before + 1; revision < now; revision++ {
		if row, ok := j.row(place{s.room, revision}); ok && row.Session != s.session {
			j.wrong(Missed, "session %s was shown revision %d of %s after %d, without %d by %s", s.session, now, s.room, before, revision, row.Session)
		}
	}
}

// committed looks for a revision that a session was told of.
func (j *judge) committed(s stream, revision int64) {
	if _, ok := j.row(place{s.room, revision}); !ok && revision > firstRevision {
		j.wrong(Uncommitted, "session %s was told of revision %d of %s, which the journal does not have", s.session, revision, s.room)
	}
}

package check

import (
	"maps"

	"corsia/shared/ydoc"
)

// replicas compares what everybody sees with what the journal makes.
func (j *judge) replicas() {
	truth := map[string]*ydoc.Doc{}
	for room, rows := range j.final.Journal {
		doc := ydoc.New()
		for _, row := range rows {
			if doc.ApplyUpdate(row.Update) != nil {
				break // judged with the edits
			}
		}
		truth[room] = doc
	}
	other := map[string]Replica{}
	for _, r := range j.final.Replicas {
		doc := ydoc.New()
		if err := doc.ApplyUpdate(r.State); err != nil {
			j.wrong(Diverged, "what %s sees of %s does not decode: %v", r.Whose, r.Room, err)
			continue
		}
		want := truth[r.Room]
		if want == nil {
			want = ydoc.New()
		}
		if err := ydoc.Equal(doc, want); err != nil {
			j.wrong(Diverged, "%s sees %s differently than the journal has it: %v", r.Whose, r.Room, err)
		}
		first, known := other[r.Room]
		switch {
		case r.Other == "":
		case !known:
			other[r.Room] = r
		case first.Other != r.Other:
			j.wrong(Diverged, "npm yjs: %s and %s see %s differently", r.Whose, first.Whose, r.Room)
		}
	}
}

// rosters compares who is said to be in a room with who is.
func (j *judge) rosters() {
	truth := map[string]map[string]int{}
	for _, r := range j.final.Rosters {
		if r.Whose == "" {
			truth[r.Room] = r.Users
		}
	}
	for _, r := range j.final.Rosters {
		if !maps.Equal(r.Users, truth[r.Room]) {
			j.wrong(Present, "%s has %v in %s, there are %v", r.Whose, r.Users, r.Room, truth[r.Room])
		}
	}
}

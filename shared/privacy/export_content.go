package privacy

import (
	"context"
	"fmt"
	"unicode/utf8"

	"corsia/shared/collab"
	"corsia/shared/ydoc"
)

// update is a line of updates.ndjson: one row of a journal.
type update struct {
	Resource collab.ResourceID `json:"resource"`
	Revision int64             `json:"revision"`
	At       string            `json:"time"`
	User     collab.UserID     `json:"user"` // who sent it
	Session  collab.SessionID  `json:"session"`
	Fields   []collab.Field    `json:"fields"`
	Bytes    int               `json:"bytes"`
	Inserted []piece           `json:"inserted"`         // of the subject's own, or of everybody's for a resource
	Others   int               `json:"others,omitempty"` // pieces by other people, which are not the subject's to have
	Damaged  bool              `json:"damaged,omitempty"`
	Update   []byte            `json:"update,omitempty"` // Yjs V1, base64; of a resource alone: it holds everybody's text
}

// piece is what somebody wrote in one go.
type piece struct {
	Field  collab.Field    `json:"field,omitempty"` // empty: it is not known any more
	Client collab.ClientID `json:"client"`
	User   collab.UserID   `json:"user,omitempty"` // whose the client id is; of a resource
	Text   string          `json:"text,omitempty"`
	Values []any           `json:"values,omitempty"`
	Length int             `json:"length,omitempty"`       // characters, or values: the text is withheld
	Lost   uint32          `json:"deletedUnits,omitempty"` // nothing is left of them but their number
	// GivenBack says that it came after a restore, from this user's browser, under an id of before: who had typed it is not
	// known for certain (D8).
	GivenBack bool `json:"givenBack,omitempty"`
}

// authors are the users behind the client ids of a document.
type authors struct {
	of     map[ydoc.ClientID]collab.Owner
	epoch  int64
	noText bool
}

func (w *writing) authors(s *collab.Snapshot) *authors {
	a := &authors{of: map[ydoc.ClientID]collab.Owner{}, epoch: s.Head.Epoch, noText: w.NoText}
	for _, o := range s.Owners {
		a.of[ydoc.ClientID(o.Client)] = o
	}
	return a
}

// fieldOf names a field as the rest of the system does.
func fieldOf(root, key string) collab.Field {
	if collab.Field(root) == collab.ValuesField && key != "" {
		return collab.ValuesField + collab.Field("/"+key)
	}
	return collab.Field(root)
}

func (a *authors) piece(p *ydoc.Piece) piece {
	owner := a.of[p.Client]
	made := piece{Field: fieldOf(p.Root, p.Key), Client: collab.ClientID(p.Client), User: owner.User, Text: p.Text, Values: p.Values, Lost: p.Lost,
		GivenBack: owner.Retired && owner.Epoch < a.epoch}
	if a.noText {
		made.Length = utf8.RuneCountInString(p.Text) + len(p.Values)
		made.Text, made.Values = "", nil
	}
	return made
}

// contents writes the journals and what the documents have.
func (w *writing) contents(ctx context.Context) error {
	for _, name := range []string{fileUpdates, fileContributions} {
		if name == fileContributions && w.Subject.User == "" {
			continue
		}
		if err := w.files.touch(name); err != nil {
			return err
		}
	}
	return w.from.Resources(ctx, func(r collab.Resource) error {
		found, err := w.from.Document(ctx, r)
		if err != nil {
			return err
		}
		doc, damage := document(found.State, found.StateRevision, found.Tail)
		who := w.authors(&found)
		if w.Subject.User == "" {
			err = w.document(fileDocument, fileState, &found, doc, damage)
		} else {
			err = w.contributions(fileContributions, r, &found, doc, damage)
		}
		if err == nil {
			err = w.base(ctx, r, found)
		}
		if err != nil {
			return err
		}
		return w.from.Entries(ctx, r, func(e collab.Entry) error { return w.update(r, doc, who, &e) })
	})
}

// base writes what a journal began with that has lost its first rows.
func (w *writing) base(ctx context.Context, r collab.Resource, found collab.Snapshot) error {
	state, revision, err := w.from.Base(ctx, r)
	if err != nil || state == nil {
		return err
	}
	doc, damage := document(state, revision, nil)
	found.Head.Revision = revision
	if w.Subject.User == "" {
		return w.document(fileBaseDocument, fileBaseState, &found, doc, damage)
	}
	return w.contributions(fileBase, r, &found, doc, damage)
}

// document opens a document. What cannot be decoded is empty, with the damage.
func document(state []byte, revision int64, tail []collab.Entry) (doc *ydoc.Doc, damage error) {
	doc = ydoc.New()
	if len(state) > 0 {
		if damage = doc.ApplyUpdate(state); damage != nil {
			return ydoc.New(), fmt.Errorf("its state of revision %d: %w", revision, damage)
		}
	}
	for i := range tail {
		if damage = doc.ApplyUpdate(tail[i].Update); damage != nil {
			return doc, fmt.Errorf("revision %d: %w", tail[i].Revision, damage)
		}
	}
	return doc, nil
}

// update writes a row of the journal, with what it inserted: of a user only that user's.
func (w *writing) update(r collab.Resource, doc *ydoc.Doc, who *authors, e *collab.Entry) error {
	line := update{Resource: r.ID, Revision: e.Revision, At: e.At.Format(timeLayout), User: e.User, Session: e.Session, Fields: e.Fields,
		Bytes: len(e.Update), Inserted: []piece{}}
	if w.Subject.User == "" {
		line.Update = e.Update
	}
	pieces, err := doc.Pieces(e.Update)
	line.Damaged = err != nil
	for i := range pieces {
		p := who.piece(&pieces[i])
		if w.Subject.User != "" && p.User != w.Subject.User {
			line.Others++
			continue
		}
		if w.Subject.User != "" {
			p.User = ""
		}
		line.Inserted = append(line.Inserted, p)
	}
	return w.files.value(fileUpdates, line)
}

// contribution is a line of contributions.ndjson: what a document has now of what the user wrote.
type contribution struct {
	Resource collab.ResourceID `json:"resource"`
	Type     string            `json:"type,omitempty"`
	Revision int64             `json:"revision"`
	Written  []piece           `json:"written"`
	Damage   string            `json:"damage,omitempty"` // the document cannot be read to its end
}

// contributions writes what a document has of the user's.
func (w *writing) contributions(file string, r collab.Resource, found *collab.Snapshot, doc *ydoc.Doc, damage error) error {
	who := w.authors(found)
	line := contribution{Resource: r.ID, Type: found.Type, Revision: found.Head.Revision, Written: []piece{}}
	if damage != nil {
		line.Damage = damage.Error()
	}
	for _, o := range found.Owners {
		if o.User != w.Subject.User {
			continue
		}
		pieces := doc.WrittenBy(ydoc.ClientID(o.Client))
		for i := range pieces {
			p := who.piece(&pieces[i])
			p.User = ""
			line.Written = append(line.Written, p)
		}
	}
	return w.files.value(file, line)
}

// content is documents/1.json: a resource as its readers see it.
type content struct {
	Resource collab.ResourceID    `json:"resource"`
	Type     string               `json:"type"`
	Revision int64                `json:"revision"`
	Epoch    int64                `json:"epoch"`
	Texts    map[collab.Field]any `json:"fields"` // text, or a list where the root is one
	Values   map[string]any       `json:"values"` // selects, check boxes and radios
	Damage   string               `json:"damage,omitempty"`
}

// document writes what a resource has: for people, and as Yjs reads it.
func (w *writing) document(file, stateFile string, found *collab.Snapshot, doc *ydoc.Doc, damage error) error {
	if found.Head.Revision == 0 {
		return nil // somebody has locked what has no document
	}
	out := content{Resource: w.Subject.Resource, Type: found.Type, Revision: found.Head.Revision, Epoch: found.Head.Epoch,
		Texts: map[collab.Field]any{}, Values: doc.MapJSON(string(collab.ValuesField))}
	if damage != nil {
		out.Damage = damage.Error()
	}
	for _, root := range doc.Roots() {
		text, entries := doc.Text(root), doc.MapKeys(root)
		switch {
		case collab.Field(root) == collab.ValuesField:
		case len(entries) > 0:
			out.Texts[collab.Field(root)] = doc.MapJSON(root)
		case text == "" && doc.TextLength(root) > 0:
			out.Texts[collab.Field(root)] = doc.ListJSON(root)
		default:
			out.Texts[collab.Field(root)] = text
		}
	}
	text, err := encode(out, "  ")
	if err != nil {
		return err
	}
	if err := w.files.whole(file, text); err != nil {
		return err
	}
	state, err := doc.EncodeState(nil)
	if err != nil {
		return err
	}
	return w.files.whole(stateFile, state)
}

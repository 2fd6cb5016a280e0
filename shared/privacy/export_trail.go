package privacy

import (
	"context"
	"slices"

	"corsia/shared/audit"
	"corsia/shared/collab"
)

// trail writes the audit trail: what has left the store for the archive, what is in the store, what is not chained yet.
func (w *writing) trail(ctx context.Context) error {
	floors, err := w.from.Floors(ctx)
	if err != nil {
		return err
	}
	if len(floors) > 0 && w.Archive == nil {
		return ErrNoArchive
	}
	for _, name := range []string{fileAudit, fileFHIR} { // which may stay empty
		if err := w.files.touch(name); err != nil {
			return err
		}
	}
	err = audit.EachArchived(ctx, w.Archive, floors, func(r *collab.SealedRow) error {
		if !w.of(r) {
			return nil
		}
		return w.sealed(r)
	})
	if err != nil {
		return err
	}
	if err := w.from.Events(ctx, func(r collab.SealedRow) error { return w.sealed(&r) }); err != nil {
		return err
	}
	return w.from.Pending(ctx, func(r collab.AuditRow) error {
		reduced := w.others(r.Actor)
		if reduced {
			reduce(&r)
		}
		return w.event(reduced, func(f audit.Format) ([]byte, error) { return audit.PendingLine(f, r) })
	})
}

// of reports whether an event that was archived is of the subject or names it, as the store's Events do.
func (w *writing) of(r *collab.SealedRow) bool {
	if r.Tenant != w.Subject.Tenant {
		return false
	}
	if w.Subject.User == "" {
		return r.Resource == w.Subject.Resource
	}
	named := slices.ContainsFunc(collab.AuditNames, func(name string) bool { return r.Details[name] == string(w.Subject.User) })
	return r.Actor == w.Subject.User || named
}

// others reports whether an event is of another person than the one who gets the export.
func (w *writing) others(actor collab.UserID) bool {
	return w.Subject.User != "" && actor != "" && actor != w.Subject.User
}

// withheld begins the line of an event that another person caused: of that person it has the id alone (GDPR 15(4)). Its
// hashes are those of the whole event.
const withheld = `{"withheld":["address","role","session_id"],`

// reduce takes out of an event what is of its actor but the id; one that cannot be read has nothing left.
func reduce(r *collab.AuditRow) {
	r.Session = ""
	e, err := audit.Parse(r.Body)
	if err != nil {
		r.Body = []byte("null")
		return
	}
	e.Address, e.Role, e.Session = "", "", ""
	r.Body = e.Body()
}

func (w *writing) sealed(r *collab.SealedRow) error {
	reduced := w.others(r.Actor)
	if reduced {
		reduce(&r.AuditRow)
		r.Address, r.Role = "", ""
	}
	return w.event(reduced, func(f audit.Format) ([]byte, error) { return audit.Line(f, r) })
}

// event writes an event in both forms.
func (w *writing) event(reduced bool, line func(audit.Format) ([]byte, error)) error {
	for _, to := range []struct {
		name   string
		format audit.Format
	}{{fileAudit, audit.NDJSON}, {fileFHIR, audit.FHIR}} {
		text, err := line(to.format)
		if err != nil {
			return err
		}
		if reduced && to.format == audit.NDJSON {
			text = append([]byte(withheld), text[1:]...)
		}
		if err := w.files.line(to.name, text); err != nil {
			return err
		}
	}
	return nil
}

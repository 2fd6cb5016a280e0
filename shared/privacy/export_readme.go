package privacy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"corsia/shared/collab"
)

// place says of a table of the store what an export does with it. One of file, elsewhere and why is set.
type place struct {
	name       string // of the table, in every store
	table      collab.SubjectTable
	file       string // of rows that are handed out as they are
	ofUser     bool   // rows of users alone
	ofResource bool   // rows of resources alone
	what       string // is in the file, for its reader
	elsewhere  string // the file that is made of it
	why        string // it is left out
}

// tables are all that a store may have. A test compares them with the schemas.
var tables = []place{
	{name: "yjs_heads", table: collab.SubjectHeads, file: "heads.ndjson", ofResource: true, what: "where the record stands: its revision, when it was created and last changed"},
	{name: "yjs_clients", table: collab.SubjectClients, file: "clients.ndjson", what: "the numbers (Yjs client ids) under which somebody writes in a record, and in which session"},
	{name: "yjs_seeds", table: collab.SubjectSeeds, file: "seeds.ndjson", ofResource: true, what: "what the server took over from a page into fields that nobody had written, and what pages showed that was older"},
	{name: "locks", table: collab.SubjectLocks, file: "locks.ndjson", what: "every lock on a field: who had it, from when to when, how it ended (ttl in microseconds). The name is kept only while it is held"},
	{name: "lock_fences", table: collab.SubjectFences, file: "fences.ndjson", ofResource: true, what: "how often each field was locked"},
	{name: "revocations", table: collab.SubjectRevocations, file: "revocations.ndjson", ofUser: true, what: "tokens of the user, or of sessions that the store knows as the user's, that were revoked"},
	{name: "recoveries", table: collab.SubjectRecoveries, file: "recoveries.ndjson", ofUser: true, what: "recoveries after a restore that the user has opened"},
	{name: "webhook_inbox", table: collab.SubjectWebhooks, file: "webhooks.ndjson", ofResource: true, what: "what other systems said about the record. Their data is erased soon after it was told, and the rest after days"},
	{name: "webhook_versions", table: collab.SubjectVersions, file: "versions.ndjson", ofResource: true, what: "the newest version of the record that each other system has named"},
	{name: "erasures", table: collab.SubjectErasures, file: "erasures.ndjson", what: "when the content of a record was erased, by whom and why"},

	{name: "yjs_bases", elsewhere: "base.ndjson; of a record documents/"},
	{name: "yjs_updates", elsewhere: "updates.ndjson"},
	{name: "yjs_states", elsewhere: "contributions.ndjson; of a record documents/"},
	{name: "audit_log", elsewhere: "audit.ndjson"},
	{name: "audit_pending", elsewhere: "audit.ndjson"},
	{name: "webhook_messages", why: "hashes of other systems' messages, no personal data; of a record the messages' ids are in webhooks.ndjson"},
	{name: "yjs_revisions", why: "an index of the journal"},
	{name: "yjs_indexed", why: "an index of the journal"},
	{name: "audit_floors", why: "hashes of the audit trail, no personal data"},
	{name: "audit_epochs", why: "when the store was restored, no personal data"},
	{name: "audit_checkpoints", why: "signatures of the audit trail, no personal data"},
	{name: "audit_covers", why: "how far the trail covers each journal, no personal data"},
	{name: "audit_covered", why: "how far the trail covers the journals, no personal data"},
	{name: "journal_looked", why: "when a program last looked, no personal data"},
	{name: "audit_looked", why: "when a program last looked, no personal data"},
	{name: "goose_db_version", why: "the version of the schema, no personal data"},
}

// Tables are the names of the tables that an export knows about.
func Tables() []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	return names
}

// written are the files that are no table's rows.
var written = map[string]string{
	fileAudit: "the audit trail: what was done, when, by whom, from where, one event a line, with the hashes that prove it. It never holds " +
		"what was typed. An event with \"pending\" was chained after this export",
	fileFHIR:    "the same events as FHIR R4 AuditEvent resources",
	fileUpdates: "the journal: one line for each change, with what it inserted. \"deletedUnits\" are characters of which only the number is left",
	fileContributions: "what the records have now of what the user wrote, record by record; what was deleted since is not in it " +
		"(\"deletedUnits\"), but in updates.ndjson where the journal still has it",
	filePresence: "where the user is connected now. It is kept for minutes, at most an hour",
	fileDocument: "what the record says now, field by field",
	fileState:    "the same document as Yjs reads it (update, version 1)",
	fileBase: "of records whose oldest changes were removed from the journal: what they had of the user's text then, before the " +
		"changes in updates.ndjson",
	fileBaseDocument: "what the record said before the changes in updates.ndjson: older ones were removed from the journal",
	fileBaseState:    "the same as Yjs reads it",
}

const notes = `
Other people
  Other users appear as ids alone, where an event or a lock names them: as actor, as holder of a lock, as who sent a change.
%s
What is not in it
%s

Where each table of the store is
%s

How long it is kept
  Audit events stay in the store for the time that AUDIT_RETENTION says (400 days unless set), and in the archive for ten
  years, by law; nobody can erase them sooner. The journal and the documents are kept for as long as the record is, or the
  journal as long as JOURNAL_RETENTION says. Backups are kept for 30 days, one a month for ten years. Messages of other
  systems are kept for days. Who is connected is known for minutes.
`

// readme is the text that comes with an export.
func (e *Export) readme(counts Counts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "All that Corsia has about %s\n\nMade on %s by %q. Times are UTC. A file that ends in .ndjson has one JSON value on each line.\n\nFiles\n",
		e.subject(), e.At.UTC().Format(timeLayout), e.By)
	what := maps.Clone(written)
	var left, places []string
	for _, t := range tables {
		switch _, there := counts[t.file]; {
		case t.elsewhere != "":
			places = append(places, fmt.Sprintf("  %s: %s", t.name, t.elsewhere))
		case t.file == "":
			left = append(left, fmt.Sprintf("  %s: %s", t.name, t.why))
		case there:
			what[t.file] = t.what
			places = append(places, fmt.Sprintf("  %s: %s", t.name, t.file))
		default:
			left = append(left, fmt.Sprintf("  %s: %s", t.name, e.none(t)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if strings.HasSuffix(name, ".ndjson") {
			fmt.Fprintf(&b, "  %s (%d lines): %s.\n", name, counts[name], what[name])
		} else {
			fmt.Fprintf(&b, "  %s: %s.\n", name, what[name])
		}
	}
	if e.Presence == nil && e.Subject.User != "" {
		left = append(left, "  the state (Redis): where the user is connected, for minutes, at most an hour; it was not asked")
	}
	left = append(left, "  backups: they have the same rows, of earlier days, and are not searched",
		"  logs: ids and addresses of the events that are in audit.ndjson, in what collects them")
	fmt.Fprintf(&b, notes, e.othersNote(), strings.Join(left, "\n"), strings.Join(places, "\n"))
	return b.String()
}

// none says why a table has no file in this export.
func (e *Export) none(t place) string {
	if t.ofResource {
		return "it is about records, and says nothing of users"
	}
	return "it is about users, and says nothing of a record"
}

// othersNote says what an export of a user leaves out for the sake of other people (GDPR 15(4)).
func (e *Export) othersNote() string {
	if e.Subject.User == "" {
		return "  A record holds what everybody has written in it, with the ids of who wrote it: mind whom you give it to.\n"
	}
	text := ""
	if e.NoText {
		text = "  What the user typed is about other people, patients, and is withheld: \"length\" counts its characters.\n"
	}
	return `  An event that somebody else caused lacks that person's address, role and session ("withheld"); its hashes are of the whole.
  What other people wrote is left out, also where it came in the same change ("others" counts it). What the user gave back
  after a restore under numbers of before is marked "givenBack": who had typed it is not known for certain. What a page had in a
  field already, when the user's browser was the first to open it, counts as the user's.
` + text
}

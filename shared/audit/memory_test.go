package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/collab"
)

// memory is a store that a test can look into and change. The drivers' suites check that stores do the same.
type memory struct {
	rows        map[int][]collab.SealedRow
	pending     []collab.AuditRow
	checkpoints []collab.SealedCheckpoint
	floors      map[int]collab.AuditHead
	epoch       int64
	locked      bool // somebody archives
	journals    map[collab.Resource][]collab.JournalLine
	ended       map[collab.Resource]int64 // heads of those whose rows were all removed
	err         error // of every call, unless nil
}

func newMemory() *memory {
	return &memory{rows: map[int][]collab.SealedRow{}, floors: map[int]collab.AuditHead{}, epoch: 1, journals: map[collab.Resource][]collab.JournalLine{},
		ended: map[collab.Resource]int64{}}
}

// copied returns a store with rows of its own; what bodies, fields and details point to is shared.
func (m *memory) copied() *memory {
	c := *m
	c.rows = make(map[int][]collab.SealedRow, len(m.rows))
	for shard, rows := range m.rows {
		c.rows[shard] = slices.Clone(rows)
	}
	c.journals = make(map[collab.Resource][]collab.JournalLine, len(m.journals))
	for r, lines := range m.journals {
		c.journals[r] = slices.Clone(lines)
	}
	c.ended = maps.Clone(m.ended)
	c.pending, c.checkpoints, c.floors = slices.Clone(m.pending), slices.Clone(m.checkpoints), maps.Clone(m.floors)
	return &c
}

func (m *memory) SealAudit(_ context.Context, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n := min(limit, len(m.pending))
	for _, row := range link(m.heads(), m.pending[:n]) {
		m.rows[row.Shard] = append(m.rows[row.Shard], row)
	}
	m.pending = m.pending[n:]
	return n, nil
}

func (m *memory) PendingAudit(context.Context) (count int, oldest time.Time, err error) {
	if len(m.pending) > 0 {
		oldest = slices.MinFunc(m.pending, func(a, b collab.AuditRow) int { return a.RecordedAt.Compare(b.RecordedAt) }).RecordedAt
	}
	return len(m.pending), oldest, m.err
}

func (m *memory) PendingRows(_ context.Context, shard int, kind string) (rows []collab.AuditRow, err error) {
	for _, row := range m.pending {
		if row.Shard == shard && row.Type == kind {
			rows = append(rows, row)
		}
	}
	return rows, m.err
}

func (m *memory) heads() map[int]collab.AuditHead {
	heads := maps.Clone(m.floors)
	for shard, rows := range m.rows {
		if n := len(rows); n > 0 {
			heads[shard] = collab.AuditHead{Seq: rows[n-1].Seq, Chain: rows[n-1].Chain}
		}
	}
	return heads
}

func (m *memory) AuditState(context.Context) (collab.AuditState, error) {
	s := collab.AuditState{Epoch: m.epoch, Heads: m.heads(), Floors: maps.Clone(m.floors)}
	if n := len(m.checkpoints); n > 0 {
		s.Latest = m.checkpoints[n-1]
	}
	return s, m.err
}

func (m *memory) AuditRows(_ context.Context, shard int, after int64, limit int) ([]collab.SealedRow, error) {
	rows := m.rows[shard]
	first, _ := slices.BinarySearchFunc(rows, after+1, func(r collab.SealedRow, seq int64) int { return cmp.Compare(r.Seq, seq) })
	return rows[first:min(first+limit, len(rows))], m.err
}

func (m *memory) SelectAudit(_ context.Context, f collab.AuditFilter, after *collab.SealedRow, limit int) (found []collab.SealedRow, err error) {
	order := func(a, b *collab.SealedRow) int {
		return cmp.Or(a.RecordedAt.Compare(b.RecordedAt), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Seq, b.Seq))
	}
	for _, rows := range m.rows {
		for _, r := range rows {
			if (f.Actor == "" || f.Actor == r.Actor) && (after == nil || order(&r, after) > 0) {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(a, b collab.SealedRow) int { return order(&a, &b) })
	return found[:min(limit, len(found))], m.err
}

func (m *memory) KeepCheckpoint(_ context.Context, c collab.SealedCheckpoint) (bool, error) {
	if n := len(m.checkpoints); n > 0 && m.checkpoints[n-1].Number >= c.Number {
		return false, m.err
	}
	m.checkpoints = append(m.checkpoints, c)
	return true, m.err
}

func (m *memory) JournalLines(_ context.Context, spans []collab.JournalSpan, each func(at int, line *collab.JournalLine) error) error {
	for at, span := range spans {
		for _, line := range m.journals[span.Resource] {
			if line.Revision < span.From || line.Revision > span.To {
				continue
			}
			if err := each(at, &line); err != nil {
				return err
			}
		}
	}
	return m.err
}

// JournalEnds takes the last row for the head, but for a stray one.
func (m *memory) JournalEnds(_ context.Context, after collab.Resource, limit int) (ends []collab.JournalEnd, err error) {
	for r, lines := range m.journals {
		if cmp.Or(cmp.Compare(r.Tenant, after.Tenant), cmp.Compare(r.ID, after.ID)) <= 0 {
			continue
		}
		end := collab.JournalEnd{Resource: r, Revision: max(m.ended[r], 1)}
		for i, line := range lines {
			if line.Revision < firstJournalled {
				end.Stray = &lines[i].Revision
			}
			end.Revision = max(end.Revision, line.Revision)
		}
		ends = append(ends, end)
	}
	slices.SortFunc(ends, func(a, b collab.JournalEnd) int {
		return cmp.Or(cmp.Compare(a.Resource.Tenant, b.Resource.Tenant), cmp.Compare(a.Resource.ID, b.Resource.ID))
	})
	return ends[:min(limit, len(ends))], m.err
}

// write appends to a journal, in the name of a session.
func (m *memory) write(r collab.Resource, session collab.SessionID, field collab.Field, at time.Time) {
	lines := m.journals[r]
	revision := max(m.ended[r], 1) + 1
	if n := len(lines); n > 0 {
		revision = lines[n-1].Revision + 1
	}
	m.journals[r] = append(lines, collab.JournalLine{Resource: r, Revision: revision, User: "usr_" + collab.UserID(session), Session: session,
		Clients: []collab.ClientID{collab.ClientID(len(session))}, Fields: []collab.Field{field}, At: at, Sum: sha256.Sum256([]byte(fmt.Sprint(r, revision)))})
}

// remove removes the first n rows of a journal and returns them.
func (m *memory) remove(r collab.Resource, n int) []collab.JournalLine {
	removed := slices.Clone(m.journals[r][:n])
	m.ended[r] = m.journals[r][len(m.journals[r])-1].Revision
	m.journals[r] = slices.Clone(m.journals[r][n:])
	return removed
}

// objects is an archive in memory.
type objects map[string][]byte

func (o objects) Put(_ context.Context, key string, content io.Reader) (err error) {
	o[key], err = io.ReadAll(content)
	return err
}

func (o objects) Create(ctx context.Context, key string, content io.Reader) error {
	if _, there := o[key]; there {
		return fmt.Errorf("create %q: %w", key, collab.ErrExists)
	}
	return o.Put(ctx, key, content)
}

func (o objects) Get(_ context.Context, key string) (io.ReadCloser, error) {
	content, ok := o[key]
	if !ok {
		return nil, fmt.Errorf("get %q: %w", key, collab.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

func (o objects) List(_ context.Context, prefix string) (keys []string, err error) {
	for key := range o {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// keys returns a key pair of this test.
func keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

// installation is a trail with all that belongs to it, at a time that the test moves.
type installation struct {
	store    *memory
	archive  objects
	recorder *Recorder
	sealer   *Sealer
	notary   *Notary
	verifier note.Verifier
	time     time.Time
}

func newInstallation(t testing.TB) *installation {
	t.Helper()
	signer, verifier := keys(t)
	log := slog.New(slog.DiscardHandler)
	i := &installation{store: newMemory(), archive: objects{}, recorder: NewRecorder("i_1", log), verifier: verifier,
		time: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
	now := func() time.Time { return i.time }
	i.sealer, i.notary = NewSealer(i.store, log, now), NewNotary(i.store, i.archive, signer, log, now)
	return i
}

// record records n events of a few resources, as different as events are.
func (i *installation) record(n int) {
	for k := range n {
		if Types[k%len(Types)] == DocumentUpdated {
			i.write(k)
			continue
		}
		i.time = i.time.Add(37 * time.Millisecond)
		e := Event{Type: Types[k%len(Types)], Tenant: "default", Actor: collab.UserID(fmt.Sprintf("usr_%03d", k%7)), Role: "surgeon",
			Session: "s_1", Address: "127.0.0.1", Resource: collab.ResourceID(fmt.Sprintf("page:/patient/%d", k%5)), RecordedAt: i.time}
		switch k % 3 {
		case 0:
			e.Fields, e.RevisionFrom, e.RevisionTo = []collab.Field{"id-dosage", "values/id-ward"}, int64(k+1), int64(k+2)
		case 1:
			e.Fence, e.Reason, e.Outcome = int64(k), "emergency", Denied
		case 2:
			e.Details = map[string]string{"code": "E1", "è": "\"<&>"}
		}
		i.store.pending = append(i.store.pending, i.recorder.Row(e))
	}
}

// write writes three rows, which one event covers.
func (i *installation) write(k int) {
	r := collab.Resource{Tenant: "default", ID: collab.ResourceID(fmt.Sprintf("page:/patient/%d", k%5))}
	before := len(i.store.journals[r])
	for range 3 {
		i.time = i.time.Add(3 * time.Millisecond)
		i.store.write(r, "s_1", "id-dosage", i.time)
	}
	events, _ := Describe(i.store.journals[r][before:], false, true, i.time)
	for _, e := range events {
		i.store.pending = append(i.store.pending, i.recorder.Row(e))
	}
}

// seal chains what was recorded and signs it.
func (i *installation) seal(t testing.TB) {
	t.Helper()
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.notary.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (i *installation) trust() Trust { return Trust{Keys: []note.Verifier{i.verifier}, Now: i.time} }

// verify verifies the store with its archive.
func (i *installation) verify(t testing.TB) *Report {
	t.Helper()
	report, err := VerifyStore(t.Context(), i.store, i.archive, i.trust())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func wantStatus(t testing.TB, r *Report, want Status, parts ...string) {
	t.Helper()
	if r.Status() != want {
		t.Fatalf("the trail is %s, want %s: %v", r.Status(), want, r.Problems)
	}
	for _, part := range parts {
		if !strings.Contains(fmt.Sprint(r.Problems), part) {
			t.Fatalf("%v says nothing of %q", r.Problems, part)
		}
	}
}

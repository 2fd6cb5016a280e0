package audit

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"corsia/shared/collab"
)

// tampering is one way of changing a trail without the key.
type tampering struct {
	name string
	do   func(r *rand.Rand, i *installation)
}

// place returns a random row and where it is.
func place(r *rand.Rand, m *memory) (shard, at int) {
	var shards []int
	for shard := range Shards {
		for range m.rows[shard] {
			shards = append(shards, shard)
		}
	}
	shard = shards[r.IntN(len(shards))]
	return shard, r.IntN(len(m.rows[shard]))
}

// rechain gives the rows of a shard the hashes that their bodies have now.
func rechain(m *memory, shard int) {
	pending := make([]collab.AuditRow, len(m.rows[shard]))
	for k, row := range m.rows[shard] {
		pending[k] = row.AuditRow
	}
	m.rows[shard] = Link(nil, pending)
}

// forged returns a row like another one, which says something else.
func forged(r *rand.Rand, row collab.SealedRow) collab.SealedRow {
	e, err := Parse(row.Body)
	if err != nil {
		panic(err)
	}
	e.Actor += "x"
	if r.IntN(2) == 0 {
		e.Reason += "y"
	}
	again := columns(e.Row())
	again.Seq, again.Leaf, again.Chain = row.Seq, row.Leaf, row.Chain
	return again
}

// editors change one column each, and nothing else.
var editors = []func(r *collab.SealedRow){
	func(r *collab.SealedRow) { r.EventID += "0" },
	func(r *collab.SealedRow) { r.Tenant = "other" },
	func(r *collab.SealedRow) { r.RecordedAt = r.RecordedAt.Add(time.Microsecond) },
	func(r *collab.SealedRow) { r.Type += "S" },
	func(r *collab.SealedRow) { r.Outcome += "." },
	func(r *collab.SealedRow) { r.Actor += "1" },
	func(r *collab.SealedRow) { r.Role += "." },
	func(r *collab.SealedRow) { r.Session = "s_2" },
	func(r *collab.SealedRow) { r.Instance = "i_2" },
	func(r *collab.SealedRow) { r.Address = "127.0.0.2" },
	func(r *collab.SealedRow) { r.Resource += "0" },
	func(r *collab.SealedRow) { r.Fields = append(slices.Clone(r.Fields), "id-more") },
	func(r *collab.SealedRow) { r.RevisionFrom++ },
	func(r *collab.SealedRow) { r.RevisionTo++ },
	func(r *collab.SealedRow) { r.Fence++ },
	func(r *collab.SealedRow) { r.Reason += "?" },
	func(r *collab.SealedRow) { r.Details = map[string]string{"code": "E2"} },
	func(r *collab.SealedRow) { r.Leaf[7] ^= 1 },
	func(r *collab.SealedRow) { r.Chain[9] ^= 1 },
	func(r *collab.SealedRow) { r.Seq += 1000 },
}

// tamperings are the nine kinds; what the archive and an old epoch need is in the installation that each gets.
var tamperings = []tampering{
	{"edit a body", func(r *rand.Rand, i *installation) {
		shard, at := place(r, i.store)
		row := &i.store.rows[shard][at]
		row.Body = slices.Clone(row.Body)
		row.Body[r.IntN(len(row.Body))] ^= byte(1 + r.IntN(255))
	}},
	{"edit a column", func(r *rand.Rand, i *installation) {
		shard, at := place(r, i.store)
		editors[r.IntN(len(editors))](&i.store.rows[shard][at])
	}},
	{"delete", func(r *rand.Rand, i *installation) {
		shard, at := place(r, i.store)
		i.store.rows[shard] = slices.Delete(i.store.rows[shard], at, at+1)
		if r.IntN(2) == 0 { // and close the gap
			for k := at; k < len(i.store.rows[shard]); k++ {
				i.store.rows[shard][k].Seq--
			}
		}
	}},
	{"insert", func(r *rand.Rand, i *installation) {
		shard, at := place(r, i.store)
		row := forged(r, i.store.rows[shard][at])
		row.Leaf = Leaf(row.Body)
		row.Chain = Chain(row.Chain, row.Seq, row.Leaf)
		i.store.rows[shard] = slices.Insert(i.store.rows[shard], at, row)
		for k := at + 1; k < len(i.store.rows[shard]); k++ {
			i.store.rows[shard][k].Seq++
		}
	}},
	{"swap", func(r *rand.Rand, i *installation) {
		shard, a := place(r, i.store)
		rows := i.store.rows[shard]
		b := (a + 1 + r.IntN(len(rows)-1)) % len(rows)
		rows[a], rows[b] = rows[b], rows[a]
		rows[a].Seq, rows[b].Seq = rows[b].Seq, rows[a].Seq
		if r.IntN(2) == 0 { // the hashes stay where they were
			rows[a].Chain, rows[b].Chain = rows[b].Chain, rows[a].Chain
		}
	}},
	{"truncate the tail", func(r *rand.Rand, i *installation) {
		shard, at := place(r, i.store)
		i.store.rows[shard] = i.store.rows[shard][:at]
	}},
	{"drop an archive file", func(r *rand.Rand, i *installation) {
		names, err := i.archive.List(context.Background(), daysPrefix)
		if err != nil {
			panic(err)
		}
		name := names[r.IntN(len(names))]
		delete(i.archive, name)
		if r.IntN(2) == 0 { // the other one of its day too
			day := name[:len(daysPrefix+"2006/01/02")]
			for _, other := range names {
				if strings.HasPrefix(other, day) {
					delete(i.archive, other)
				}
			}
		}
	}},
	{"rewrite with fresh hashes", func(r *rand.Rand, i *installation) {
		shard, at := place(r, i.store)
		i.store.rows[shard][at] = forged(r, i.store.rows[shard][at])
		rechain(i.store, shard)
		if r.IntN(2) == 0 { // and no checkpoint in the store contradicts
			i.store.checkpoints = nil
		}
	}},
	{"replay an old epoch", func(r *rand.Rand, i *installation) {
		// All that the store has is as it was at some time before the restore that opened epoch 2.
		i.store.epoch = 1
		keep := 1 + r.IntN(2)
		i.store.checkpoints = i.store.checkpoints[:keep]
		c, err := parseCheckpoint(strings.SplitN(string(i.store.checkpoints[keep-1].Note), "\n\n", 2)[0])
		if err != nil {
			panic(err)
		}
		for shard := range i.store.rows {
			end := c.Heads[shard].Seq
			if later := int64(len(i.store.rows[shard])) - end; later > 0 {
				end += r.Int64N(later) // rows of epoch 1 that no checkpoint of it covers
			}
			i.store.rows[shard] = i.store.rows[shard][:end]
		}
	}},
}

// line returns a random row of a journal.
func line(r *rand.Rand, i *installation) (of collab.Resource, at int) {
	rs := slices.SortedFunc(maps.Keys(i.store.journals), func(a, b collab.Resource) int { return cmp.Compare(a.ID, b.ID) })
	of = rs[r.IntN(len(rs))]
	return of, r.IntN(len(i.store.journals[of]))
}

// journalTamperings change a journal and leave the trail as it is.
var journalTamperings = []tampering{
	{"journal: edit a row", func(r *rand.Rand, i *installation) {
		of, at := line(r, i)
		l := &i.store.journals[of][at]
		switch r.IntN(4) {
		case 0:
			l.Sum[r.IntN(len(l.Sum))] ^= 1
		case 1:
			l.Clients = append(slices.Clone(l.Clients), 7)
		case 2:
			l.Fields = []collab.Field{"values/id-allergy"}
		case 3:
			l.At = l.At.Add(time.Microsecond)
		}
	}},
	{"journal: change an author", func(r *rand.Rand, i *installation) {
		of, at := line(r, i)
		if r.IntN(2) == 0 {
			i.store.journals[of][at].User += "0"
		} else {
			i.store.journals[of][at].Session += "0"
		}
	}},
	{"journal: delete a row", func(r *rand.Rand, i *installation) {
		of, at := line(r, i)
		i.store.journals[of] = slices.Delete(i.store.journals[of], at, at+1)
		if r.IntN(2) == 0 { // and close the gap
			for k := at; k < len(i.store.journals[of]); k++ {
				i.store.journals[of][k].Revision--
			}
		}
	}},
	{"journal: delete the tail", func(r *rand.Rand, i *installation) {
		of, at := line(r, i)
		i.store.journals[of] = i.store.journals[of][:at]
	}},
	{"journal: insert a row", func(r *rand.Rand, i *installation) {
		of, at := line(r, i)
		lines := i.store.journals[of]
		forged := lines[at]
		forged.Sum[0] ^= 1
		switch r.IntN(3) {
		case 0: // before all others
			forged.Revision = r.Int64N(firstJournalled)
			i.store.journals[of] = slices.Insert(lines, 0, forged)
			return
		case 1: // in the place of another
			forged.Revision = lines[at].Revision
		case 2: // and move the others
			for k := at; k < len(lines); k++ {
				lines[k].Revision++
			}
		}
		i.store.journals[of] = slices.Insert(lines, at, forged)
	}},
	{"journal: swap two rows", func(r *rand.Rand, i *installation) {
		of, a := line(r, i)
		lines := i.store.journals[of]
		b := (a + 1 + r.IntN(len(lines)-1)) % len(lines)
		lines[a], lines[b] = lines[b], lines[a]
		lines[a].Revision, lines[b].Revision = lines[b].Revision, lines[a].Revision
	}},
}

// tampered returns an installation with days in the archive, several checkpoints and two epochs.
func tampered(t testing.TB) *installation {
	i := newInstallation(t)
	for day := range 4 {
		i.record(30)
		i.seal(t)
		if day != 2 {
			i.remove(patient, 1+day/2)
			i.seal(t)
		}
		if day == 2 {
			i.store.epoch = 2
			i.record(3)
			i.seal(t)
		}
		i.time = i.time.Truncate(24 * time.Hour).Add(24 * time.Hour)
		if _, err := ArchiveDay(t.Context(), i.store, i.archive, i.time.Add(-time.Hour), i.time); err != nil {
			t.Fatal(err)
		}
	}
	i.time = i.time.Add(72 * time.Hour)
	return i
}

// verdict verifies the store, or what concerns it, the archive.
func verdict(t testing.TB, i *installation, archive bool) *Report {
	t.Helper()
	if !archive {
		return i.verify(t)
	}
	report, err := VerifyArchive(t.Context(), i.archive, i.trust())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestT4EveryTamperingIsFound(t *testing.T) {
	base := tampered(t)
	for _, tt := range slices.Concat(tamperings, journalTamperings, removalTamperings) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			archive := tt.name == "drop an archive file"
			for seed := range uint64(places) {
				i := *base
				i.store, i.archive = base.store.copied(), objects{}
				for name, content := range base.archive {
					i.archive[name] = content
				}
				tt.do(rand.New(rand.NewPCG(seed, 0)), &i)
				for _, rows := range i.store.rows { // as a store returns them
					slices.SortStableFunc(rows, func(a, b collab.SealedRow) int { return cmp.Compare(a.Seq, b.Seq) })
				}
				report := verdict(t, &i, archive)
				if report.Status() == Intact {
					t.Fatalf("seed %d: it was not found", seed)
				}
				if report.Status() != Tampered && !archive {
					t.Fatalf("seed %d: %s, want tampered: %v", seed, report.Status(), report.Problems)
				}
			}
		})
	}
}

func TestT4NoFalseAlarm(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		i := newInstallation(t)
		for range 1 + r.IntN(4) {
			i.record(r.IntN(40))
			i.seal(t)
			i.record(r.IntN(3)) // not chained yet
			if n := len(i.store.journals[patient]) / 3; n > 0 {
				i.remove(patient, r.IntN(n+1)) // neither is that
			}
			if r.IntN(2) == 0 {
				i.time = i.time.Truncate(24 * time.Hour).Add(24 * time.Hour)
				if _, err := ArchiveDay(t.Context(), i.store, i.archive, i.time.Add(-time.Hour), i.time); err != nil {
					t.Fatal(err)
				}
			}
			i.seal(t)
			if r.IntN(3) == 0 {
				i.store.epoch++
			}
			i.record(1)
		}
		i.seal(t)
		i.record(2)
		wantStatus(t, i.verify(t), Intact)
		wantStatus(t, verdict(t, i, true), Intact)
	}
}

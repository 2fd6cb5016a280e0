package audit

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"corsia/shared/collab"
)

func TestT4AVerifiedTrailIsCounted(t *testing.T) {
	i := newInstallation(t)
	i.record(40)
	i.seal(t)
	i.record(2)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.record(3)
	report := i.verify(t)
	wantStatus(t, report, Intact)
	if report.Rows != 42 || report.Uncovered != 2 || report.Pending != 3 || report.Checkpoint.Number != 1 || report.Epoch != 1 {
		t.Fatalf("report %+v", report)
	}
}

func TestT4WhatNothingVouchesForIsIncomplete(t *testing.T) {
	i := newInstallation(t)
	i.record(40)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, i.verify(t), Incomplete, "no checkpoint")
	i.seal(t)
	i.record(2)
	wantStatus(t, i.verify(t), Intact)
	i.time = i.time.Add(61 * time.Second)
	wantStatus(t, i.verify(t), Incomplete, "2 events are not chained yet, the oldest for 1m1s") // T3
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, i.verify(t), Intact)
	i.time = i.time.Add(uncoveredLimit)
	wantStatus(t, i.verify(t), Incomplete, "2 rows older than 5m0s are covered by no checkpoint")
	i.seal(t)
	wantStatus(t, i.verify(t), Intact)
}

func TestT4AnotherKeysCheckpointIsNoneOfOurs(t *testing.T) {
	i := newInstallation(t)
	i.record(10)
	i.seal(t)
	_, i.verifier = keys(t)
	wantStatus(t, i.verify(t), Tampered, "not signed by the key")
	trust := i.trust()
	trust.Trusted = i.store.checkpoints[0].Note
	if _, err := VerifyStore(t.Context(), i.store, nil, trust); !errors.Is(err, ErrNotSigned) {
		t.Fatalf("a trusted checkpoint of another key: %v", err)
	}
}

func TestT4TheTrustedCheckpointStandsAboveStoreAndArchive(t *testing.T) {
	i := newInstallation(t)
	i.record(40)
	i.seal(t)
	earlier := i.store.copied()
	i.record(40)
	i.seal(t)
	trust := i.trust()
	trust.Trusted = i.store.checkpoints[1].Note
	report, err := VerifyStore(t.Context(), earlier, nil, trust) // a whole, older trail with its own checkpoint
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Tampered, "are missing, which the trusted checkpoint 2 knows")
	trust.Trusted = nil
	if report, err = VerifyStore(t.Context(), earlier, nil, trust); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Intact) // nothing else can tell
}

func TestD8RowsThatARestoreLostAreNamed(t *testing.T) {
	i := newInstallation(t)
	i.record(40)
	i.seal(t)
	restored := i.store.copied()
	i.record(40)
	i.seal(t) // its checkpoint is in the archive
	restored.epoch = 2
	i.store = restored
	i.sealer.store, i.notary.store = restored, restored
	i.record(5)
	i.seal(t)
	wantStatus(t, i.verify(t), Intact) // the newest checkpoint of the archive is of epoch 2
	trust := i.trust()
	for _, content := range i.archive {
		c, err := OpenCheckpoint(content, i.verifier)
		if err != nil {
			t.Fatal(err)
		}
		if c.Epoch == 1 && c.Number == 2 {
			trust.Trusted = content
		}
	}
	report, err := VerifyStore(t.Context(), i.store, nil, trust)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Incomplete, "before the restore that opened epoch 2")
}

func TestT5TheStoreGoesOnWhereTheArchiveEnds(t *testing.T) {
	i := newInstallation(t)
	i.record(60)
	i.seal(t)
	i.time = i.time.Add(24 * time.Hour)
	if _, err := ArchiveDay(t.Context(), i.store, i.archive, i.time.Add(-24*time.Hour), i.time); err != nil {
		t.Fatal(err)
	}
	i.store.floors = i.store.heads() // all rows leave
	clear(i.store.rows)
	i.record(60)
	i.seal(t)
	report := i.verify(t)
	wantStatus(t, report, Intact)
	if report.Rows != 120 {
		t.Fatalf("%d rows, want those of the archive too", report.Rows)
	}
	report, err := VerifyStore(t.Context(), i.store, nil, i.trust())
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, report, Incomplete, "which was not given")
	for shard, floor := range i.store.floors { // a floor that the archive does not know
		floor.Chain[0] ^= 1
		i.store.floors[shard] = floor
		break
	}
	wantStatus(t, i.verify(t), Tampered)
}

func TestT5ADayIsArchivedOnceAndInOrder(t *testing.T) {
	i := newInstallation(t)
	i.record(30)
	i.seal(t)
	day := i.time
	m, err := ArchiveDay(t.Context(), i.store, i.archive, day, day.Add(24*time.Hour))
	if err != nil || m.Rows != 30 || m.Previous != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, again := range []time.Time{day, day.Add(-24 * time.Hour)} {
		if _, err := ArchiveDay(t.Context(), i.store, i.archive, again, day); !errors.Is(err, ErrArchived) {
			t.Fatalf("archiving %v again: %v", again, err)
		}
	}
	i.time = day.Add(48 * time.Hour) // rows of later days stay
	i.record(10)
	i.seal(t)
	if m, err = ArchiveDay(t.Context(), i.store, i.archive, day.Add(24*time.Hour), i.time); err != nil || m.Rows != 0 || m.Previous == "" {
		t.Fatalf("%+v, %v", m, err)
	}
	if m, err = ArchiveDay(t.Context(), i.store, i.archive, day.Add(48*time.Hour), i.time.Add(24*time.Hour)); err != nil || m.Rows != 10 {
		t.Fatalf("%+v, %v", m, err)
	}
	wantStatus(t, verdict(t, i, true), Intact)
}

func TestT5AnArchiveThatStoppedIsIncomplete(t *testing.T) {
	i := newInstallation(t)
	i.record(30)
	i.seal(t)
	wantStatus(t, verdict(t, i, true), Intact) // its day is not over
	i.time = i.time.Add(96 * time.Hour)
	wantStatus(t, verdict(t, i, true), Incomplete, "are missing")
}

func TestT5ALineIsReadAsItWasWritten(t *testing.T) {
	for _, body := range []string{sampleBody, "no JSON\xff", "{\n}", ""} {
		row := Link(nil, []collab.AuditRow{{Shard: 7, Body: []byte(body)}})[0]
		got, err := ParseLine(AppendLine(nil, &row))
		if err != nil || string(got.Body) != body || got.Seq != 1 || got.Shard != 7 || got.Leaf != row.Leaf || got.Chain != row.Chain {
			t.Fatalf("%q became %+v, %v", body, got, err)
		}
	}
}

func TestT4ACheckpointIsReadAsItWasSigned(t *testing.T) {
	signer, verifier := keys(t)
	i := newInstallation(t)
	i.record(40)
	if err := i.sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := Checkpoint{Epoch: 3, Number: 7, At: i.time, Heads: i.store.heads()}
	signed, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenCheckpoint(signed, verifier)
	if err != nil || got.text() != c.text() {
		t.Fatalf("%+v, %v", got, err)
	}
	for at := range signed {
		changed := append([]byte{}, signed...)
		changed[at] ^= 1
		if got, err := OpenCheckpoint(changed, verifier); err == nil && got.text() != c.text() {
			t.Fatalf("byte %d changed, and it is still signed", at)
		}
	}
	for _, text := range []string{"", "hello\n", checkpointHeader + "\nepoch 1\nnumber 1\n", checkpointHeader + "\nepoch 1\nnumber 1\ntime 2031-02-03T04:05:06.000000Z\nshard 64 1 AA==\n",
		checkpointHeader + "\nepoch 01\nnumber 1\ntime 2031-02-03T04:05:06.000000Z\n"} {
		other, err := note.Sign(&note.Note{Text: "x\n" + text}, signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCheckpoint(other, verifier); err == nil {
			t.Fatalf("%q passes for a checkpoint", text)
		}
	}
}

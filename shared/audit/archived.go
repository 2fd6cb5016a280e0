package audit

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"corsia/shared/collab"
)

// Line returns a sealed row as one line of an export.
func Line(f Format, r *collab.SealedRow) ([]byte, error) {
	if f == FHIR {
		return fhirLine(r)
	}
	return AppendLine(nil, r), nil
}

// PendingLine returns a row that has no place in a chain yet as one line of an export.
func PendingLine(f Format, r collab.AuditRow) ([]byte, error) {
	if f == FHIR {
		row := columns(r)
		return fhirLine(&row)
	}
	return append(append([]byte(`{"pending":true,"event":`), r.Body...), "}\n"...), nil
}

// ErrIncomplete is the error of an archive that lacks rows which have left the store.
var ErrIncomplete = errors.New("the archive lacks rows that have left the store")

// EachArchived hands out the rows that have left a store for the archive, those up to the floors, in the order of the archive.
// An object that is not what its manifest says is an error.
func EachArchived(ctx context.Context, objects Objects, floors map[int]collab.AuditHead, f func(*collab.SealedRow) error) error {
	if len(floors) == 0 {
		return nil
	}
	all, _, err := manifests(ctx, objects)
	if err != nil {
		return fmt.Errorf("read archive of audit trail: %w", err)
	}
	read := map[int]int64{} // by shard, the last seq
	for i := range all {
		if !all[i].left(floors) {
			continue
		}
		if err := all[i].each(ctx, objects, floors, read, f); err != nil {
			return fmt.Errorf("read archive of audit trail, object %s: %w", all[i].Object, err)
		}
	}
	for shard, floor := range floors {
		if read[shard] < floor.Seq {
			return fmt.Errorf("read archive of audit trail: %w: shard %d from seq %d to %d", ErrIncomplete, shard, read[shard]+1, floor.Seq)
		}
	}
	return nil
}

// left reports whether a day has rows that have left the store.
func (m *Manifest) left(floors map[int]collab.AuditHead) bool {
	for shard, part := range m.Shards {
		if part.First <= floors[shard].Seq {
			return true
		}
	}
	return false
}

// each hands out the rows of one object that have left the store.
func (m *Manifest) each(ctx context.Context, objects Objects, floors map[int]collab.AuditHead, read map[int]int64, f func(*collab.SealedRow) error) error {
	object, err := objects.Get(ctx, m.Object)
	if err != nil {
		return err
	}
	defer object.Close()
	sum := sha256.New()
	content := io.TeeReader(object, sum)
	zip, err := gzip.NewReader(content)
	if err != nil {
		return err
	}
	scan := bufio.NewScanner(zip)
	scan.Buffer(make([]byte, 64<<10), maxLineBytes)
	for scan.Scan() {
		row, err := ParseLine(scan.Bytes())
		if err != nil {
			return err
		}
		if row.Seq > floors[row.Shard].Seq {
			continue // the store has it too
		}
		if row.Seq != read[row.Shard]+1 {
			return fmt.Errorf("%w: shard %d has seq %d after %d", ErrIncomplete, row.Shard, row.Seq, read[row.Shard])
		}
		read[row.Shard] = row.Seq
		if err := f(&row); err != nil {
			return err
		}
	}
	if err := scan.Err(); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != m.SHA256 {
		return errors.New("its hash is not that of its manifest")
	}
	return nil
}

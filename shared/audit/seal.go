package audit

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"corsia/shared/collab"
	"corsia/shared/obs"
)

const (
	sealEvery   = time.Second      // what is recorded is chained within twice that (T3)
	sealBatch   = 4096             // rows of one transaction
	sealTimeout = 10 * time.Second // one transaction
)

// Link gives pending rows their places in the chains, in the order given, and the columns that their bodies say. heads are
// the ends of the chains, by shard. It changes neither.
func Link(heads map[int]collab.AuditHead, pending []collab.AuditRow) []collab.SealedRow {
	ends := make(map[int]collab.AuditHead, len(heads))
	for shard, head := range heads {
		ends[shard] = head
	}
	sealed := make([]collab.SealedRow, len(pending))
	for i := range pending {
		row := columns(pending[i])
		end := ends[row.Shard]
		row.Seq, row.Leaf = end.Seq+1, Leaf(row.Body)
		row.Chain = Chain(end.Chain, row.Seq, row.Leaf)
		ends[row.Shard] = collab.AuditHead{Seq: row.Seq, Chain: row.Chain}
		sealed[i] = row
	}
	return sealed
}

// columns returns the row with the columns that its body says. A body that cannot be read, which only another program may
// have written, is chained as it is: nothing is dropped, and the verifier names it.
func columns(pending collab.AuditRow) collab.SealedRow {
	row := collab.SealedRow{AuditRow: pending}
	e, err := Parse(pending.Body)
	if err != nil {
		return row
	}
	row.Role, row.Instance, row.Address, row.Reason = e.Role, e.Instance, e.Address, e.Reason
	row.Fields, row.Details = e.Fields, e.Details
	row.RevisionFrom, row.RevisionTo, row.Fence = e.RevisionFrom, e.RevisionTo, e.Fence
	return row
}

// SealStore is the store, as the sealer sees it.
type SealStore interface {
	// SealAudit moves pending rows into the chains, up to limit in a transaction: of the shards that no other instance is
	// sealing, in the order in which they were recorded, as link says, which may be called by several goroutines. A row whose
	// event id is in a chain already is not chained again. It returns how many were chained.
	SealAudit(ctx context.Context, limit int, link func(map[int]collab.AuditHead, []collab.AuditRow) []collab.SealedRow) (int, error)
	// PendingAudit returns how many rows wait to be chained, and the time of the oldest (zero: none).
	PendingAudit(ctx context.Context) (count int, oldest time.Time, err error)
}

// Sealer chains the rows that all instances have recorded (T3). Every instance has one; for each shard one works at a time.
type Sealer struct {
	store SealStore
	log   *slog.Logger
	now   func() time.Time

	oldest atomic.Int64 // µs since 1970 of the oldest row that the last round left; 0: none
	round  atomic.Int64 // likewise, when the last round began that succeeded
	failed atomic.Bool  // the last round did not
}

// NewSealer returns a sealer, which Run runs.
func NewSealer(store SealStore, log *slog.Logger, now func() time.Time) *Sealer {
	s := &Sealer{store: store, log: log, now: now}
	s.round.Store(now().UnixMicro())
	return s
}

// Run seals every second until ctx ends.
func (s *Sealer) Run(ctx context.Context) {
	rounds(ctx, sealEvery, &s.failed, s.Seal, func(err error) {
		if err != nil {
			s.log.Warn("audit: seal", obs.Err(err))
		} else {
			s.log.Info("audit: sealing goes on")
		}
	})
}

// rounds works every so often until ctx ends. It tells of the first round of a row that failed, and of the first one after
// them that did not (nil); failed says how the round before ended, which work sets.
func rounds(ctx context.Context, every time.Duration, failed *atomic.Bool, work func(context.Context) error, tell func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		before := failed.Load()
		if err := work(ctx); (err != nil) != before && (err == nil || ctx.Err() == nil) {
			tell(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Seal chains everything that is pending now, unless another instance does.
func (s *Sealer) Seal(ctx context.Context) error {
	begun := s.now()
	err := s.seal(ctx)
	s.failed.Store(err != nil)
	if err == nil {
		s.round.Store(begun.UnixMicro())
	}
	return err
}

func (s *Sealer) seal(ctx context.Context) error {
	for {
		n, err := s.batch(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	_, oldest, err := s.store.PendingAudit(ctx)
	if err != nil {
		return err
	}
	if oldest.IsZero() {
		s.oldest.Store(0)
	} else {
		s.oldest.Store(oldest.UnixMicro())
	}
	return nil
}

func (s *Sealer) batch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, sealTimeout)
	defer cancel()
	return s.store.SealAudit(ctx, sealBatch, Link)
}

// Lag returns the age of the oldest event that is not chained, as far as the last round knew. While the store does not
// answer it is the time since it last did.
func (s *Sealer) Lag() time.Duration {
	if s.failed.Load() {
		return s.now().Sub(time.UnixMicro(s.round.Load()))
	}
	if oldest := s.oldest.Load(); oldest > 0 {
		return max(0, s.now().Sub(time.UnixMicro(oldest)))
	}
	return 0
}

package postgres

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// refusal is an error of one job that has written nothing: the others of its transaction go on.
type refusal struct{ error }

func refuse(err error) error { return refusal{err} }

// Unwrap returns what the caller is told.
func (r refusal) Unwrap() error { return r.error }

var (
	// errUnreachable marks a transaction that has not begun.
	errUnreachable = errors.New("store cannot be reached")
	// errUnknown marks a transaction of which nobody knows whether it was committed: the connection was lost at COMMIT.
	errUnknown = errors.New("outcome of the commit is unknown")
)

// verdict says what a failed transaction means for its jobs.
type verdict int

const (
	repeat  verdict = iota // nothing was written, and the same may work at once: a deadlock
	pause                  // nothing was written: the server has gone, is going, or cannot write now
	isolate                // nothing was written, by the fault of some row: each job is tried by itself
	unknown                // perhaps everything was written
)

// SQLSTATEs that say that the server, not the data, is the reason (PostgreSQL manual, appendix A).
const (
	stateReadOnly     = "25006" // the connection is to a standby
	stateSerialize    = "40001"
	stateDeadlock     = "40P01"
	classConnection   = "08"
	classResources    = "53" // disk full, out of memory, too many connections
	classIntervention = "57" // shutting down, crashed, starting
	classSystem       = "58" // I/O error
	stateCanceled     = "57014"
	stateTooMany      = "53300" // connections
)

// judge returns the verdict on the error of a transaction.
func judge(err error) verdict {
	switch {
	case errors.Is(err, errUnknown):
		return unknown
	case errors.Is(err, errUnreachable):
		return pause
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return pause // the connection was lost, or its deadline has passed, before COMMIT was sent
	}
	switch {
	case e.Code == stateSerialize || e.Code == stateDeadlock:
		return repeat
	case e.Code == stateCanceled: // its statement took too long
		return isolate
	case e.Code == stateReadOnly:
		return pause
	}
	switch e.Code[:min(2, len(e.Code))] {
	case classConnection, classResources, classIntervention, classSystem:
		return pause
	}
	return isolate
}

// Away reports whether an error says that the server cannot be reached, does not answer or is going, and not that it
// refused.
func Away(err error) bool {
	if e, answered := errors.AsType[*pgconn.PgError](err); answered {
		switch {
		case e.Code == stateReadOnly || e.Code == stateTooMany:
			return true
		case e.Code == stateCanceled:
			return false
		}
		class := e.Code[:min(2, len(e.Code))]
		return class == classConnection || class == classIntervention
	}
	if errors.Is(err, ErrClosed) {
		return false
	}
	if _, network := errors.AsType[net.Error](err); network { // the end of a time limit is one too
		return true
	}
	return errors.Is(err, errUnreachable) || errors.Is(err, errUnknown) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// atCommit returns what an error of the statements that end in COMMIT means: an error that the server told ended the
// transaction without a trace; after anything else COMMIT may have been carried out.
func atCommit(err error) error {
	if err == nil || pgconn.SafeToRetry(err) {
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.SeverityUnlocalized == "ERROR" {
		return err
	}
	return fmt.Errorf("%w: %w", errUnknown, err)
}

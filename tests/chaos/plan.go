// Package chaos breaks a cluster while clients edit, lock, join and leave, and has a judge look at what came of it
// (tests/chaos/check). A seed chooses who does what and what breaks when; it does not choose the machine's timing. The
// package owns the plan, the clients and the run; the test owns the cluster.
package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// FaultKind says what breaks.
type FaultKind string

// What can break.
const (
	KillInstance    FaultKind = "kill -9 of an instance"
	StopInstance    FaultKind = "orderly restart of an instance"
	FreezeInstance  FaultKind = "freeze of an instance"
	KillRedis       FaultKind = "kill of Redis, which loses everything"
	FreezeRedis     FaultKind = "freeze of Redis"
	ForgetRedis     FaultKind = "loss of all that Redis has"
	FailOverRedis   FaultKind = "fail-over to a Redis that lost the last writes"
	KillRabbit      FaultKind = "kill of RabbitMQ"
	FreezeRabbit    FaultKind = "freeze of RabbitMQ"
	RestartPostgres FaultKind = "immediate restart of PostgreSQL"
	FreezePostgres  FaultKind = "freeze of PostgreSQL"
	CutRedis        FaultKind = "cut between an instance and Redis"
	CutRabbit       FaultKind = "cut between an instance and RabbitMQ"
	CutPostgres     FaultKind = "cut between an instance and PostgreSQL"
	CutPeers        FaultKind = "cut between the others and an instance"
	DropRabbit      FaultKind = "loss of what RabbitMQ sends to an instance"
	DropPostgres    FaultKind = "loss of what PostgreSQL answers to an instance"
	DelayRedis      FaultKind = "delay between an instance and Redis"
	DelayPostgres   FaultKind = "delay between an instance and PostgreSQL"
)

// Fault is something that breaks.
type Fault struct {
	Kind     FaultKind
	Instance int           // which, of those that have one
	After    time.Duration // the end of the fault before, or the start
	For      time.Duration // until it is healed
}

func (f Fault) String() string {
	return fmt.Sprintf("%s (%d) for %v", f.Kind, f.Instance, f.For.Round(time.Millisecond))
}

// Plan is what a seed chooses.
type Plan struct {
	Seed   uint64
	Rooms  []string
	Actors []Role
	Faults []Fault
}

// Role is what one client does.
type Role struct {
	User   string
	Viewer bool
	Seed   uint64 // of its choices
}

// Setting is what a plan is made for.
type Setting struct {
	Instances int
	Kinds     []FaultKind // that may happen; empty: none
	Length    time.Duration
}

const (
	rooms        = 3
	fewestActors = 8
	moreActors   = 6
	viewerEvery  = 5
	sharedBy     = 3 // every third actor has its user from the one before: locks may be taken over

	shortestFault = 300 * time.Millisecond
	longestFault  = 4 * time.Second
	shortestCalm  = 500 * time.Millisecond
	longestCalm   = 2 * time.Second
)

// NewPlan returns the plan of a seed.
func NewPlan(seed uint64, s Setting) Plan {
	r := rand.New(rand.NewPCG(seed, 0))
	p := Plan{Seed: seed}
	for i := range rooms {
		p.Rooms = append(p.Rooms, fmt.Sprintf("page:/chaos/%d", i))
	}
	n := fewestActors + r.IntN(moreActors)
	for i := range n {
		role := Role{User: fmt.Sprintf("usr_%d", i), Viewer: i%viewerEvery == viewerEvery-1, Seed: r.Uint64()}
		if i%sharedBy == sharedBy-1 {
			role.User = p.Actors[i-1].User
		}
		p.Actors = append(p.Actors, role)
	}
	for left := s.Length; len(s.Kinds) > 0; {
		f := Fault{Kind: s.Kinds[r.IntN(len(s.Kinds))], Instance: r.IntN(s.Instances), After: between(r, shortestCalm, longestCalm),
			For: between(r, shortestFault, longestFault)}
		if left -= f.After + f.For; left < 0 {
			break
		}
		p.Faults = append(p.Faults, f)
	}
	return p
}

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}

package measure

import (
	"os"
	"runtime"
	"time"
)

// Usage is what was spent up to a moment, or between two.
type Usage struct {
	At      time.Time
	Elapsed time.Duration // between two moments
	Server  time.Duration // processor time of the server
	Own     time.Duration // of this process
	Machine time.Duration // of everything, on all cores
}

// Spent returns what has been spent up to now. Without a server its time is zero.
func Spent(server Process) Usage {
	return Usage{At: time.Now(), Server: server.CPU(), Own: Process(os.Getpid()).CPU(), Machine: MachineBusy()}
}

// Since returns what was spent between an earlier moment and u.
func (u Usage) Since(before Usage) Usage {
	return Usage{At: u.At, Elapsed: u.At.Sub(before.At), Server: u.Server - before.Server, Own: u.Own - before.Own,
		Machine: u.Machine - before.Machine}
}

// Others returns the share of all cores that neither the server nor this process used. Above 0.1 latencies are disturbed.
func (u Usage) Others() float64 {
	if u.Elapsed <= 0 {
		return 0
	}
	others := u.Machine - u.Server - u.Own
	return max(0, others.Seconds()/(u.Elapsed.Seconds()*float64(runtime.NumCPU())))
}

package measure

import (
	"os"
	"runtime"
	"time"
)

// Consumer is something that takes processor time: a process, or several that belong together.
type Consumer struct {
	Name string
	CPU  func() time.Duration
}

// Usage is what was spent up to a moment, or between two.
type Usage struct {
	At       time.Time
	Elapsed  time.Duration   // between two moments
	Servers  []time.Duration // processor time of each server
	Services []time.Duration // of each of what stands behind them
	Own      time.Duration   // of this process
	Machine  time.Duration   // of everything, on all cores
}

// Spent returns what has been spent up to now.
func Spent(servers []Process, services []Consumer) Usage {
	u := Usage{At: time.Now(), Own: Process(os.Getpid()).CPU(), Machine: MachineBusy()}
	for _, s := range servers {
		u.Servers = append(u.Servers, s.CPU())
	}
	for _, s := range services {
		u.Services = append(u.Services, s.CPU())
	}
	return u
}

// Since returns what was spent between an earlier moment and u, of the same servers and services.
func (u Usage) Since(before Usage) Usage {
	d := Usage{At: u.At, Elapsed: u.At.Sub(before.At), Own: u.Own - before.Own, Machine: u.Machine - before.Machine}
	for i := range u.Servers {
		d.Servers = append(d.Servers, u.Servers[i]-before.Servers[i])
	}
	for i := range u.Services {
		d.Services = append(d.Services, u.Services[i]-before.Services[i])
	}
	return d
}

// Server returns the processor time of all servers.
func (u Usage) Server() time.Duration { return sum(u.Servers) }

// Cores returns a processor time as a share of one core, in percent.
func (u Usage) Cores(d time.Duration) float64 { return 100 * d.Seconds() / u.Elapsed.Seconds() }

// Others returns the share of all cores that none of them used. Above 0.1 latencies are disturbed.
func (u Usage) Others() float64 {
	if u.Elapsed <= 0 {
		return 0
	}
	others := u.Machine - u.Server() - sum(u.Services) - u.Own
	return max(0, others.Seconds()/(u.Elapsed.Seconds()*float64(runtime.NumCPU())))
}

func sum(all []time.Duration) time.Duration {
	total := time.Duration(0)
	for _, d := range all {
		total += d
	}
	return total
}

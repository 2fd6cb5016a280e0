package backup

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const progressEvery = time.Second

// progress tells how far a step is: bytes or tables, rate, and how long it will still take at that rate.
type progress struct {
	// Set by newProgress, never changed.
	say   func(string)
	name  string
	now   func() time.Time
	begin time.Time
	total int64

	// Guarded by mu.
	mu   sync.Mutex
	done int64
	said time.Time
}

func newProgress(say func(string), name string, now func() time.Time, total int64) *progress {
	return &progress{say: say, name: name, now: now, begin: now(), total: max(total, 1)}
}

// add notes bytes that are done. What is written too often is left out, but for the end.
func (p *progress) add(n int64, what string) {
	p.mu.Lock()
	p.done += n
	done, now := p.done, p.now()
	due := now.Sub(p.said) >= progressEvery || done >= p.total || what != ""
	if due {
		p.said = now
	}
	p.mu.Unlock()
	if !due {
		return
	}
	rate := float64(done) / max(now.Sub(p.begin).Seconds(), 1e-3)
	left := time.Duration(float64(max(p.total-done, 0)) / max(rate, 1) * float64(time.Second))
	p.say(fmt.Sprintf("%s: %d%% %s of %s, %s/s, %s left%s", p.name, min(100, 100*done/p.total), Size(done), Size(p.total), Size(int64(rate)),
		left.Round(time.Second), what))
}

// table notes that a table's rows are in.
func (p *progress) table(m *Manifest, name string) {
	if name == "" { // all at once
		p.add(p.total, "")
		return
	}
	for _, t := range m.Tables {
		if t.Name == name {
			p.add(t.Bytes, ", table "+name)
		}
	}
}

// through notes what is written to a writer.
func (p *progress) through(to io.Writer) io.Writer { return io.MultiWriter(to, (*noted)(p)) }

type noted progress

// Write counts.
func (n *noted) Write(b []byte) (int, error) {
	(*progress)(n).add(int64(len(b)), "")
	return len(b), nil
}

func totalBytes(m *Manifest) (n int64) {
	for _, t := range m.Tables {
		n += t.Bytes
	}
	return n
}

// Size returns a number of bytes for people.
func Size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, name := float64(n)/unit, 0
	for value >= unit && name < 3 {
		value, name = value/unit, name+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[name])
}

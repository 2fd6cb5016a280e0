package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of times in /proc (USER_HZ), which is 100 on every Linux.
const ticksPerSecond = 100

// Process is a process of this machine, by its id. Its figures come from /proc: without one, or once the process has
// ended, they are zero.
type Process int

// CPU returns the processor time that the process has used, in user mode and in the kernel, to 10 ms.
func (p Process) CPU() time.Duration {
	fields := p.stat()
	if fields == nil {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64) // the kernel's numbers parse
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return ticks(user + system)
}

// Resident returns the bytes of memory that the process has in RAM.
func (p Process) Resident() int64 {
	data, err := os.ReadFile(p.file("statm"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// Alive reports whether the process runs.
func (p Process) Alive() bool {
	fields := p.stat()
	return fields != nil && fields[0] != "Z"
}

// stat returns the fields of /proc/<pid>/stat from the state on; before it stands the name, which may contain anything.
func (p Process) stat() []string {
	data, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return nil
	}
	end := strings.LastIndexByte(string(data), ')')
	fields := strings.Fields(string(data[end+1:]))
	if len(fields) < 13 {
		return nil
	}
	return fields
}

func (p Process) file(name string) string {
	return filepath.Join("/proc", strconv.Itoa(int(p)), name)
}

// MachineBusy returns the processor time that all processes of the machine and its kernel have used, of all cores.
func MachineBusy() time.Duration {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(data), "\n")
	busy, err := busyTicks(line)
	if err != nil {
		return 0
	}
	return ticks(busy)
}

// busyTicks sums the first line of /proc/stat but what was idle or waiting for disks; guests are in user time already.
func busyTicks(line string) (int64, error) {
	const (
		idle, waiting = 4, 5
		stolen        = 8
	)
	fields := strings.Fields(line)
	if len(fields) <= stolen || fields[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	sum := int64(0)
	for i := 1; i <= stolen; i++ {
		if i == idle || i == waiting {
			continue
		}
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func ticks(n int64) time.Duration { return time.Duration(n) * time.Second / ticksPerSecond }

package pgtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is the unit of processor times in /proc, a fixed 1/100 s on Linux.
const ticks = 10 * time.Millisecond

// Freeze stops all processes of the server (SIGSTOP): connections stay, nothing answers.
func (s *Server) Freeze() { s.signalAll(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signalAll(syscall.SIGCONT) }

// signalAll signals the server's main process, then its children, so that none is born in between.
func (s *Server) signalAll(signal syscall.Signal) {
	s.process.Process.Signal(signal)
	for _, child := range s.children() {
		syscall.Kill(child.pid, signal)
	}
}

// CPU returns the processor time that the server's running processes have taken.
func (s *Server) CPU() time.Duration {
	var sum time.Duration
	for _, child := range s.children() {
		sum += child.cpu
	}
	return sum
}

type child struct {
	pid int
	cpu time.Duration
}

// children returns the processes that the server's main process has started.
func (s *Server) children() []child {
	parent := strconv.Itoa(s.process.Process.Pid)
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var found []child
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // has ended
		}
		// After the name, which may hold anything: state, parent, …; the 12th and 13th are user and system time.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 13 || fields[1] != parent {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		found = append(found, child{pid: pid, cpu: time.Duration(user+system) * ticks})
	}
	return found
}

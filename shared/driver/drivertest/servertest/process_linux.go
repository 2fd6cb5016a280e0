package servertest

import "syscall"

// EndWithUs has a server get a signal when the tests are killed. A process group of its own keeps the terminal's Ctrl-C
// from it: who started it ends it, after what needs it.
func EndWithUs(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: signal, Setpgid: true}
}

package pgtest

import "syscall"

// endWithUs makes a server end, as after Kill, when the tests are killed. A process group of its own keeps the terminal's
// Ctrl-C from it: who started it ends it, after what needs it.
func endWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
}

package rabbittest

import "syscall"

// dieWithUs makes the server end when the tests are killed. A process group of its own keeps the terminal's
// Ctrl-C from it: who started it ends it, after what needs it.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

package rig

import "syscall"

// endWithUs makes a process end when this program is killed. A process group of its own keeps the terminal's Ctrl-C from
// it: this program ends what it started, in order.
func endWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

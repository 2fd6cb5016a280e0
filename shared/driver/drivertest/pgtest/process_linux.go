package pgtest

import "syscall"

// endWithUs makes a server end, as after Kill, when the tests are killed.
func endWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} }

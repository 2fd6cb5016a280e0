package rabbittest

import "syscall"

// dieWithUs makes the server end when the tests are killed.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

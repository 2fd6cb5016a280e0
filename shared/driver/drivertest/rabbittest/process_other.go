//go:build !linux

package rabbittest

import "syscall"

// dieWithUs does nothing where the system has no such signal: a killed test run leaves its servers behind.
func dieWithUs() *syscall.SysProcAttr { return nil }

//go:build !linux

package pgtest

import "syscall"

// endWithUs does nothing where the system has no such signal: a killed test run leaves its servers behind.
func endWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

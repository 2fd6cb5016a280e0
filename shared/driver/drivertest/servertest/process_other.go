//go:build !linux

package servertest

import "syscall"

// EndWithUs does nothing where the system has no such signal: a killed test run leaves its servers behind.
func EndWithUs(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

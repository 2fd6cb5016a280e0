//go:build !linux

package rig

import "syscall"

// endWithUs does nothing where the system has no such signal: a killed program leaves its processes behind.
func endWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

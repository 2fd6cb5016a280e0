//go:build !linux

package testkit

import "syscall"

// dieWithUs does nothing where the system has no such signal: a killed test run leaves its gateways behind.
func dieWithUs() *syscall.SysProcAttr { return nil }

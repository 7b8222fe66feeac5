//go:build unix && !linux

package dynamo

import "syscall"

// procAttr puts the JVM in a process group of its own, so that Ctrl-C in a terminal reaches only us and the items can still
// be saved. Only Linux can also end it with us when we are killed.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

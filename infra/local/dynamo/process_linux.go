package dynamo

import "syscall"

// procAttr puts the JVM in a process group of its own, so that Ctrl-C in a terminal reaches only us and the items can still
// be saved, and has the kernel kill it when we are killed, so that nothing is left behind.
func procAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

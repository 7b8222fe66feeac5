package dynamo

import (
	"os/exec"
	"runtime"
)

// startPinned starts the command on an operating system thread that lives as long as the command, because Linux ties the
// "signal me when my parent dies" of procAttr to the thread that started it. ended is called once with how it ended.
func startPinned(cmd *exec.Cmd, ended func(error)) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}

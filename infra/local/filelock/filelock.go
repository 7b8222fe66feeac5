// Package filelock takes advisory locks on files, which the system gives up when a process ends, however it ends.
package filelock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock opens the file and takes an advisory lock on it, exclusive or shared, waiting for it. Closing the file gives it up,
// and so does the end of the process, however it ends.
func Lock(path string, exclusive bool) (*os.File, error) {
	return flock(path, exclusive, 0)
}

// TryLock is Lock that does not wait: the file is nil if someone else has a lock that is in the way.
func TryLock(path string, exclusive bool) (*os.File, error) {
	f, err := flock(path, exclusive, syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return f, err
}

func flock(path string, exclusive bool, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	for {
		err = syscall.Flock(int(f.Fd()), how|flags)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

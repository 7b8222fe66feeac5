package filelock

import "testing"

func TestLocksExcludeEachOtherAndSharedOnesDoNot(t *testing.T) {
	path := t.TempDir() + "/lock"
	first, err := Lock(path, false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := TryLock(path, false)
	if err != nil || second == nil {
		t.Fatalf("a second shared lock: %v, %v", second, err)
	}
	if third, err := TryLock(path, true); err != nil || third != nil {
		t.Errorf("an exclusive lock beside shared ones: %v, %v, want none and no error", third, err)
	}
	_, _ = first.Close(), second.Close()
	if third, err := TryLock(path, true); err != nil || third == nil {
		t.Errorf("an exclusive lock alone: %v, %v", third, err)
	}
}

package state

import "syscall"

// setFSUser makes this thread's file access that of another user.
func setFSUser(uid int) bool { return syscall.Setfsuid(uid) == nil }

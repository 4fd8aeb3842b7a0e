//go:build unix

package openloop

import (
	"net"
	"syscall"
)

// staleness returns a function that tells, without waiting, whether the other side has closed an
// idle connection or sent what nobody asked for.
func staleness(conn net.Conn) func() bool {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return func() bool { return true }
	}
	var one [1]byte
	var peeked error
	peek := func(fd uintptr) bool {
		_, _, peeked = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	}
	return func() bool {
		err := raw.Read(peek)
		return err != nil || (peeked != syscall.EAGAIN && peeked != syscall.EINTR)
	}
}

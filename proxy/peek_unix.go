//go:build unix && !linux

package proxy

import "golang.org/x/sys/unix"

// silent reports whether the socket is open and has nothing to read.
func silent(fd uintptr) bool {
	var b [1]byte
	_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err == unix.EAGAIN || err == unix.EWOULDBLOCK
}

// gone reports whether the peer has closed the connection.
func gone(fd uintptr) bool {
	var b [1]byte
	n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	if err != nil {
		return err != unix.EAGAIN && err != unix.EWOULDBLOCK && err != unix.EINTR
	}
	return n == 0
}

package proxy

import (
	"syscall"
	"unsafe"
)

// peek reads one byte without taking it or waiting. (golang.org/x/sys/unix.Recvfrom would allocate.)
func peek(fd uintptr) (n int, err syscall.Errno) {
	var b [1]byte
	r, _, e := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return int(r), e
}

// silent reports whether the socket is open and has nothing to read.
func silent(fd uintptr) bool {
	_, err := peek(fd)
	return err == syscall.EAGAIN
}

// gone reports whether the peer has closed the connection.
func gone(fd uintptr) bool {
	n, err := peek(fd)
	if err != 0 {
		return err != syscall.EAGAIN && err != syscall.EINTR
	}
	return n == 0
}

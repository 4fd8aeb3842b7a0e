package proxy

import (
	"io"
	"syscall"
	"unsafe"
)

// A swap is a request on its way out and the wait for the first bytes of its answer, in one hold on the
// socket's reading side.
type swap struct {
	step func(fd uintptr) bool // made once, so that a swap allocates nothing
	out  []byte                // not yet written
	sent bool
	err  error
}

// exchange writes b and waits for the first bytes of the answer, which go behind what is held.
//
// Writing first and reading then would try a read that fails, since the answer takes its time, before it
// waits. Here the wait is made ready, then b is written, and the first read is tried when the poller
// says that there is something: one system call a request less. Nothing may be there to be read
// before; take has looked.
func (u *upstream) exchange(b []byte) error {
	if u.raw == nil || u.r != u.w {
		_, err := u.conn.Write(b)
		return err
	}
	s := &u.swap
	s.out, s.sent, s.err = b, false, nil
	u.r, u.w = 0, 0
	err := u.raw.Read(s.step)
	rest := s.out
	s.out = nil
	if err == nil {
		err = s.err
	}
	if err == nil && !s.sent { // the socket's buffer is full: wait for room
		_, err = u.conn.Write(rest)
	}
	return err
}

// stepSwap is called when the wait is ready to begin, and then whenever there may be something to read.
// It returns false to wait.
func (u *upstream) stepSwap(fd uintptr) bool {
	s := &u.swap
	if !s.sent {
		n, err := transfer(syscall.SYS_SENDTO, fd, s.out, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
		if err == syscall.EAGAIN || err == syscall.EINTR {
			return true
		}
		if err != 0 {
			s.err = err
			return true
		}
		s.out = s.out[n:]
		s.sent = len(s.out) == 0
		return !s.sent
	}
	n, err := transfer(syscall.SYS_RECVFROM, fd, u.in[u.w:], syscall.MSG_DONTWAIT)
	switch {
	case err == syscall.EAGAIN, err == syscall.EINTR:
		return false
	case err != 0:
		s.err = err
	case n == 0:
		s.err = io.EOF
	}
	u.w += n
	return true
}

// transfer sends from b or receives into it without waiting.
func transfer(call, fd uintptr, b []byte, flags uintptr) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}

//go:build unix

package upstreamtest

import (
	"fmt"
	"net"
	"syscall"
	"time"
)

// stuff makes the kernel drop connects, as a cut-off machine would: the accept queue is made as
// short as it gets, nobody accepts, and connections of our own fill it. The caller holds mu.
func (s *Server) stuff() error {
	if err := s.listener.SetDeadline(time.Unix(1, 0)); err != nil {
		return err
	}
	if err := s.backlog(0); err != nil {
		return err
	}
	for range 64 {
		c, err := net.DialTimeout("tcp", s.addr, 50*time.Millisecond)
		if err != nil {
			return nil
		}
		s.fillers = append(s.fillers, c)
	}
	return fmt.Errorf("%s still accepts connections", s.addr)
}

// unstuff undoes stuff. The caller holds mu.
func (s *Server) unstuff() error {
	s.dropFillers()
	if err := s.backlog(syscall.SOMAXCONN); err != nil {
		return err
	}
	return s.listener.SetDeadline(time.Time{})
}

func (s *Server) dropFillers() {
	for _, c := range s.fillers {
		c.Close()
	}
	s.fillers = nil
}

// backlog sets the length of the accept queue, which a second listen(2) may do.
func (s *Server) backlog(n int) error {
	raw, err := s.listener.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), n) }); err != nil {
		return err
	}
	return failed
}
